//! Folders that are made here and removed here: only what bears the mark is removed.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::{Kind, Output};
use crate::DataError;

/// The file that says that a folder was made here.
const MARK: &str = ".truezero";

/// What the mark begins with; what the folder is for comes after it.
const MADE: &str = "made by truezero for ";

const KIND: Kind<'static> =
    Kind { name: "a mark of truezero", is: &|beginning| beginning.starts_with(MADE.as_bytes()) };

/// Makes a folder that may be removed later, or takes the one that is there from an earlier call for the same `purpose`.
///
/// # Errors
/// A folder that somebody else made, unless it is empty, or that is for something else; and the system's.
pub fn claim(folder: &Path, purpose: &str) -> Result<(), DataError> {
    if fs::symlink_metadata(folder).is_ok_and(|there| there.is_symlink()) {
        let reason = "it is a symbolic link, and no place for a folder that is removed later";
        return Err(DataError::protected(folder, reason, "move it away, or name another one"));
    }
    fs::create_dir_all(folder).map_err(DataError::io("create", folder))?;
    let mark = format!("{MADE}{purpose}\n");
    match fs::read_to_string(folder.join(MARK)) {
        Ok(text) if text == mark => return Ok(()),
        Ok(text) => {
            let made = text.lines().next().unwrap_or_default();
            let reason = format!("expected a folder for {purpose}, found one {made}");
            return Err(DataError::protected(folder, reason, "move it away, or name another one"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(DataError::io("read", &folder.join(MARK))(error)),
    }
    let mut entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    if entries.next().is_some() {
        let reason = "the folder is there, holds files, and was not made by truezero";
        return Err(DataError::protected(folder, reason, "move it away, or name another one"));
    }
    Output::new(&folder.join(MARK), KIND)?.write(|mut file| file.write_all(mark.as_bytes()))
}

/// Removes a folder with all that is in it, if it bears the mark. One that is not there is no failure.
///
/// # Errors
/// A folder that was not made here; and the system's.
pub fn remove(folder: &Path) -> Result<(), DataError> {
    match fs::read(folder.join(MARK)) {
        Ok(text) if text.starts_with(MADE.as_bytes()) => {
            fs::remove_dir_all(folder).map_err(DataError::io("remove", folder))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DataError::io("read", &folder.join(MARK))(error))
        }
        _ if !folder.exists() => Ok(()),
        _ => {
            let reason = "it was not made by truezero, and is not removed";
            Err(DataError::protected(folder, reason, "move it away, or name another one"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_neither_taken_nor_removed() {
        let place = tempfile::tempdir().unwrap();
        let (ours, theirs) = (place.path().join("ours"), place.path().join("theirs"));
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("thesis.txt"), "years of work").unwrap();
        assert!(claim(&theirs, "a sweep").unwrap_err().to_string().contains("not made by truezero"));
        assert!(remove(&theirs).unwrap_err().to_string().contains("not made by truezero"));
        assert_eq!(fs::read(theirs.join("thesis.txt")).unwrap(), b"years of work");

        claim(&ours, "a sweep").unwrap();
        fs::write(ours.join("1.checkpoint"), "x").unwrap();
        claim(&ours, "a sweep").unwrap();
        assert!(claim(&ours, "another sweep").unwrap_err().to_string().contains("for a sweep"));
        remove(&ours).unwrap();
        assert!(!ours.exists());
        remove(&ours).unwrap();
    }
}
