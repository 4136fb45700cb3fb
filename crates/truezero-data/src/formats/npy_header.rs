//! The header of an NPY file: a dictionary such as
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.

use super::element::{Element, Kind};
use crate::DataError;
use crate::read::Input;

/// The first bytes of every NPY file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// numpy itself refuses longer headers, unless told to trust the file.
const MAX_HEADER: usize = 10_000;
/// numpy's own limit.
const MAX_DIMENSIONS: usize = 64;

/// What an array is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    Numbers(Element),
    /// Strings of `length` characters, padded with zeros; `wide`: 32 bits each, else 8.
    Text {
        wide: bool,
        length: usize,
        big_endian: bool,
    },
}

/// What stands before the elements.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) stored: Stored,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<usize>,
}

impl Header {
    /// Reads magic number, version and dictionary.
    pub(crate) fn read(input: &mut Input) -> Result<Self, DataError> {
        let magic: [u8; 6] = input.array("magic number")?;
        if magic != *MAGIC {
            return Err(input.malformed("magic number", "\\x93NUMPY", magic.escape_ascii().to_string()));
        }
        let length = match input.array("version")? {
            [1, 0] => u16::from_le_bytes(input.array("header length")?) as usize,
            [2 | 3, 0] => u32::from_le_bytes(input.array("header length")?) as usize,
            [major, minor] => {
                let found = format!("{major}.{minor}");
                return Err(input.malformed("version", "1.0, 2.0 or 3.0", found));
            }
        };
        if length > MAX_HEADER {
            let expected = format!("at most {MAX_HEADER}");
            return Err(input.malformed("header length", expected, length.to_string()));
        }
        let mut bytes = Vec::new();
        input.fill(&mut bytes, length as u64, "header")?;
        let text = String::from_utf8_lossy(&bytes);
        parse(&text).map_err(|(expected, found)| input.malformed("header", expected, found))
    }

    /// The kind of number, if the array is of numbers.
    pub(crate) fn numbers(&self, input: &Input) -> Result<Element, DataError> {
        match self.stored {
            Stored::Numbers(element) => Ok(element),
            Stored::Text { .. } => Err(input.malformed("header", "an array of numbers", "strings")),
        }
    }

    /// The shape as Python prints it.
    pub(crate) fn shape_text(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        format!("shape ({})", sizes.join(", "))
    }
}

/// An expectation and what was found instead.
type Mismatch = (String, String);

fn mismatch<T>(expected: &str, found: &str) -> Result<T, Mismatch> {
    Err((expected.to_owned(), format!("{:?}", found.chars().take(40).collect::<String>())))
}

/// Parses the dictionary: exactly these three keys, in any order.
fn parse(text: &str) -> Result<Header, Mismatch> {
    const KEYS: &str = "the keys descr, fortran_order and shape";
    let Some(mut rest) = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return mismatch("a dictionary", text);
    };
    let (mut stored, mut fortran, mut shape) = (None, None, None);
    while !rest.trim().is_empty() {
        let (key, after) = quoted(rest)?;
        let Some(after) = after.trim_start().strip_prefix(':') else { return mismatch("a colon", after) };
        let after = after.trim_start();
        let after = match key {
            "descr" if after.starts_with('[') => return mismatch("one type for all elements", after),
            "descr" => {
                let (code, after) = quoted(after)?;
                stored = Some(element_type(code)?);
                after
            }
            "fortran_order" => {
                fortran = Some(after.starts_with("True"));
                match after.strip_prefix("True").or_else(|| after.strip_prefix("False")) {
                    Some(after) => after,
                    None => return mismatch("True or False", after),
                }
            }
            "shape" => {
                let inside = after.strip_prefix('(').and_then(|after| after.split_once(')'));
                let Some((sizes, after)) = inside else { return mismatch("a tuple", after) };
                shape = Some(tuple(sizes)?);
                after
            }
            _ => return mismatch(KEYS, key),
        };
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after,
            None if after.is_empty() => after,
            None => return mismatch("a comma", after),
        };
    }
    match (stored, fortran, shape) {
        (Some(stored), Some(fortran), Some(shape)) => Ok(Header { stored, fortran, shape }),
        _ => mismatch(KEYS, text),
    }
}

/// A string in single or double quotes, without escapes, and what follows it.
fn quoted(text: &str) -> Result<(&str, &str), Mismatch> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote));
    match quote.and_then(|quote| text[1..].split_once(quote)) {
        Some(parts) => Ok(parts),
        None => mismatch("a quoted string", text),
    }
}

