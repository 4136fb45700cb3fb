//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Checks that a file can be made at `path`, before hours of work that it is to hold.
///
/// # Errors
/// What stands in the way.
pub fn check(path: &Path) -> Result<(), Failure> {
    temporary(path).map(drop)
}

/// Writes a file under another name in the same folder, then renames it.
///
/// # Errors
/// What stood in the way; what was at `path` is still there.
pub fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let temporary = temporary(path)?;
    // Written through the plain file: its errors do not name the temporary path.
    let mut file = BufWriter::new(temporary.as_file());
    content(&mut file)
        .and_then(|()| file.into_inner().map_err(io::IntoInnerError::into_error))
        .and_then(File::sync_all)
        .and_then(|()| temporary.persist(path).map_err(|error| error.error))
        .map(drop)
        .map_err(Failure::io("write", path))
}

fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    let refused =
        |found| Failure::Message(format!("cannot write {}: expected a file, found {found}", path.display()));
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(refused("a folder")),
        // Renaming would replace a device by a file.
        Ok(there) if !there.is_file() => return Err(refused("a device")),
        _ => {}
    }
    if path.file_name().is_none() {
        return Err(refused("no name of one"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".truezero-");
    // A temporary file is private by default; a result is a file like any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // What `tempfile` adds to an error is the temporary name, which would only confuse.
    builder.tempfile_in(folder).map_err(|error| Failure::io("write", path)(error.kind().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| crate::failure::chain(&check(path).unwrap_err());
        assert!(check(&folder.path().join("new")).is_ok());
        assert!(refused(folder.path()).ends_with("expected a file, found a folder"));
        assert!(refused(Path::new("/")).ends_with("expected a file, found a folder"));
        let missing = folder.path().join("none/new");
        assert_eq!(refused(&missing), format!("cannot write {}: entity not found", missing.display()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_stays_as_it_was_when_writing_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write(&path, |file| {
            file.write_all(b"new")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
