//! That an output is being written, for others to see.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use sha2::{Digest, Sha256};

use super::PREFIX;
use super::identity::is_at;
use crate::checksum::hexadecimal;

/// What the names of lock files end with.
pub(super) const SUFFIX: &str = ".lock";

/// Characters of a hash in a lock's name: enough that no two files of a folder share one.
const HASH_IN_NAME: usize = 16;

/// Bytes of a lock file that are looked at for the process that has it.
const MAX_HOLDER: u64 = 32;

/// Held while an output is written; let go when it is dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Open for as long as it is held. `None` where the file system knows no locks.
    _file: Option<File>,
}

/// Why there is no lock.
pub(super) enum NoLock {
    /// Another one has it; the number of its process, if that is known.
    Held(Option<String>),
    Failed(io::Error),
}

impl Lock {
    /// Locks what is called `name` in a folder.
    pub(super) fn acquire(folder: &Path, name: &OsStr) -> Result<Self, NoLock> {
        let hash = hexadecimal(&Sha256::digest(name.as_encoded_bytes()));
        let path = folder.join(format!("{PREFIX}{}{SUFFIX}", &hash[..HASH_IN_NAME]));
        loop {
            // What a link leads to is nobody's lock, and is not written to.
            if fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink()) {
                let what = format!("{} is a symbolic link, and no lock", path.display());
                return Err(NoLock::Failed(io::Error::new(io::ErrorKind::InvalidInput, what)));
            }
            let mut options = OpenOptions::new();
            let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(NoLock::Failed)?;
            match file.try_lock() {
                // One that was removed between opening and locking is no lock any more.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => {
                    let noted = file.set_len(0).and_then(|()| write!(file, "{}", process::id()));
                    // Who holds it is told if it can be; that it is held does not depend on it.
                    drop(noted);
                    return Ok(Self { path, _file: Some(file) });
                }
                Err(TryLockError::WouldBlock) => return Err(NoLock::Held(holder(&mut file))),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self { path, _file: None });
                }
                Err(TryLockError::Error(error)) => return Err(NoLock::Failed(error)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held, so that nobody else's is removed. One that stays is removed by the next run.
        let _ = fs::remove_file(&self.path);
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(MAX_HOLDER).read_to_string(&mut text).ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}
