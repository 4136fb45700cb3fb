//! Tensors whose values are known: what a file holds, decoded, and what is computed from it.

use half::{bf16, f16};
use prost::bytes::Bytes;

use super::super::proto::{TensorProto, data_type};
use super::integer::Integer;
use super::refusal::Refusal;

/// Dimensions that a shape has at most.
pub(super) const MAX_RANK: usize = 8;

/// Values row after row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) values: Values,
}

/// Values of a tensor. Numbers of half the width are widened; so are whole numbers, but beside them stands their type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
    Whole(Vec<i64>, Integer),
    /// Parts of a shape; `None` is the number of examples, which no file tells.
    Sizes(Vec<Option<i64>>),
    Truth(Vec<bool>),
    Text(Vec<String>),
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Single(list) => list.len(),
            Self::Double(list) => list.len(),
            Self::Whole(list, _) => list.len(),
            Self::Sizes(list) => list.len(),
            Self::Truth(list) => list.len(),
            Self::Text(list) => list.len(),
        }
    }

    /// The values at these places.
    pub(super) fn pick(&self, places: &[usize]) -> Self {
        fn picked<T: Clone>(list: &[T], places: &[usize]) -> Vec<T> {
            places.iter().map(|&place| list[place].clone()).collect()
        }
        match self {
            Self::Single(list) => Self::Single(picked(list, places)),
            Self::Double(list) => Self::Double(picked(list, places)),
            Self::Whole(list, of) => Self::Whole(picked(list, places), *of),
            Self::Sizes(list) => Self::Sizes(picked(list, places)),
            Self::Truth(list) => Self::Truth(picked(list, places)),
            Self::Text(list) => Self::Text(picked(list, places)),
        }
    }

    /// These values and then those of `others`, if they are of one type.
    pub(super) fn chain(self, others: Self) -> Option<Self> {
        fn joined<T>(mut list: Vec<T>, others: Vec<T>) -> Vec<T> {
            list.extend(others);
            list
        }
        let sizes = |list: Vec<i64>| list.into_iter().map(Some).collect();
        Some(match (self, others) {
            (Self::Single(list), Self::Single(others)) => Self::Single(joined(list, others)),
            (Self::Double(list), Self::Double(others)) => Self::Double(joined(list, others)),
            (Self::Whole(list, of), Self::Whole(others, other)) if of == other => {
                Self::Whole(joined(list, others), of)
            }
            (Self::Sizes(list), Self::Sizes(others)) => Self::Sizes(joined(list, others)),
            (Self::Sizes(list), Self::Whole(others, _)) => Self::Sizes(joined(list, sizes(others))),
            (Self::Whole(list, _), Self::Sizes(others)) => Self::Sizes(joined(sizes(list), others)),
            (Self::Truth(list), Self::Truth(others)) => Self::Truth(joined(list, others)),
            (Self::Text(list), Self::Text(others)) => Self::Text(joined(list, others)),
            _ => return None,
        })
    }

    /// The values as numbers; `None` of text, and where the number of examples is among them.
    pub(super) fn numbers(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::Single(list) => list.iter().copied().map(f64::from).collect(),
            Self::Double(list) => list.clone(),
            Self::Whole(list, _) => list.iter().map(|&value| value as f64).collect(),
            Self::Sizes(list) => list.iter().map(|size| Some((*size)? as f64)).collect::<Option<_>>()?,
            Self::Truth(list) => list.iter().map(|&value| f64::from(u8::from(value))).collect(),
            Self::Text(_) => return None,
        })
    }

    /// The values as whole numbers, if that is what they are.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::Whole(list, _) => Some(list.clone()),
            Self::Sizes(list) => list.iter().copied().collect(),
            _ => None,
        }
    }

    /// What the values are, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Single(_) => "FLOAT",
            Self::Double(_) => "DOUBLE",
            Self::Whole(..) => "whole numbers",
            Self::Sizes(_) => "a shape",
            Self::Truth(_) => "BOOL",
            Self::Text(_) => "STRING",
        }
    }
}

/// The number of values of a shape, if there can be so many.
pub(super) fn product(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))
}

/// A shape from a file.
pub(super) fn shape(place: &str, dims: &[i64]) -> Result<Vec<usize>, Refusal> {
    if dims.len() > MAX_RANK {
        return Err(Refusal::new(place, format!("at most {MAX_RANK} dimensions"), dims.len().to_string()));
    }
    let shape: Option<Vec<usize>> = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    shape
        .filter(|shape| product(shape).is_some())
        .ok_or_else(|| Refusal::new(place, "a shape that can be", format!("{dims:?}")))
}

/// Bytes of a value of a type, if it is one whose bytes are read.
pub(super) fn width(data_type: i32) -> Option<usize> {
    Some(match data_type {
        data_type::BOOL | data_type::INT8 | data_type::UINT8 => 1,
        data_type::FLOAT16 | data_type::BFLOAT16 | data_type::INT16 | data_type::UINT16 => 2,
        data_type::FLOAT | data_type::INT32 | data_type::UINT32 => 4,
        data_type::DOUBLE | data_type::INT64 | data_type::UINT64 => 8,
        _ => return None,
    })
}

