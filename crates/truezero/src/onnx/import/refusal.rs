//! Why a part of a graph cannot be taken over.

use crate::error::Error;

/// As [`Error::Onnx`], and remembered: a node that is outside matters only if the output needs it.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    place: String,
    expected: String,
    found: String,
}

impl Refusal {
    pub(super) fn new(place: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { place: place.into(), expected: expected.into(), found: found.into() }
    }
}

impl From<Refusal> for Error {
    fn from(Refusal { place, expected, found }: Refusal) -> Self {
        Self::Onnx { place, expected, found }
    }
}
