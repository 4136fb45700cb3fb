//! Values that are more than a word or a number.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;
use truezero::Activation;
use truezero_data::text::Weighting;
use truezero_data::{DataError, Portion};

/// Values separated by commas; `none` or nothing at all is the empty list.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromStr<Err: Display>> FromStr for List<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_none(text) {
            return Ok(Self(Vec::new()));
        }
        let parse =
            |piece: &str| piece.trim().parse().map_err(|error| format!("{error} in {:?}", piece.trim()));
        text.split(',').map(parse).collect::<Result<_, _>>().map(Self)
    }
}

fn is_none(text: &str) -> bool {
    matches!(text.trim(), "" | "none")
}

/// Names of columns, separated by commas; one with a comma in it stands in quotation marks, as in a text table.
#[derive(Clone, Debug, PartialEq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if is_none(text) {
            return Ok(Self(Vec::new()));
        }
        let (mut names, mut rest) = (Vec::new(), text.trim_start());
        loop {
            let (name, after) = if let Some(inner) = rest.strip_prefix('"') {
                quoted_name(inner)?
            } else {
                let (name, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (name.trim().to_owned(), after)
            };
            names.push(name);
            match after.trim_start() {
                "" => return Ok(Self(names)),
                after => {
                    rest =
                        after.strip_prefix(',').ok_or("expected a comma after a quoted name")?.trim_start();
                }
            }
        }
    }
}

impl Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let plain =
                !is_none(name) && !name.contains(',') && !name.starts_with('"') && name.trim() == name;
            if plain {
                write!(f, "{comma}{name}")?;
            } else {
                write!(f, "{comma}\"{}\"", name.replace('"', "\"\""))?;
            }
        }
        Ok(())
    }
}

/// The name up to a closing quotation mark, of which two are one of the name, and what follows.
fn quoted_name(text: &str) -> Result<(String, &str), &'static str> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or("expected a closing quotation mark")?;
        name += before;
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Ok((name, after)),
        }
    }
}

/// Words separated by commas, whatever they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Words(pub Vec<String>);

impl FromStr for Words {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()))
    }
}

/// What separates cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(pub u8);

impl FromStr for Delimiter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Self(b'\t')),
            b"\"" | b"\n" | b"\r" => Err("expected a character that neither quotes cells nor ends lines"),
            &[byte] if byte.is_ascii() => Ok(Self(byte)),
            _ => Err("expected one ASCII character, or tab"),
        }
    }
}

impl Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

/// Activations separated by commas, which may themselves hold commas: `lif:tau=0.5,r=2,tanh` is two,
/// for a piece like `r=2` goes on from the one before.
pub fn activations(text: &str) -> Result<List<Activation>, String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in text.split(',').map(str::trim) {
        match pieces.last_mut() {
            Some(last) if piece.contains('=') && !piece.contains(':') => {
                last.push(',');
                last.push_str(piece);
            }
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces.iter().map(|piece| piece.parse()).collect::<Result<_, _>>().map(List)
}

/// Examples to be set aside: a fraction, a number, or `0` for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut(pub Option<Portion>);

impl FromStr for HeldOut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "0" => Ok(Self(None)),
            _ => {
                text.parse().map(|portion| Self(Some(portion))).map_err(|error: DataError| error.to_string())
            }
        }
    }
}

impl Display for HeldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("0"),
            Some(portion) => write!(f, "{portion}"),
        }
    }
}

/// A parser of the names that a type has in configuration files, which help and completions list.
pub fn named<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names)
        .try_map(|name| serde_json::from_value::<T>(serde_json::Value::String(name)))
}

/// A parser of the ways to weight terms; `tfidf` is understood as well.
pub fn weighting() -> impl TypedValueParser<Value = Weighting> {
    PossibleValuesParser::new([
        PossibleValue::new("binary"),
        PossibleValue::new("count"),
        PossibleValue::new("tf-idf").alias("tfidf"),
    ])
    .map(|name| match name.as_str() {
        "binary" => Weighting::Binary,
        "count" => Weighting::Count,
        _ => Weighting::TfIdf,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_at_commas() {
        assert_eq!("1000, 20".parse(), Ok(List(vec![1000, 20])));
        for (text, names) in [
            ("a, b c", &["a", "b c"][..]),
            ("\"a,b\", c", &["a,b", "c"]),
            ("\"say \"\"a\"\"\",x\"y", &["say \"a\"", "x\"y"]),
            ("\"none\"", &["none"]),
            ("none", &[]),
        ] {
            let parsed: Names = text.parse().unwrap();
            assert_eq!(parsed.0, names, "{text}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed), "{text}");
        }
        assert!("\"a".parse::<Names>().is_err() && "\"a\"b".parse::<Names>().is_err());
        assert_eq!("none".parse(), Ok(List::<usize>(vec![])));
        assert_eq!("".parse(), Ok(List::<usize>(vec![])));
        assert_eq!("1,x".parse::<List<usize>>().unwrap_err(), "invalid digit found in string in \"x\"");
    }

    #[test]
    fn delimiters_are_written_as_they_are_read() {
        for text in ["tab", ";", "|", " "] {
            assert_eq!(text.parse::<Delimiter>().unwrap().to_string(), text);
        }
        assert_eq!("\\t".parse(), Ok(Delimiter(b'\t')));
        for wrong in ["", "ab", "ß", "\"", "\n"] {
            assert!(wrong.parse::<Delimiter>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn constants_stay_with_their_activation() {
        let List(both) = activations("lif:tau=0.5,r=2, tanh").unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(both[0].to_string(), "lif:tau=0.5,r=2");
        assert!(activations("r=2").is_err());
        assert!(activations("relu,,tanh").is_err());
    }

    #[test]
    fn held_out_examples_are_written_as_they_are_read() {
        for text in ["0", "0.1", "500"] {
            assert_eq!(text.parse::<HeldOut>().unwrap().to_string(), text);
        }
        assert!("1.5".parse::<HeldOut>().is_err());
        assert!("-1".parse::<HeldOut>().is_err());
    }
}
