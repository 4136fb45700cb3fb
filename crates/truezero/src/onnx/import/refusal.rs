//! Why a part of a graph cannot be taken over.

use std::fmt;
use std::rc::Rc;

use crate::error::Error;

/// So much of a name is shown: names come from the file, and may be of any length.
const MAX_SHOWN: usize = 100;

/// As [`Error::Onnx`], and remembered: a node that is outside matters only if the output needs it.
#[derive(Clone, Debug)]
pub(super) struct Refusal(Rc<Parts>);

#[derive(Debug)]
struct Parts {
    place: String,
    expected: String,
    found: String,
}

impl Refusal {
    pub(super) fn new(
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self(Rc::new(Parts { place: place.into(), expected: expected.into(), found: found.into() }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { place, expected, found } = &*self.0;
        write!(f, "{place}: expected {expected}, found {found}")
    }
}

impl From<Refusal> for Error {
    fn from(Refusal(parts): Refusal) -> Self {
        let Parts { place, expected, found } = &*parts;
        Self::Onnx { place: place.clone(), expected: expected.clone(), found: found.clone() }
    }
}

/// A name, or the beginning of a long one.
pub(super) fn short(name: &str) -> &str {
    name.char_indices().nth(MAX_SHOWN).map_or(name, |(end, _)| &name[..end])
}
