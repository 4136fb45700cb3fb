//! Types of whole numbers, and how a number beyond a type's range comes out in it.

use super::super::proto::data_type;

/// A type of whole numbers. The values themselves are kept in 64 bits with a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
}

impl Integer {
    /// The type of a file's tensor, if it is one of whole numbers.
    pub(super) fn of(data_type: i32) -> Option<Self> {
        Some(match data_type {
            data_type::INT8 => Self::I8,
            data_type::UINT8 => Self::U8,
            data_type::INT16 => Self::I16,
            data_type::UINT16 => Self::U16,
            data_type::INT32 => Self::I32,
            data_type::UINT32 => Self::U32,
            data_type::INT64 => Self::I64,
            data_type::UINT64 => Self::U64,
            _ => return None,
        })
    }

    /// A number as the type holds it: beyond its range it wraps around. `None` of one above the largest that is kept.
    pub(super) fn wrapped(self, number: i64) -> Option<i64> {
        Some(match self {
            Self::I8 => (number as i8).into(),
            Self::U8 => (number as u8).into(),
            Self::I16 => (number as i16).into(),
            Self::U16 => (number as u16).into(),
            Self::I32 => (number as i32).into(),
            Self::U32 => (number as u32).into(),
            Self::I64 => number,
            Self::U64 => return i64::try_from(number as u64).ok(),
        })
    }

    /// A number of a floating type without its fraction; `None` beyond the type's range, where what comes out is not
    /// defined.
    pub(super) fn truncated(self, number: f64) -> Option<i64> {
        let number = number.trunc();
        // All whole numbers below 2^63 in magnitude fit; so does no NaN.
        let whole = (number.abs() < 2f64.powi(63)).then_some(number as i64)?;
        self.wrapped(whole).filter(|&same| same == whole)
    }
}
