//! Which file it is, whatever it is called.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What two names of one file have in common, and two files have not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity(Known);

#[cfg(unix)]
type Known = (u64, u64);
#[cfg(not(unix))]
type Known = std::path::PathBuf;

impl Identity {
    /// Of the file at a path, symbolic links followed.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::from(&metadata))
    }

    /// Of the file at a path, symbolic links followed; hard links are not told.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::canonicalize(path).map(Self)
    }

    /// Of standard input, if that is a file.
    #[cfg(unix)]
    pub(super) fn of_standard_input() -> Option<Self> {
        use std::os::fd::AsFd;
        let file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
        let metadata = file.metadata().ok()?;
        metadata.is_file().then(|| Self::from(&metadata))
    }

    /// Of standard input, if that is a file; not known here.
    #[cfg(not(unix))]
    pub(super) fn of_standard_input() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
impl From<&fs::Metadata> for Identity {
    fn from(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self((metadata.dev(), metadata.ino()))
    }
}

/// Whether an open file is still the one at a path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    return file.metadata().is_ok_and(|open| Identity::of(path).is_ok_and(|at| at == Identity::from(&open)));
    #[cfg(not(unix))]
    return file.metadata().is_ok() && path.exists();
}
