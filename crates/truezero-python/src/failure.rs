//! Our errors as Python's: what the system refused is an `OSError`, all else a `ValueError`.

use std::error::Error as _;
use std::io;

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;
use truezero_data::DataError;

/// An error and what caused it on one line, then its hint.
fn message(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let (sentence, hint) = text.split_once('\n').unwrap_or((&text, ""));
    let mut message = sentence.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    if hint.is_empty() { message } else { format!("{message}\n{hint}") }
}

/// What a function of the library failed with.
pub fn raise(error: impl Into<truezero::Error>) -> PyErr {
    let error = error.into();
    let text = message(&error);
    let refused = match &error {
        truezero::Error::Io { .. } | truezero::Error::Data(DataError::Io { .. }) => error.source(),
        _ => None,
    };
    match refused.and_then(|source| source.downcast_ref::<io::Error>()) {
        // Its kind decides which OSError it is.
        Some(source) => io::Error::new(source.kind(), text).into(),
        None => PyValueError::new_err(text),
    }
}

/// What the experiments failed with.
pub fn raise_paper(error: truezero_paper::Error) -> PyErr {
    PyValueError::new_err(message(&error))
}

/// A wrong value.
pub fn wrong(what: impl Into<String>) -> PyErr {
    PyValueError::new_err(what.into())
}
