//! What can go wrong in an experiment.

use std::path::{Path, PathBuf};

use truezero_data::DataError;

/// An experiment that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A network could not be built, trained, saved or loaded.
    #[error(transparent)]
    Network(#[from] truezero::Error),
    /// The data cannot be read or does not suit the experiment.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of an earlier run is not what it should be.
    #[error("{}: {place}: expected {expected}, found {found}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line or field within it.
        place: String,
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// There is no experiment of this name.
    #[error("experiment: expected one of {expected}, found {found:?}")]
    Unknown {
        /// The names there are.
        expected: String,
        /// The name given.
        found: String,
    },
    /// [`Progress::stop`](crate::Progress::stop) asked for it; the same run goes on from there.
    #[error("stopped before the end; what is trained is kept and a later run goes on from there")]
    Stopped,
}

impl Error {
    /// For `map_err` on a file operation.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}
