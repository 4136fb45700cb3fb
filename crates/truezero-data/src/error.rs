//! What can be wrong with data, always with the place, what was expected and what was found.

use std::path::{Path, PathBuf};

/// A source that cannot be read, or data that does not fit what is asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb: "open", "read", "write".
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file does not hold what its format demands.
    #[error("{}: {place}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column, field or member within it.
        place: String,
        /// What the format demands there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The data is well formed but does not suit what is asked of it (a missing target column, one
    /// class only, a width other than the model's …).
    #[error("{place}: expected {expected}, found {found}")]
    Unsuitable {
        /// What of the data: "target", "column \"age\"", "labels" …
        place: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// What a file holds takes more memory than it may, or than there is.
    #[error(
        "{}: {place}: expected data that takes at most {most} of memory, found {found} or more\n\
         hint: --max-memory raises the limit; --stream reads data piece by piece", path.display()
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// Memory it may take.
        most: String,
        /// Memory it takes.
        found: String,
    },
    /// A source that is named is not there.
    #[error("{name}: {reason}\nhint: {hint}")]
    Unavailable {
        /// Its name.
        name: String,
        /// Why it is not there.
        reason: String,
        /// What can be done.
        hint: String,
    },
    /// A file or folder that is not written, so that nothing is lost.
    #[error("cannot write {}: {reason}\nhint: {hint}", path.display())]
    Protected {
        /// The file or folder.
        path: PathBuf,
        /// Why it is not written.
        reason: String,
        /// What can be done.
        hint: String,
    },
}

impl DataError {
    /// A violation of a file's format.
    pub fn malformed(
        path: &Path,
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            place: place.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// Data that does not suit what is asked of it.
    pub fn unsuitable(
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Unsuitable { place: place.into(), expected: expected.into(), found: found.into() }
    }

    /// The same, of the data that is called so: "label of example 3" becomes "label of example 3 of test.csv".
    #[must_use]
    pub fn of(self, data: &str) -> Self {
        match self {
            Self::Unsuitable { place, expected, found } => {
                Self::Unsuitable { place: format!("{place} of {data}"), expected, found }
            }
            other => other,
        }
    }

    /// The same with another hint.
    #[must_use]
    pub fn with_hint(self, hint: &str) -> Self {
        match self {
            Self::Protected { path, reason, .. } => Self::Protected { path, reason, hint: hint.to_owned() },
            other => other,
        }
    }

    /// A file or folder that is not written.
    pub(crate) fn protected(path: &Path, reason: impl Into<String>, hint: &str) -> Self {
        Self::Protected { path: path.to_owned(), reason: reason.into(), hint: hint.to_owned() }
    }

    /// For `map_err` on a file operation.
    pub fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}
