//! The types that the numbers of a tensor may have.

use half::{bf16, f16};
use utoipa::ToSchema;

/// A type of numbers that a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum Datatype {
    Bool,
    Fp16,
    Bf16,
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

/// All of them, by their names in the protocol.
const ALL: [(&str, Datatype); 13] = [
    ("BOOL", Datatype::Bool),
    ("FP16", Datatype::Fp16),
    ("BF16", Datatype::Bf16),
    ("FP32", Datatype::Fp32),
    ("FP64", Datatype::Fp64),
    ("INT8", Datatype::Int8),
    ("INT16", Datatype::Int16),
    ("INT32", Datatype::Int32),
    ("INT64", Datatype::Int64),
    ("UINT8", Datatype::Uint8),
    ("UINT16", Datatype::Uint16),
    ("UINT32", Datatype::Uint32),
    ("UINT64", Datatype::Uint64),
];

impl Datatype {
    /// The type of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == name).map(|&(_, datatype)| datatype)
    }

    /// The names that there are.
    pub(crate) fn names() -> String {
        ALL.map(|(name, _)| name).join(", ")
    }

    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::Uint8 => 1,
            Self::Fp16 | Self::Bf16 | Self::Int16 | Self::Uint16 => 2,
            Self::Fp32 | Self::Int32 | Self::Uint32 => 4,
            Self::Fp64 | Self::Int64 | Self::Uint64 => 8,
        }
    }

    /// Numbers from their bytes, the least significant first; what is left over at the end is ignored. Of truths every byte
    /// but 0 is one.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f64> {
        macro_rules! decode {
            ($type:ty, $widen:expr) => {{
                let number =
                    |chunk: &[u8]| $widen(<$type>::from_le_bytes(chunk.try_into().unwrap_or_default()));
                bytes.chunks_exact(size_of::<$type>()).map(number).collect()
            }};
            ($type:ty) => {
                decode!($type, |number: $type| number as f64)
            };
        }
        match self {
            Self::Bool => bytes.iter().map(|&byte| f64::from(u8::from(byte != 0))).collect(),
            Self::Fp16 => decode!(f16, f64::from),
            Self::Bf16 => decode!(bf16, f64::from),
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
        assert_eq!(Datatype::Fp16.decode(&[0x00, 0x3e, 0x00, 0xc0, 0x01, 0x00]), [1.5, -2.0, 2f64.powi(-24)]);
        assert_eq!(Datatype::Bf16.decode(&[0xc0, 0x3f, 0x00, 0xc0]), [1.5, -2.0]);
        assert_eq!(Datatype::Bool.decode(&[0, 1, 255]), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn types_are_known_by_their_names() {
        assert_eq!(Datatype::named("UINT8"), Some(Datatype::Uint8));
        assert_eq!((Datatype::named("BYTES"), Datatype::named("fp32")), (None, None));
        assert!(ALL.iter().all(|(name, datatype)| format!("{datatype:?}").to_uppercase() == *name));
    }
}
