//! The `data` of a tensor in JSON: numbers, as one flat array or as nested ones, row by row.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use crate::problem::Problem;

/// Deepest nesting of arrays.
const MAX_DEPTH: usize = 8;

/// Flattened data, and how it was nested.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Data {
    pub(crate) numbers: Vec<f64>,
    /// The length of the arrays at each depth, the outermost first.
    lengths: Vec<usize>,
    /// Two lengths at the same depth that differ, if any do.
    ragged: Option<(usize, usize)>,
}

impl Data {
    /// Demands that it fills a shape: as a flat array, or nested like it.
    pub(crate) fn fits(&self, name: &str, shape: &[usize]) -> Result<(), Problem> {
        if let Some((one, other)) = self.ragged {
            let (expected, found) = ("arrays of the same length", format!("one of {one} and one of {other}"));
            return Err(Problem::unsuitable(format!("tensor {name:?}"), expected, found));
        }
        let values = self.numbers.len();
        let expected = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        if expected != Some(values) {
            let expected = format!("the values of shape {shape:?}");
            return Err(Problem::unsuitable(
                format!("tensor {name:?}"),
                expected,
                format!("{values} values"),
            ));
        }
        if self.lengths.len() > 1 && self.lengths != shape {
            let (place, expected) = (format!("tensor {name:?}"), format!("a flat array or one of {shape:?}"));
            return Err(Problem::unsuitable(place, expected, format!("one of {:?}", self.lengths)));
        }
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut data = Self::default();
        deserializer.deserialize_seq(Array { data: &mut data, depth: 0 })?;
        Ok(data)
    }
}

/// An array at some depth.
struct Array<'a> {
    data: &'a mut Data,
    depth: usize,
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { data, depth } = self;
        let (known, values) = (data.lengths.get(depth).copied(), data.numbers.len());
        if known.is_none() {
            if depth >= MAX_DEPTH || (values > 0 && depth > 0) {
                return Err(A::Error::custom("expected all values at the same depth"));
            }
            data.lengths.push(0);
        }
        let mut length = 0;
        while elements.next_element_seed(Element { data, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        match known {
            Some(other) if other != length => data.ragged = Some((other, length)),
            _ => data.lengths[depth] = length,
        }
        Ok(())
    }
}

/// A value, or an array of them.
struct Element<'a> {
    data: &'a mut Data,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Element<'_> {
    fn number<E: Error>(self, number: f64) -> Result<(), E> {
        if self.depth != self.data.lengths.len() {
            return Err(E::custom("expected all values at the same depth"));
        }
        self.data.numbers.push(number);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or an array of them")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(number as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        Array { data: self.data, depth: self.depth }.visit_seq(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Result<Data, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn flat_and_nested_data_are_the_same() {
        for text in ["[1, 2, 3, 4, 5, 6]", "[[1, 2, 3], [4, 5, 6]]"] {
            let data = data(text).unwrap();
            assert_eq!(data.numbers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            data.fits("x", &[2, 3]).unwrap();
        }
        assert!(data("[[1, 2, 3], [4, 5, 6]]").unwrap().fits("x", &[3, 2]).is_err());
        assert!(data("[1, 2, 3]").unwrap().fits("x", &[2, 2]).is_err());
        assert!(data("[]").unwrap().fits("x", &[0, 7]).is_ok());
        assert!(data("[1]").unwrap().fits("x", &[usize::MAX, usize::MAX]).is_err());
    }

    #[test]
    fn ragged_and_mixed_data_is_refused() {
        for text in ["[[1], [2, 3]]", "[[], [1, 2, 3]]", "[[[1], [2]], [[3]]]"] {
            let problem = data(text).unwrap().fits("x", &[3]).unwrap_err();
            assert!(format!("{problem:?}").contains("arrays of the same length"), "{text}: {problem:?}");
        }
        for text in [
            "[1, [2]]",
            "[[1], 2]",
            "[[[1]], [2]]",
            "[1, \"a\"]",
            "[\"a\", 1]",
            "[null]",
            "[true]",
            "[{}]",
            "{}",
            "7",
            "[[[[[[[[[1]]]]]]]]]",
            "[1e400]",
        ] {
            assert!(data(text).is_err(), "{text}");
        }
        assert!(data(&"[".repeat(100_000)).is_err());
    }
}
