//! Files that appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use truezero_data::files;

use crate::failure::Failure;

/// Checks that a file can be made at `path`, before hours of work that it is to hold.
///
/// # Errors
/// What stands in the way.
pub fn check(path: &Path) -> Result<(), Failure> {
    stands_in_the_way(path)?;
    files::temporary(path).map(drop).map_err(Failure::io("write", path))
}

/// Writes a file under another name in the same folder, then renames it.
///
/// # Errors
/// What stood in the way; what was at `path` is still there.
pub fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    stands_in_the_way(path)?;
    files::write(path, |file| {
        let mut file = BufWriter::new(file);
        content(&mut file)?;
        file.flush()
    })
    .map_err(Failure::io("write", path))
}

fn stands_in_the_way(path: &Path) -> Result<(), Failure> {
    let refused =
        |found| Failure::Message(format!("cannot write {}: expected a file, found {found}", path.display()));
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(refused("a folder")),
        // Renaming would replace a device by a file.
        Ok(there) if !there.is_file() => Err(refused("a device")),
        _ if path.file_name().is_none() => Err(refused("no name of one")),
        _ => Ok(()),
    }
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
