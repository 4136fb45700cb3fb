//! Text that is not UTF-8.

use std::fmt;
use std::str::FromStr;

use encoding_rs::{Decoder, DecoderResult};

use crate::DataError;
use crate::budget::Budget;

/// Bytes of UTF-8 that are made at a time.
const STEP: usize = 1 << 16;
/// So many first bytes tell UTF-16 that does not say what it is.
const TELLING: usize = 4;

/// What a text is in, as the names of the web's encoding standard tell: `utf-8`, `utf-16le`, `windows-1252`, `shift_jis` ….
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let plain = name.trim().to_ascii_lowercase().replace('_', "-");
        let label = match plain.as_str() {
            "utf-16" => "utf-16le".to_owned(),
            // The standard's names have no hyphen there.
            plain => plain.replacen("latin-", "latin", 1),
        };
        let known = encoding_rs::Encoding::for_label(label.as_bytes());
        known.map(Self).ok_or_else(|| {
            format!(
                "expected utf-8, utf-16, latin-1, windows-1252 or another encoding of the web, found {name:?}"
            )
        })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Encoding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Encoding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes UTF-8 of a text that comes in pieces.
pub(crate) enum Decoding {
    /// Nothing came yet.
    Before(Option<Encoding>),
    /// It is UTF-8, or meant to be: whether it is shows in each cell.
    Utf8,
    Other(Box<Decoder>),
}

impl Decoding {
    pub(crate) fn new(said: Option<Encoding>) -> Self {
        Self::Before(said)
    }

    /// All of a text as UTF-8, without a mark before it. What the text took is given back to the budget.
    pub(crate) fn whole(
        mut self,
        mut text: Vec<u8>,
        budget: &Budget,
        malformed: impl Fn(&str, &str) -> DataError,
    ) -> Result<Vec<u8>, DataError> {
        let mut decoded = Vec::new();
        // The beginning tells what it is in.
        let (start, rest) = text.split_at(text.len().min(STEP));
        self.append(start, &mut decoded, rest.is_empty(), &malformed)?;
        if matches!(self, Self::Utf8) {
            let mark = start.len() - decoded.len();
            text.drain(..mark);
            return Ok(text);
        }
        let mut pieces = rest.chunks(STEP).peekable();
        while let Some(piece) = pieces.next() {
            // A byte becomes three at most, and there is a step more than is needed.
            budget.reserve(&mut decoded, 4 * STEP, "text")?;
            self.append(piece, &mut decoded, pieces.peek().is_none(), &malformed)?;
        }
        budget.take(decoded.len() as u64, || "text".to_owned())?;
        budget.give(text.len() as u64);
        Ok(decoded)
    }

    /// Appends a piece to `to` as UTF-8, without a mark before the text. `last` says that nothing follows. A piece of the
    /// beginning is at least as long as such a mark.
    pub(crate) fn append(
        &mut self,
        mut piece: &[u8],
        to: &mut Vec<u8>,
        last: bool,
        malformed: impl Fn(&str, &str) -> DataError,
    ) -> Result<(), DataError> {
        if let Self::Before(said) = *self {
            let marked = encoding_rs::Encoding::for_bom(piece);
            let encoding =
                marked.map_or(said.map_or(encoding_rs::UTF_8, |said| said.0), |(marked, _)| marked);
            piece = &piece[marked.map_or(0, |(_, length)| length)..];
            if marked.is_none() && said.is_none() && piece.iter().take(TELLING).any(|&byte| byte == 0) {
                let found = "zero bytes\nhint: --encoding utf-16le or --encoding utf-16be may read it";
                return Err(malformed("text", found));
            }
            *self = if encoding == encoding_rs::UTF_8 {
                Self::Utf8
            } else {
                Self::Other(Box::new(encoding.new_decoder_without_bom_handling()))
            };
        }
        let Self::Other(decoder) = self else {
            to.extend_from_slice(piece);
            return Ok(());
        };
        loop {
            let before = to.len();
            to.resize(before + STEP, 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(piece, &mut to[before..], last);
            to.truncate(before + written);
            piece = &piece[read..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    let name = decoder.encoding().name();
                    return Err(malformed(&format!("text in {name}"), "bytes that stand for no character"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn decoded(bytes: &[u8], said: Option<&str>, size: usize) -> Result<String, String> {
        let mut decoding = Decoding::new(said.map(|name| name.parse().unwrap()));
        let mut text = Vec::new();
        let mut pieces = bytes.chunks(size).peekable();
        while let Some(piece) = pieces.next() {
            let malformed =
                |expected: &str, found: &str| DataError::malformed(Path::new("t"), "text", expected, found);
            let last = pieces.peek().is_none();
            decoding.append(piece, &mut text, last, malformed).map_err(|error| error.to_string())?;
        }
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn encodings_are_told_or_said() {
        let text = "größe,東京\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [&[0xff, 0xfe], utf16.as_slice()].concat();
        for size in [4, 5, 1000] {
            assert_eq!(decoded(text.as_bytes(), None, size).unwrap(), text);
            assert_eq!(decoded(format!("\u{feff}{text}").as_bytes(), None, size).unwrap(), text);
            assert_eq!(decoded(&marked, None, size).unwrap(), text);
            assert_eq!(decoded(&utf16, Some("utf-16"), size).unwrap(), text);
            assert_eq!(decoded(b"gr\xf6\xdfe", Some("latin-1"), size).unwrap(), "größe");
        }
        let long = "ß".repeat(100_000);
        assert_eq!(decoded(&vec![0xdf; 100_000], Some("windows-1252"), 1 << 20).unwrap(), long);
    }

    #[test]
    fn a_whole_text_is_as_its_pieces() {
        let text = "größe,東京\n".repeat(20_000);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, said) in [
            (text.clone().into_bytes(), None),
            (format!("\u{feff}{text}").into_bytes(), None),
            (utf16, Some("utf-16")),
        ] {
            let budget = Budget::up_to(Path::new("t"), 2 * bytes.len() as u64 + (1 << 20));
            budget.take(bytes.len() as u64, String::new).unwrap();
            let decoding = Decoding::new(said.map(|name| name.parse().unwrap()));
            let whole = decoding.whole(bytes, &budget, |expected, found| {
                DataError::malformed(Path::new("t"), "text", expected, found)
            });
            assert_eq!(String::from_utf8(whole.unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let error = decoded(&[b'a', 0, b'b', 0], None, 100).unwrap_err();
        assert!(error.contains("hint: --encoding utf-16le"), "{error}");
        assert!(decoded(&[0xd8, 0xd8, 0x41], Some("utf-16"), 100).is_err(), "half a character");
        assert!("klingon".parse::<Encoding>().is_err());
        assert_eq!("Latin_1".parse::<Encoding>().unwrap().to_string(), "windows-1252");
    }
}