fn tuple(text: &str) -> Result<Vec<usize>, Mismatch> {
    let text = text.trim();
    let sizes = text.strip_suffix(',').unwrap_or(text);
    if sizes.is_empty() {
        return Ok(Vec::new());
    }
    let sizes: Result<Vec<usize>, _> = sizes.split(',').map(|size| size.trim().parse()).collect();
    match sizes {
        Ok(sizes) if sizes.len() <= MAX_DIMENSIONS => Ok(sizes),
        _ => mismatch("a tuple of sizes", text),
    }
}

/// The meaning of numpy's type codes, such as `<f4`, `|u1` or `<U12`.
fn element_type(code: &str) -> Result<Stored, Mismatch> {
    const EXPECTED: &str = "integers, floats of 2, 4 or 8 bytes, bool or strings";
    let (big_endian, plain) = match code.split_at_checked(1) {
        Some((">", plain)) => (true, plain),
        Some(("<" | "|" | "=", plain)) => (false, plain),
        _ => (false, code),
    };
    let kind = match plain {
        "b1" | "?" | "u1" => Kind::U8,
        "u2" => Kind::U16,
        "u4" => Kind::U32,
        "u8" => Kind::U64,
        "i1" => Kind::I8,
        "i2" => Kind::I16,
        "i4" => Kind::I32,
        "i8" => Kind::I64,
        "f2" => Kind::F16,
        "f4" => Kind::F32,
        "f8" => Kind::F64,
        _ => {
            let (letter, length) = plain.split_at_checked(1).unwrap_or(("", ""));
            return match (letter, length.parse()) {
                ("U", Ok(length)) => Ok(Stored::Text { wide: true, length, big_endian }),
                ("S", Ok(length)) => Ok(Stored::Text { wide: false, length, big_endian }),
                _ => Err((EXPECTED.to_owned(), unread(letter, code))),
            };
        }
    };
    Ok(Stored::Numbers(Element { kind, big_endian }))
}

/// What other types hold, and what can be done.
fn unread(letter: &str, code: &str) -> String {
    let (what, hint) = match letter {
        "O" => ("Python objects", "x.astype(float) or x.astype(str) makes numbers or strings of them"),
        "c" => ("complex numbers", "numpy.column_stack([x.real, x.imag]) makes real ones of them"),
        "f" => ("long floats", "x.astype('float64') makes plain ones of them"),
        "M" | "m" => ("dates or times", "x.astype('int64') makes numbers of them"),
        _ => return format!("{:?}", code.chars().take(40).collect::<String>()),
    };
    let code: String = code.chars().take(40).collect();
    format!("{what} ({code})\nhint: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_read_whole() {
        let header = parse("{'descr': '>i2', 'fortran_order': True, 'shape': (3, 4), }  \n").unwrap();
        let element = Element { kind: Kind::I16, big_endian: true };
        assert_eq!(header, Header { stored: Stored::Numbers(element), fortran: true, shape: vec![3, 4] });
        assert!(parse("{\"shape\":(),\"fortran_order\":False,\"descr\":\"|S3\"}").unwrap().shape.is_empty());
        assert_eq!(parse("{'shape':(7,),'fortran_order':False,'descr':'<U3'}").unwrap().shape, [7]);
    }

    #[test]
    fn nonsense_is_named() {
        for (text, expected) in [
            ("", "a dictionary"),
            ("{'descr'}", "a colon"),
            ("{'descr': [('a', '<f4')]}", "one type for all elements"),
            ("{'descr': f4}", "a quoted string"),
            ("{'descr': '|O'}", "integers, floats of 2, 4 or 8 bytes, bool or strings"),
            ("{'descr': '<c8'}", "integers, floats of 2, 4 or 8 bytes, bool or strings"),
            ("{'descr': 'é'}", "integers, floats of 2, 4 or 8 bytes, bool or strings"),
            ("{'fortran_order': Maybe}", "True or False"),
            ("{'shape': (1, -2)}", "a tuple of sizes"),
            ("{'shape': (1, 2}", "a tuple"),
            ("{'shape': (99999999999999999999,)}", "a tuple of sizes"),
            ("{'shape': (1,) 'descr': '<f4'}", "a comma"),
            ("{'shape': (1,), 'descr': '<f4'}", "the keys descr, fortran_order and shape"),
            ("{'ŝape': (1,)}", "the keys descr, fortran_order and shape"),
        ] {
            assert_eq!(parse(text).unwrap_err().0, expected, "{text}");
        }
    }
}
