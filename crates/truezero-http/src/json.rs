//! JSON of a request, looked at piece by piece: whatever is not as it should be is told with its place, in the same
//! words everywhere.
//!
//! A text of a request may be as long as the request, and an array may have as many elements as that has bytes. So texts
//! are cut, the number of values is limited, and what may be large by its nature is left as it stands ([`Value::raw`]).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use truezero_data::records::kind;
use truezero_data::{quoted, short};

use crate::problem::Problem;

/// Most values of a request, beside those that are left as they stand.
const MAX_VALUES: usize = 10_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 16;
/// What is kept of a text, in bytes.
const TEXT_BYTES: usize = 1024;
/// Whole numbers above are not told apart in JSON.
const GREATEST: f64 = 9_007_199_254_740_992.0;

/// A document.
#[derive(Debug)]
pub struct Document<'a>(Node<'a>);

#[derive(Debug)]
enum Node<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    List(Vec<Node<'a>>),
    Object(Vec<(Text, Node<'a>)>),
    Raw(&'a str),
}

/// A text, of which the end may be missing.
#[derive(Debug, PartialEq)]
struct Text {
    kept: String,
    /// Of all of it.
    bytes: usize,
}

impl<'a> Document<'a> {
    /// Reads a document. Members of the names `raw` are left as they stand, wherever they are.
    ///
    /// # Errors
    /// 400 if it is no JSON, 413 if it has too many values.
    pub fn parse(json: &'a [u8], raw: &[&str]) -> Result<Self, Problem> {
        let mut left = MAX_VALUES;
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let seed = Seed { raw, left: &mut left, depth: 0 };
        let node = seed.deserialize(&mut deserializer).and_then(|node| deserializer.end().map(|()| node));
        node.map(Self).map_err(|error| match error.classify() {
            Category::Data if left == 0 => Problem::too_large("values of the body", MAX_VALUES),
            _ => malformed("body", &error),
        })
    }

    /// All of it.
    #[must_use]
    pub fn value(&self) -> Value<'_, 'a> {
        Value { place: String::new(), node: &self.0 }
    }
}

/// What is wrong with a text that is no JSON.
#[must_use]
pub fn malformed(place: &str, error: &serde_json::Error) -> Problem {
    let found = match error.classify() {
        Category::Eof => "its end",
        Category::Data => "too many levels",
        // It has no category of its own.
        Category::Syntax if error.to_string().starts_with("number out of range") => "a number beyond 64 bits",
        Category::Io | Category::Syntax => "something else",
    };
    let (line, column) = (error.line(), error.column());
    Problem::malformed(format!("{place}: expected JSON, found {found} at line {line}, column {column}"))
}

/// A value at its place.
#[derive(Debug)]
pub struct Value<'d, 'a> {
    place: String,
    node: &'d Node<'a>,
}

impl<'d, 'a> Value<'d, 'a> {
    /// Where it stands, as a message says it.
    #[must_use]
    pub fn place(&self) -> &str {
        if self.place.is_empty() { "body" } else { &self.place }
    }

    fn wrong(&self, expected: impl fmt::Display) -> Problem {
        Problem::malformed(format!("{}: expected {expected}, found {}", self.place(), self.node))
    }

    fn members(&self) -> Result<&'d [(Text, Node<'a>)], Problem> {
        match self.node {
            Node::Object(members) => Ok(members),
            _ => Err(self.wrong("an object")),
        }
    }

    /// The member of that name; none if there is none, or it is null.
    ///
    /// # Errors
    /// If this is no object, or has it twice.
    pub fn get(&self, name: &str) -> Result<Option<Self>, Problem> {
        let mut named = self.members()?.iter().filter(|(known, _)| known.is(name));
        let Some((_, node)) = named.next() else { return Ok(None) };
        let place = if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) };
        if named.next().is_some() {
            return Err(Problem::malformed(format!("{place}: expected it once, found it twice")));
        }
        let missing = matches!(node, Node::Null | Node::Raw("null"));
        Ok((!missing).then_some(Self { place, node }))
    }

    /// The member of that name, which must be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn demand(&self, name: &str, expected: &str) -> Result<Self, Problem> {
        let place = || if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) };
        let missing = || Problem::malformed(format!("{}: expected {expected}, found nothing", place()));
        self.get(name)?.ok_or_else(missing)
    }

    /// Demands that there are no other members than these.
    ///
    /// # Errors
    /// 422 if there are; if this is no object.
    pub fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.members()?.iter().find(|(known, _)| !names.iter().any(|name| known.is(name))) {
            Some((other, _)) => Err(Problem::unsuitable(self.place(), names.join(", "), quoted(&other.kept))),
            None => Ok(()),
        }
    }

    /// The elements of a list.
    ///
    /// # Errors
    /// If it is none, or has more.
    pub fn items(&self, expected: &str, most: usize) -> Result<Vec<Self>, Problem> {
        let Node::List(nodes) = self.node else { return Err(self.wrong(expected)) };
        if nodes.len() > most {
            return Err(Problem::malformed(format!(
                "{}: expected at most {most}, found {}",
                self.place(),
                nodes.len()
            )));
        }
        let item = |(at, node)| Self { place: format!("{}[{at}]", self.place), node };
        Ok(nodes.iter().enumerate().map(item).collect())
    }

    /// A text.
    ///
    /// # Errors
    /// If it is none.
    pub fn text(&self) -> Result<&'d str, Problem> {
        match self.node {
            Node::Text(text) => Ok(&text.kept),
            _ => Err(self.wrong("a text")),
        }
    }

    /// A text that is told again, and therefore not longer than that.
    ///
    /// # Errors
    /// If it is.
    pub fn short_text(&self, most: usize) -> Result<&'d str, Problem> {
        match self.node {
            Node::Text(text) if text.bytes > most.min(TEXT_BYTES) => Err(Problem::malformed(format!(
                "{}: expected at most {most} bytes, found {}",
                self.place(),
                text.bytes
            ))),
            _ => self.text(),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// If it is none.
    pub fn number(&self) -> Result<f64, Problem> {
        match self.node {
            Node::Number(number) => Ok(*number),
            _ => Err(self.wrong("a number")),
        }
    }

    /// A whole number from 0 to 2^53; 3.0 is one as well.
    ///
    /// # Errors
    /// If it is none.
    pub fn size(&self) -> Result<usize, Problem> {
        match self.node {
            Node::Number(number) if number.fract() == 0.0 && (0.0..=GREATEST).contains(number) => {
                Ok(*number as usize)
            }
            Node::Number(number) if *number > GREATEST => {
                Err(self.wrong(format!("a whole number of at most {GREATEST}")))
            }
            _ => Err(self.wrong("a whole number from 0 on")),
        }
    }

    /// True or false.
    ///
    /// # Errors
    /// If it is neither.
    pub fn boolean(&self) -> Result<bool, Problem> {
        match self.node {
            Node::Bool(truth) => Ok(*truth),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// JSON that was left as it stands.
    ///
    /// # Errors
    /// If it was not, which is a fault of ours.
    pub fn raw(&self) -> Result<&'a str, Problem> {
        match self.node {
            Node::Raw(raw) => Ok(raw),
            _ => Err(Problem::internal()),
        }
    }
}

impl Text {
    fn new(text: &str) -> Self {
        Self { kept: short(text, TEXT_BYTES), bytes: text.len() }
    }

    /// Whether it is a text of at most as many bytes as are kept.
    fn is(&self, text: &str) -> bool {
        self.bytes == text.len() && self.kept == text
    }
}

/// What it is, as a message says it.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(number) if number.abs() > GREATEST => write!(f, "{number:e}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(&quoted(&text.kept)),
            Self::List(_) => f.write_str("an array"),
            Self::Object(_) => f.write_str("an object"),
            Self::Raw(raw) => f.write_str(kind(raw)),
        }
    }
}

