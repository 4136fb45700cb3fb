//! Why a command failed.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use truezero_data::DataError;

use crate::signal;

/// A failure, told to the user as one sentence, perhaps with a hint.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Of the library.
    #[error(transparent)]
    Library(#[from] truezero::Error),
    /// Of the data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Of the experiments.
    #[error(transparent)]
    Paper(#[from] truezero_paper::Error),
    /// Of the server.
    #[error(transparent)]
    Serve(#[from] truezero_serve::Error),
    /// A file of a sweep's results.
    // What the database says is not its source, for that says the same again.
    #[error("cannot {operation} {}: {cause}", path.display())]
    #[allow(missing_docs, reason = "the message says what they are")]
    Store { operation: &'static str, path: PathBuf, cause: rusqlite::Error },
    /// Any other file.
    #[error("cannot {operation} {}", path.display())]
    #[allow(missing_docs, reason = "the message says what they are")]
    Io { operation: &'static str, path: PathBuf, source: std::io::Error },
    /// A sentence of our own.
    #[error("{0}")]
    Message(String),
    /// An interrupt came before there was a result.
    #[error("{0}")]
    BrokenOff(String),
}

impl Failure {
    /// 2 for an option that cannot be, as for any other wrong usage; that of the signal for an interrupt; 1 for
    /// everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BrokenOff(_) => signal::exit_code(),
            Self::Library(truezero::Error::Option { .. }) => 2,
            _ => 1,
        }
    }

    /// Whether a file could not be written, which is no fault of what was to be written.
    pub fn is_of_writing(&self) -> bool {
        match self {
            Self::Store { .. } => true,
            Self::Io { operation, .. } | Self::Library(truezero::Error::Io { operation, .. }) => {
                *operation == "write"
            }
            Self::Data(error) | Self::Library(truezero::Error::Data(error)) => match error {
                DataError::Io { operation, .. } => *operation == "write",
                DataError::Protected { .. } => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// For `map_err` on a file operation.
    pub fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }

    /// A sentence with a hint below it.
    pub fn hinted(message: impl std::fmt::Display, hint: impl std::fmt::Display) -> Self {
        Self::Message(format!("{message}\nhint: {hint}"))
    }
}

/// An error and what caused it on one line, then its hint.
pub fn chain(error: &dyn Error) -> String {
    let text = error.to_string();
    let (sentence, hint) = text.split_once('\n').unwrap_or((&text, ""));
    let mut chain = sentence.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(chain, ": {error}");
        cause = error.source();
    }
    if !hint.is_empty() {
        let _ = write!(chain, "\n{hint}");
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_come_before_the_hint() {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let text = source.to_string();
        let failure = Failure::Io { operation: "write", path: "a.b".into(), source };
        assert_eq!(chain(&failure), format!("cannot write a.b: {text}"));
        assert_eq!(chain(&Failure::hinted("no such thing", "make one")), "no such thing\nhint: make one");
    }
}
