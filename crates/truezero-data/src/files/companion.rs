//! Files beside a result whose names nobody chose: they follow from that of the result, as `model.safetensors.checkpoint`
//! does. Only what truezero itself would have put there is replaced or removed, and no symbolic link is followed: not even by
//! force, as force was asked for the result.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::Kind;
use crate::DataError;

/// Whether there is a file of this kind.
///
/// # Errors
/// Something else that is there; and the system's.
pub fn check_companion(path: &Path, kind: Kind<'_>) -> Result<bool, DataError> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(DataError::io("read", path)(error)),
        Ok(there) => there,
    };
    let refused = |reason: String| {
        Err(DataError::protected(path, reason, "move it away, or give the result another name"))
    };
    if there.is_symlink() {
        return refused(format!("it is a symbolic link, and no place for {}", kind.name));
    }
    if !there.is_file() {
        return refused(format!("what is there is no file, and not {}", kind.name));
    }
    match kind.may_replace(path) {
        Ok(true) => Ok(true),
        Ok(false) => refused(format!("what is there is not {}, and would be lost", kind.name)),
        Err(error) => Err(DataError::io("read", path)(error)),
    }
}

/// Removes a file of this kind. One that is not there is no failure.
///
/// # Errors
/// As [`check_companion`].
pub fn remove_companion(path: &Path, kind: Kind<'_>) -> Result<(), DataError> {
    if check_companion(path, kind)? {
        fs::remove_file(path).map_err(DataError::io("remove", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_of_the_kind_is_removed() {
        let kind = Kind { name: "a note", is: &|beginning| beginning.starts_with(b"note") };
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("ours"), "note 1").unwrap();
        fs::write(path("theirs"), "years of work").unwrap();
        fs::create_dir(path("folder")).unwrap();
        remove_companion(&path("none"), kind).unwrap();
        for (name, reason) in [("theirs", "not a note"), ("folder", "no file")] {
            let refused = remove_companion(&path(name), kind).unwrap_err().to_string();
            assert!(refused.contains(reason) && path(name).exists(), "{refused}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("ours", path("link")).unwrap();
            let refused = remove_companion(&path("link"), kind).unwrap_err().to_string();
            assert!(refused.contains("symbolic link") && path("link").exists(), "{refused}");
        }
        remove_companion(&path("ours"), kind).unwrap();
        assert!(!path("ours").exists());
    }
}
