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

/// A number as JSON has it: whole ones are known exactly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Whole(i128),
    Float(f64),
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

    /// A number of JSON as one of this type. Of a fraction that the type can hold in part only, nothing is cut off: models
    /// round by themselves.
    ///
    /// # Errors
    /// What was expected, if the type has no such number.
    pub(crate) fn hold(self, number: Number) -> Result<f64, &'static str> {
        let (as_float, whole) = match number {
            Number::Whole(whole) => (whole as f64, Some(whole)),
            Number::Float(float) => (float, (float.fract() == 0.0).then_some(float as i128)),
        };
        macro_rules! whole {
            ($type:ty, $range:literal) => {
                (
                    whole.is_some_and(|whole| <$type>::try_from(whole).is_ok()),
                    concat!("a whole number from ", $range),
                )
            };
        }
        let (holds, expected) = match self {
            Self::Bool => (as_float == 0.0 || as_float == 1.0, "true, false, 0 or 1"),
            Self::Fp16 => (f16::from_f64(as_float).is_finite(), "a number that FP16 can hold"),
            Self::Bf16 => (bf16::from_f64(as_float).is_finite(), "a number that BF16 can hold"),
            Self::Fp32 => ((as_float as f32).is_finite(), "a number that FP32 can hold"),
            Self::Fp64 => (as_float.is_finite(), "a number that FP64 can hold"),
            Self::Int8 => whole!(i8, "-128 to 127"),
            Self::Int16 => whole!(i16, "-32768 to 32767"),
            Self::Int32 => whole!(i32, "-2147483648 to 2147483647"),
            Self::Int64 => whole!(i64, "-9223372036854775808 to 9223372036854775807"),
            Self::Uint8 => whole!(u8, "0 to 255"),
            Self::Uint16 => whole!(u16, "0 to 65535"),
            Self::Uint32 => whole!(u32, "0 to 4294967295"),
            Self::Uint64 => whole!(u64, "0 to 18446744073709551615"),
        };
        if holds { Ok(as_float) } else { Err(expected) }
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
