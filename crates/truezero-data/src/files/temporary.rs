//! Files under other names, to be renamed when they are whole; and what killed runs left of such.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::identity::is_at;
use super::{PREFIX, lock};

/// Characters that follow the prefix in the name of a temporary file.
const RANDOM: usize = 6;

/// A new file in a folder. It goes when it is dropped, and is locked for as long as it is open.
pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM);
    loop {
        // Opened here and not by `tempfile`, whose files are private and whose errors name the temporary path.
        let file = builder
            .make_in(folder, |path| OpenOptions::new().read(true).write(true).create_new(true).open(path))?;
        match file.as_file().try_lock() {
            // Another run took it for a leftover in the moment before it was locked.
            Ok(()) if !is_at(file.as_file(), file.path()) => {}
            Err(TryLockError::WouldBlock) => {}
            // A file system without locks has no leftovers removed either.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Removes the temporary files and locks in a folder that no living process holds. What cannot be removed stays.
pub(super) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !is_ours(entry.file_name().as_encoded_bytes())
            || !entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            continue;
        }
        let path = entry.path();
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether a file that is called so was made here.
fn is_ours(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX.as_bytes()) else { return false };
    rest.ends_with(lock::SUFFIX.as_bytes())
        || rest.len() == RANDOM && rest.iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_of_the_dead_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let living = temporary(folder.path()).unwrap();
        for name in
            [".truezero-aB3x9z", ".truezero-0123.lock", ".truezero-notes.txt", "data.csv", ".truezero"]
        {
            fs::write(path(name), "x").unwrap();
        }
        fs::create_dir(path(".truezero-folder")).unwrap();
        remove_leftovers(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        let mut expected = vec![".truezero", ".truezero-folder", ".truezero-notes.txt", "data.csv"]
            .into_iter()
            .map(Into::into);
        let mut expected: Vec<std::ffi::OsString> = expected.by_ref().collect();
        expected.push(living.path().file_name().unwrap().to_owned());
        expected.sort();
        assert_eq!(left, expected);
    }
}
