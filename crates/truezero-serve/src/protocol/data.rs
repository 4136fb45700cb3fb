//! The `data` of a tensor in JSON: numbers, as one flat array or as nested ones, row by row.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use truezero_data::quoted;
use truezero_http::{Problem, json};

use super::datatype::{Datatype, Number};

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
    /// Whether there are more values than the shape has room for.
    more: bool,
}

impl Data {
    /// Reads the values of a tensor of that shape; one that has more is not read to its end.
    pub(crate) fn read(json: &str, name: &str, datatype: Datatype, shape: &[usize]) -> Result<Self, Problem> {
        let most = shape.iter().fold(1, |product: usize, &length| product.saturating_mul(length));
        // Each takes a character and a comma at least.
        let numbers = Vec::with_capacity(most.min(json.len() / 2 + 1));
        let mut reader = Reader { data: Self { numbers, ..Self::default() }, datatype, most, fault: None };
        let read = serde_json::Deserializer::from_str(json)
            .deserialize_any(Element { reader: &mut reader, depth: 0 });
        match (reader.fault, read) {
            (Some((expected, found)), _) if !reader.data.more => {
                let place = format!("tensor {}, data", quoted(name));
                return Err(Problem::malformed(format!("{place}: expected {expected}, found {found}")));
            }
            (None, Err(error)) => {
                return Err(json::malformed(&format!("tensor {}, data", quoted(name)), &error));
            }
            _ => {}
        }
        reader.data.fits(name, shape)?;
        Ok(reader.data)
    }

    /// Demands that it fills a shape: as a flat array, or nested like it.
    fn fits(&self, name: &str, shape: &[usize]) -> Result<(), Problem> {
        let place = || format!("tensor {}", quoted(name));
        if let Some((one, other)) = self.ragged {
            let (expected, found) = ("arrays of the same length", format!("one of {one} and one of {other}"));
            return Err(Problem::unsuitable(place(), expected, found));
        }
        let values = self.numbers.len();
        let expected = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        if self.more || expected != Some(values) {
            let expected = format!("the values of shape {shape:?}");
            let found = if self.more { "more".to_owned() } else { format!("{values} values") };
            return Err(Problem::unsuitable(place(), expected, found));
        }
        if self.lengths.len() > 1 && self.lengths != shape {
            let expected = format!("a flat array or one of {shape:?}");
            return Err(Problem::unsuitable(place(), expected, format!("one of {:?}", self.lengths)));
        }
        Ok(())
    }
}

/// Reads arrays into flat data.
struct Reader {
    data: Data,
    datatype: Datatype,
    /// Values that the shape has room for.
    most: usize,
    /// What is wrong: what was expected, and what was found.
    fault: Option<(&'static str, Cow<'static, str>)>,
}

/// What stands in arrays.
const NUMBERS: &str = "a number or an array of them";

impl Reader {
    fn fail<E: Error>(
        &mut self,
        expected: &'static str,
        found: impl Into<Cow<'static, str>>,
    ) -> Result<(), E> {
        self.fault = Some((expected, found.into()));
        Err(E::custom(""))
    }
}

/// An array, or a value in one, at some depth.
struct Element<'r> {
    reader: &'r mut Reader,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Element<'_> {
    /// A number, and how it is told if it cannot be.
    fn number<E: Error>(self, number: Number, told: &dyn fmt::Debug) -> Result<(), E> {
        let Reader { data, datatype, most, .. } = &mut *self.reader;
        let number = match datatype.hold(number) {
            Ok(number) => number,
            Err(expected) => return self.reader.fail(expected, format!("{told:?}")),
        };
        if self.depth == 0 {
            return self.reader.fail("an array", "a number");
        }
        if self.depth != data.lengths.len() {
            return self.reader.fail(SAME_DEPTH, "arrays and numbers side by side");
        }
        if data.numbers.len() >= *most {
            data.more = true;
            return self.reader.fail("the values of the shape", "more");
        }
        data.numbers.push(number);
        Ok(())
    }
}