/// Values from their bytes, little-endian; `None` where there are no such values.
pub(super) fn of_bytes(data_type: i32, bytes: &[u8]) -> Option<Values> {
    fn read<T, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
        let (values, rest) = bytes.as_chunks();
        rest.is_empty().then(|| values.iter().copied().map(value).collect())
    }
    Some(match data_type {
        data_type::FLOAT => Values::Single(read(bytes, f32::from_le_bytes)?),
        data_type::FLOAT16 => Values::Single(read(bytes, |value| f16::from_le_bytes(value).to_f32())?),
        data_type::BFLOAT16 => Values::Single(read(bytes, |value| bf16::from_le_bytes(value).to_f32())?),
        data_type::DOUBLE => Values::Double(read(bytes, f64::from_le_bytes)?),
        data_type::INT8 => Values::Whole(read(bytes, |value| i8::from_le_bytes(value).into())?, Integer::I8),
        data_type::UINT8 => Values::Whole(read(bytes, |value| u8::from_le_bytes(value).into())?, Integer::U8),
        data_type::INT16 => {
            Values::Whole(read(bytes, |value| i16::from_le_bytes(value).into())?, Integer::I16)
        }
        data_type::UINT16 => {
            Values::Whole(read(bytes, |value| u16::from_le_bytes(value).into())?, Integer::U16)
        }
        data_type::INT32 => {
            Values::Whole(read(bytes, |value| i32::from_le_bytes(value).into())?, Integer::I32)
        }
        data_type::UINT32 => {
            Values::Whole(read(bytes, |value| u32::from_le_bytes(value).into())?, Integer::U32)
        }
        data_type::INT64 => Values::Whole(read(bytes, i64::from_le_bytes)?, Integer::I64),
        data_type::UINT64 => unsigned(&read(bytes, u64::from_le_bytes)?, Integer::U64)?,
        data_type::BOOL => Values::Truth(bytes.iter().map(|&byte| byte != 0).collect()),
        _ => return None,
    })
}

/// Values from the field of their type; `None` where there are no such values.
pub(super) fn of_fields(tensor: &TensorProto) -> Option<Values> {
    // Bits of the short types are kept in 32.
    let bits =
        || -> Option<Vec<u16>> { tensor.int32_data.iter().map(|&value| u16::try_from(value).ok()).collect() };
    let halves = |widened: fn(u16) -> f32| Some(Values::Single(bits()?.into_iter().map(widened).collect()));
    Some(match tensor.data_type {
        data_type::FLOAT => Values::Single(tensor.float_data.clone()),
        data_type::DOUBLE => Values::Double(tensor.double_data.clone()),
        data_type::FLOAT16 => halves(|bits| f16::from_bits(bits).to_f32())?,
        data_type::BFLOAT16 => halves(|bits| bf16::from_bits(bits).to_f32())?,
        data_type::INT8 | data_type::UINT8 | data_type::INT16 | data_type::UINT16 | data_type::INT32 => {
            let of = Integer::of(tensor.data_type)?;
            let wrapped = tensor.int32_data.iter().map(|&value| of.wrapped(value.into()));
            Values::Whole(wrapped.collect::<Option<_>>()?, of)
        }
        data_type::INT64 => Values::Whole(tensor.int64_data.clone(), Integer::I64),
        data_type::UINT32 | data_type::UINT64 => {
            unsigned(&tensor.uint64_data, Integer::of(tensor.data_type)?)?
        }
        data_type::BOOL => Values::Truth(tensor.int32_data.iter().map(|&value| value != 0).collect()),
        data_type::STRING => {
            let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).ok();
            Values::Text(tensor.string_data.iter().map(text).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn unsigned(values: &[u64], of: Integer) -> Option<Values> {
    let wrapped = values.iter().map(|&value| of.wrapped(i64::try_from(value).ok()?));
    Some(Values::Whole(wrapped.collect::<Option<_>>()?, of))
}

/// How many values the field of its type has, which takes no time to tell.
pub(super) fn fields_len(tensor: &TensorProto) -> usize {
    match tensor.data_type {
        data_type::FLOAT => tensor.float_data.len(),
        data_type::DOUBLE => tensor.double_data.len(),
        data_type::INT64 => tensor.int64_data.len(),
        data_type::UINT32 | data_type::UINT64 => tensor.uint64_data.len(),
        data_type::STRING => tensor.string_data.len(),
        _ => tensor.int32_data.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_widened() {
        let half = [0x00, 0x3c, 0x00, 0xc1]; // 1 and −2.5
        assert_eq!(of_bytes(data_type::FLOAT16, &half), Some(Values::Single(vec![1.0, -2.5])));
        let brain = [0x80, 0x3f, 0x20, 0xc0];
        assert_eq!(of_bytes(data_type::BFLOAT16, &brain), Some(Values::Single(vec![1.0, -2.5])));
        assert_eq!(of_bytes(data_type::INT8, &[1, 0xff]), Some(Values::Whole(vec![1, -1], Integer::I8)));
        assert_eq!(of_bytes(data_type::UINT8, &[1, 0xff]), Some(Values::Whole(vec![1, 255], Integer::U8)));
        assert_eq!(of_bytes(data_type::FLOAT, &half[..3]), None);
        assert_eq!(of_bytes(data_type::UINT64, &[0xff; 8]), None, "larger than any whole number here");
        let int32_data = vec![0x3c00, 0xc100];
        let tensor = TensorProto { data_type: data_type::FLOAT16, int32_data, ..TensorProto::default() };
        assert_eq!(of_fields(&tensor), Some(Values::Single(vec![1.0, -2.5])));
    }

    #[test]
    fn parts_of_shapes_join_numbers() {
        let sizes = Values::Sizes(vec![None]);
        let joined = sizes.chain(Values::Whole(vec![6], Integer::I64)).unwrap();
        assert_eq!(joined, Values::Sizes(vec![None, Some(6)]));
        assert_eq!(joined.integers(), None);
        assert_eq!(joined.pick(&[1]).integers(), Some(vec![6]));
        assert_eq!(Values::Whole(vec![1], Integer::I64).chain(Values::Single(vec![1.0])), None);
    }
}
