//! Files that appear whole or not at all.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file under another name in the folder of `path`, to be renamed to it. It goes when it is dropped.
///
/// # Errors
/// The system's.
pub fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".truezero-");
    // A temporary file is private by default; a result is a file like any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask
    // What `tempfile` adds to an error is the temporary name, which would only confuse.
    builder.tempfile_in(folder).map_err(|error| error.kind().into())
}

/// Writes a file, or leaves what is at `path` as it is.
///
/// # Errors
/// The system's, or that of `content`.
pub fn write(path: &Path, content: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary(path)?;
    // Written through the plain file: its errors do not name the temporary path.
    content(temporary.as_file())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map(drop).map_err(|error| error.error)
}
