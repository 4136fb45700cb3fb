//! The types that the numbers of a tensor may have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A type of numbers that a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Datatype {
    Fp32,
    Fp64,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
}

impl Datatype {
    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Fp32 | Self::Int32 | Self::Uint32 => 4,
            Self::Fp64 | Self::Int64 | Self::Uint64 => 8,
        }
    }

    /// Numbers from their bytes, the least significant first; what is left over at the end is ignored.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f64> {
        macro_rules! decode {
            ($type:ty) => {{
                let number =
                    |chunk: &[u8]| <$type>::from_le_bytes(chunk.try_into().unwrap_or_default()) as f64;
                bytes.chunks_exact(size_of::<$type>()).map(number).collect()
            }};
        }
        match self {
            Self::Fp32 => decode!(f32),
            Self::Fp64 => decode!(f64),
            Self::Int8 => decode!(i8),
            Self::Int16 => decode!(i16),
            Self::Int32 => decode!(i32),
            Self::Int64 => decode!(i64),
            Self::Uint8 => decode!(u8),
            Self::Uint16 => decode!(u16),
            Self::Uint32 => decode!(u32),
            Self::Uint64 => decode!(u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_the_order_of_the_protocol() {
        assert_eq!(Datatype::Fp32.decode(&1.5f32.to_le_bytes()), [1.5]);
        assert_eq!(Datatype::Int16.decode(&[0xfe, 0xff, 1, 0]), [-2.0, 1.0]);
        assert_eq!(Datatype::Uint64.decode(&7u64.to_le_bytes()), [7.0]);
        assert_eq!(serde_json::from_str::<Datatype>("\"UINT8\"").unwrap(), Datatype::Uint8);
        assert!(serde_json::from_str::<Datatype>("\"BYTES\"").is_err());
    }
}
