//! How much memory may be made of a file.
//!
//! A few bytes can stand for any number of values: gzip, the codecs of Parquet and Arrow, dictionaries, runs, sizes that
//! are only announced. So what is made of a file is counted before it is allocated, and refused from a limit on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use truezero_sparse::memory::{self, shown};

use crate::DataError;

/// Bytes of memory that may be made of a file, unless [`set_max_memory`] says otherwise.
pub const MAX_MEMORY: u64 = 2 << 30;

/// A larger file may come to so many times its own bytes: a text that holds nothing but short words does.
const EXPANSION: u64 = 32;

/// From so many bytes on, what is counted is also compared with the memory that is there.
const LARGE: u64 = 64 << 20;

static LIMIT: AtomicU64 = AtomicU64::new(MAX_MEMORY);

/// Sets the bytes of memory that may be made of each file that this process reads from now on.
pub fn set_max_memory(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// What is made of a file, counted.
#[derive(Debug)]
pub(crate) struct Budget {
    path: PathBuf,
    most: u64,
    taken: AtomicU64,
}

impl Budget {
    /// Of a file of so many bytes.
    pub(crate) fn new(path: &Path, file: u64) -> Self {
        let most = LIMIT.load(Ordering::Relaxed).max(file.saturating_mul(EXPANSION));
        Self { path: path.to_owned(), most, taken: AtomicU64::new(0) }
    }

    /// Counts bytes that are about to be taken, for what stands at a `place`.
    ///
    /// # Errors
    /// If they are too many, or are not there.
    pub(crate) fn take(&self, bytes: u64, place: impl FnOnce() -> String) -> Result<(), DataError> {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let after = before.saturating_add(bytes);
        if after > self.most {
            return Err(self.exceeded(after, &place()));
        }
        // Vectors that grow are copied into larger ones: as much as there is must be there again.
        let doubled = before.checked_ilog2() < after.checked_ilog2();
        if after >= LARGE
            && (doubled || bytes >= LARGE)
            && let Err(error) = memory::check(after)
        {
            let available = memory::available().unwrap_or(0);
            return Err(self.error(error.bytes, available, place()));
        }
        Ok(())
    }

    /// Whether so many bytes may still be taken.
    ///
    /// # Errors
    /// If they may not.
    pub(crate) fn fits(&self, bytes: u64, place: &str) -> Result<(), DataError> {
        let all = self.taken.load(Ordering::Relaxed).saturating_add(bytes);
        if all > self.most { Err(self.exceeded(all, place)) } else { Ok(()) }
    }

    /// Bytes that may be taken in all.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// That more than may be is found.
    pub(crate) fn exceeded(&self, found: u64, place: &str) -> DataError {
        self.error(found, self.most, place.to_owned())
    }

    fn error(&self, found: u64, most: u64, place: String) -> DataError {
        DataError::Memory { path: self.path.clone(), place, most: shown(most), found: shown(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_adds_up_to_the_limit() {
        let budget = Budget::new(Path::new("a.b"), 7);
        let place = || "row 3".to_owned();
        budget.take(MAX_MEMORY / 4, place).unwrap();
        budget.fits(MAX_MEMORY * 3 / 4, "here").unwrap();
        let error = budget.fits(MAX_MEMORY, "here").unwrap_err().to_string();
        let expected =
            "a.b: here: expected data that takes at most 2.0 GiB of memory, found 2.5 GiB or more\nhint: ";
        assert!(error.starts_with(expected), "{error}");
        let error = budget.take(u64::MAX - MAX_MEMORY, place).unwrap_err().to_string();
        assert!(error.starts_with("a.b: row 3: expected data that takes at most 2.0 GiB"), "{error}");
    }

    #[test]
    fn a_large_file_may_come_to_a_multiple_of_itself() {
        let budget = Budget::new(Path::new("a.b"), MAX_MEMORY);
        budget.fits(EXPANSION * MAX_MEMORY, "here").unwrap();
        assert!(budget.fits(EXPANSION * MAX_MEMORY + 1, "here").is_err());
    }
}