const SAME_DEPTH: &str = "all values at the same depth";

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NUMBERS)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(Number::Float(number), &number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(Number::Whole(number.into()), &number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(Number::Whole(number.into()), &number)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        if self.reader.datatype != Datatype::Bool {
            return self.reader.fail(NUMBERS, if truth { "true" } else { "false" });
        }
        self.number(Number::Whole(truth.into()), &truth)
    }

    // Serde's own words for what is not expected would repeat the text, however long it is.
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.reader.fail(NUMBERS, "a text")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.reader.fail(NUMBERS, "null")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.reader.fail(NUMBERS, "an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { reader, depth } = self;
        let (known, values) = (reader.data.lengths.get(depth).copied(), reader.data.numbers.len());
        if known.is_none() {
            if depth >= MAX_DEPTH || (values > 0 && depth > 0) {
                return reader.fail(SAME_DEPTH, "deeper arrays");
            }
            reader.data.lengths.push(0);
        }
        let mut length = 0;
        while elements.next_element_seed(Element { reader: &mut *reader, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        match known {
            Some(other) if other != length => reader.data.ragged = Some((other, length)),
            _ => reader.data.lengths[depth] = length,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, shape: &[usize]) -> Result<Vec<f64>, Problem> {
        Data::read(text, "x", Datatype::Fp64, shape).map(|data| data.numbers)
    }

    #[test]
    fn flat_and_nested_data_are_the_same() {
        for text in ["[1, 2, 3, 4, 5, 6]", "[[1, 2, 3], [4, 5, 6]]"] {
            assert_eq!(read(text, &[2, 3]).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        }
        for (text, shape) in
            [("[[1, 2, 3], [4, 5, 6]]", [3, 2]), ("[1, 2, 3]", [2, 2]), ("[1, 2, 3]", [1, 2])]
        {
            assert_eq!(read(text, &shape).unwrap_err().status(), 422, "{text}");
        }
        assert!(read("[]", &[0, 7]).is_ok());
        assert!(read("[1]", &[usize::MAX, usize::MAX]).is_err());
    }

    #[test]
    fn truths_are_numbers_where_they_are_announced() {
        let read = |datatype| Data::read("[true, false, 1]", "x", datatype, &[3]).map(|data| data.numbers);
        assert_eq!(read(Datatype::Bool).unwrap(), [1.0, 0.0, 1.0]);
        assert_eq!(read(Datatype::Fp32).unwrap_err().status(), 400);
        assert_eq!(Data::read("[2]", "x", Datatype::Bool, &[1]).unwrap_err().status(), 400);
    }

    #[test]
    fn what_a_type_does_not_hold_is_refused() {
        let read = |datatype, text: &str| Data::read(text, "x", datatype, &[1]).map(|data| data.numbers);
        for (datatype, text, number) in [
            (Datatype::Int8, "[-128]", -128.0),
            (Datatype::Uint8, "[255.0]", 255.0),
            (Datatype::Int64, "[9223372036854775807]", 9_223_372_036_854_775_807.0),
            (Datatype::Uint64, "[18446744073709551615]", 18_446_744_073_709_551_615.0),
            (Datatype::Fp16, "[65504]", 65504.0),
            (Datatype::Fp32, "[1e38]", 1e38),
            (Datatype::Fp64, "[1e300]", 1e300),
        ] {
            assert_eq!(read(datatype, text).unwrap(), [number], "{datatype:?} {text}");
        }
        for (datatype, text, words) in [
            (Datatype::Bool, "[2]", "expected true, false, 0 or 1, found 2"),
            (Datatype::Int8, "[300]", "expected a whole number from -128 to 127, found 300"),
            (Datatype::Uint8, "[-1]", "expected a whole number from 0 to 255, found -1"),
            (Datatype::Int16, "[32768]", "found 32768"),
            (Datatype::Int32, "[1.5]", "found 1.5"),
            (Datatype::Int64, "[9223372036854775808]", "found 9223372036854775808"),
            (Datatype::Uint64, "[1e300]", "found 1e300"),
            (Datatype::Fp16, "[1e6]", "expected a number that FP16 can hold, found 1000000.0"),
            (Datatype::Bf16, "[-1e39]", "expected a number that BF16 can hold, found -1e39"),
            (Datatype::Fp32, "[1e39]", "expected a number that FP32 can hold, found 1e39"),
            (Datatype::Fp64, "[1e400]", "found a number beyond 64 bits"),
        ] {
            let problem = read(datatype, text).unwrap_err();
            assert_eq!(problem.status(), 400, "{datatype:?} {text}");
            assert!(format!("{problem:?}").contains(words), "{datatype:?} {text}: {problem:?}");
        }
    }

    #[test]
    fn ragged_and_mixed_data_is_refused() {
        for text in ["[[1], [2, 3]]", "[[], [1, 2, 3]]", "[[[1], [2]], [[3]]]"] {
            let problem = read(text, &[3]).unwrap_err();
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
            assert_eq!(read(text, &[9]).unwrap_err().status(), 400, "{text}");
        }
        assert!(read(&"[".repeat(100_000), &[1]).is_err());
        let long = format!("[\"{}\"]", "\u{7f}".repeat(1 << 20));
        assert!(format!("{:?}", read(&long, &[1]).unwrap_err()).len() < 1000);
    }
}
