//! Numbers of things, as JSON has them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// A whole number from 0 on. In JSON 3.0 is one as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

/// Whole numbers above are not told apart in JSON, and are far above any limit.
const GREATEST: f64 = 9_007_199_254_740_992.0;

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 on")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Size, E> {
        Ok(Size(usize::try_from(number).unwrap_or(usize::MAX)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Size, E> {
        if number < 0.0 || number.fract() != 0.0 {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        Ok(Size(if number > GREATEST { usize::MAX } else { number as usize }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_sizes() {
        let read = |text: &str| serde_json::from_str::<Size>(text).map(|Size(size)| size).ok();
        for (text, size) in [("0", 0), ("7", 7), ("7.0", 7), ("1e3", 1000), ("1e300", usize::MAX)] {
            assert_eq!(read(text), Some(size), "{text}");
        }
        for text in ["-1", "0.5", "\"1\"", "null", "-1e300", "[]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
