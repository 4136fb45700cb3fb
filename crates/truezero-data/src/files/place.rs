//! What a path stands for, as something to write to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use crate::DataError;

/// Most symbolic links that are followed, as many as Linux does.
const MAX_LINKS: usize = 40;

/// Where an output goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A file that is there or not, in a folder that is there; no symbolic link.
    File { folder: PathBuf, path: PathBuf, exists: bool },
    /// Standard output or standard error of this process, by its number.
    Standard(u8),
    /// A device or a pipe, or a file that is open already.
    Stream(PathBuf),
}

impl Place {
    /// Finds out what a path stands for: symbolic links are followed.
    pub(super) fn of(named: &Path) -> Result<Self, DataError> {
        let failed = |kind, what: String| DataError::io("write", named)(io::Error::new(kind, what));
        let refused = |kind, found: &str| Err(failed(kind, format!("expected a file, found {found}")));
        let last = named.as_os_str().as_encoded_bytes().last();
        let slash = last.is_some_and(|&byte| std::path::is_separator(byte.into()));
        if slash || matches!(named.components().next_back(), Some(Component::ParentDir | Component::CurDir)) {
            return refused(ErrorKind::IsADirectory, "a folder");
        }
        let mut path = named.to_owned();
        for _ in 0..MAX_LINKS {
            let Some(name) = path.file_name() else {
                return refused(ErrorKind::InvalidInput, "no name of one");
            };
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                let what = format!("there is no folder {}", folder.display());
                return Err(failed(ErrorKind::NotFound, what));
            }
            let folder = fs::canonicalize(folder).map_err(DataError::io("write", named))?;
            if is_open_files(&folder) {
                let number = name.to_str().and_then(|name| name.parse().ok());
                return Ok(match number {
                    Some(number @ 1..=2) => Self::Standard(number),
                    _ => Self::Stream(path),
                });
            }
            let at = folder.join(name);
            match fs::symlink_metadata(&at) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Ok(Self::File { folder, path: at, exists: false });
                }
                Err(error) => return Err(DataError::io("write", named)(error)),
                Ok(there) if there.is_symlink() => {
                    path = folder.join(fs::read_link(&at).map_err(DataError::io("write", named))?);
                }
                Ok(there) if there.is_dir() => return refused(ErrorKind::IsADirectory, "a folder"),
                Ok(there) if there.is_file() => return Ok(Self::File { folder, path: at, exists: true }),
                Ok(_) => return Ok(Self::Stream(at)),
            }
        }
        refused(ErrorKind::InvalidInput, "symbolic links without end")
    }
}

/// Whether what is in a folder are the open files of a process. Such a file is written where it stands: the shell that
/// opened it may have more to write to it.
fn is_open_files(folder: &Path) -> bool {
    folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
}

/// Opens standard output (1) or standard error (2) again, at the same position.
#[cfg(unix)]
pub(super) fn standard(number: u8) -> io::Result<File> {
    use std::os::fd::AsFd;
    let stream = match number {
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    };
    stream.map(File::from)
}

/// Opens standard output (1) or standard error (2) again; there is no path to them here.
#[cfg(not(unix))]
pub(super) fn standard(_number: u8) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Opens a device or a pipe. What is a file after all is not cut.
pub(super) fn stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}