/// Reads a value.
struct Seed<'s> {
    raw: &'s [&'s str],
    /// How many values there may still be.
    left: &'s mut usize,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        let left = self.left.checked_sub(1).filter(|&left| left > 0 && self.depth < MAX_DEPTH);
        *self.left = self.left.saturating_sub(1);
        if left.is_none() {
            return Err(D::Error::custom("too much"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node<'de>, A::Error> {
        let Self { raw, left, depth } = self;
        let mut nodes = Vec::new();
        while let Some(node) = elements.next_element_seed(Seed { raw, left: &mut *left, depth: depth + 1 })? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let Self { raw, left, depth } = self;
        let mut members = Vec::new();
        while let Some(name) = entries.next_key_seed(Name)? {
            let node = if raw.iter().any(|raw| name.is(raw)) {
                *left = left.saturating_sub(1);
                Node::Raw(entries.next_value::<&RawValue>()?.get())
            } else {
                entries.next_value_seed(Seed { raw, left: &mut *left, depth: depth + 1 })?
            };
            members.push((name, node));
        }
        Ok(Node::Object(members))
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(problem: &Problem) -> String {
        format!("{problem:?}")
    }

    #[test]
    fn members_are_found_with_their_places() {
        let json =
            br#"{"a": [{"n": 3.0, "b": true, "none": null, "data": [1, [2]]}], "t": "x", "t2": "\u00e4"}"#;
        let document = Document::parse(json, &["data"]).unwrap();
        let value = document.value();
        let items = value.demand("a", "a list").unwrap().items("a list", 1).unwrap();
        assert_eq!(items[0].get("n").unwrap().unwrap().size().unwrap(), 3);
        assert!(items[0].get("b").unwrap().unwrap().boolean().unwrap());
        assert!(items[0].get("none").unwrap().is_none() && items[0].get("nothing").unwrap().is_none());
        assert_eq!(items[0].get("data").unwrap().unwrap().raw().unwrap(), "[1, [2]]");
        assert_eq!(value.get("t2").unwrap().unwrap().text().unwrap(), "ä");
        let wrong = message(&items[0].get("b").unwrap().unwrap().number().unwrap_err());
        assert!(wrong.contains("a[0].b: expected a number, found true"), "{wrong}");
        let missing = message(&items[0].demand("x", "a text").unwrap_err());
        assert!(missing.contains("a[0].x: expected a text, found nothing"), "{missing}");
        let other = message(&value.only(&["a", "t"]).unwrap_err());
        assert!(other.contains("body: expected a, t, found \\\"t2\\\""), "{other}");
    }

    #[test]
    fn what_is_no_json_or_too_much_is_told_in_few_words() {
        for (json, words) in [
            (&b""[..], "found its end at line 1"),
            (b"{\"a\": ", "its end"),
            (b"{\"a\" 1}", "something else at line 1, column 6"),
            (b"{} {}", "something else"),
            (b"\xff", "something else"),
            (b"{\"l1\": 1e400}", "a number beyond 64 bits at line 1"),
            (b"{\"data\": [1, ]}", "something else"),
        ] {
            let problem = Document::parse(json, &["data"]).unwrap_err();
            assert!(message(&problem).contains(words) && problem.status() == 400, "{json:?}: {problem:?}");
        }
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(Document::parse(many.as_bytes(), &[]).unwrap_err().status(), 413);
        assert_eq!(Document::parse(&b"[".repeat(100_000), &[]).unwrap_err().status(), 400);
        let twice = Document::parse(b"{\"a\": 1, \"a\": 2}", &[]).unwrap();
        assert!(message(&twice.value().get("a").unwrap_err()).contains("twice"));
    }

    #[test]
    fn a_size_that_cannot_be_is_told_as_it_is() {
        for (json, words) in [
            ("1e300", "expected a whole number of at most 9007199254740992, found 1e300"),
            ("4611686018427387904", "found 4.611686018427388e18"),
            ("-1", "expected a whole number from 0 on, found -1"),
            ("1.5", "expected a whole number from 0 on, found 1.5"),
        ] {
            let document = Document::parse(json.as_bytes(), &[]).unwrap();
            let problem = document.value().size().unwrap_err();
            assert!(message(&problem).contains(words), "{json}: {problem:?}");
        }
        let greatest = Document::parse(b"9007199254740992", &[]).unwrap();
        assert_eq!(greatest.value().size().unwrap(), 1 << 53);
    }

    #[test]
    fn of_a_long_text_little_is_kept_and_it_is_not_taken_for_a_shorter_one() {
        let json = format!("{{\"{0}\": 1, \"id\": \"{0}\"}}", "a".repeat(1 << 20));
        let document = Document::parse(json.as_bytes(), &[]).unwrap();
        let id = document.value().get("id").unwrap().unwrap();
        assert!(id.text().unwrap().len() <= TEXT_BYTES + "…".len());
        assert!(message(&id.short_text(100).unwrap_err()).contains("found 1048576"));
        assert!(document.value().get(&id.text().unwrap().replace('…', "")).unwrap().is_none());
    }
}
