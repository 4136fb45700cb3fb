//! How much memory may be made of a file.
//!
//! A few bytes can stand for any number of values: gzip, the codecs of Parquet and Arrow, dictionaries, runs, sizes that
//! are only announced. So what is made of a file is counted before it is allocated, and refused from a limit on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
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

/// Bytes of memory that a text of its own takes, of so many bytes: what allocators give is not less, and in steps.
pub(crate) fn of_text(bytes: usize) -> u64 {
    const LEAST: u64 = 32;
    const STEP: u64 = 16;
    size_of::<String>() as u64 + LEAST.max((bytes as u64).saturating_add(STEP / 2).next_multiple_of(STEP))
}

/// What is made of a file, counted: what is in memory now, as long as what is let go of is given back.
#[derive(Debug)]
pub(crate) struct Budget {
    path: PathBuf,
    most: u64,
    taken: AtomicU64,
}

impl Budget {
    /// Of a file of so many bytes.
    pub(crate) fn new(path: &Path, file: u64) -> Self {
        Self::up_to(path, LIMIT.load(Ordering::Relaxed).max(file.saturating_mul(EXPANSION)))
    }

    /// Of so many bytes of memory.
    pub(crate) fn up_to(path: &Path, most: u64) -> Self {
        Self { path: path.to_owned(), most, taken: AtomicU64::new(0) }
    }

    /// Of as many bytes as there is memory for: of what is in memory already, and not of a file.
    pub(crate) fn unlimited(name: &str) -> Arc<Self> {
        Arc::new(Self::up_to(Path::new(name), u64::MAX))
    }

    /// The file's path, or the name it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
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

    /// Gives back bytes that were taken.
    pub(crate) fn give(&self, bytes: u64) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Makes room for `more` values in a vector that is there for a while, and is not counted. Room is found to be there
    /// before the vector grows.
    ///
    /// # Errors
    /// If it is more than may still be taken, or is not there.
    pub(crate) fn reserve<T>(&self, vector: &mut Vec<T>, more: usize, place: &str) -> Result<(), DataError> {
        let (length, capacity) = (vector.len(), vector.capacity());
        let needed = length.saturating_add(more);
        if needed <= capacity {
            return Ok(());
        }
        let bytes = |values: usize| (values as u64).saturating_mul(size_of::<T>() as u64);
        // Twice as much, so that growing step by step is not copying at each; less if there is not so much.
        for wanted in [capacity.saturating_mul(2), capacity.saturating_add(capacity / 8), 0] {
            let wanted = wanted.max(needed);
            if self.fits(bytes(wanted), place).is_ok()
                && (bytes(wanted) < LARGE || memory::check(bytes(wanted - capacity)).is_ok())
                && vector.try_reserve_exact(wanted - length).is_ok()
            {
                return Ok(());
            }
        }
        self.fits(bytes(needed), place)?;
        let there = memory::available().unwrap_or(0).saturating_add(bytes(capacity));
        Err(self.error(bytes(needed), there, place.to_owned()))
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
    fn a_word_takes_more_than_its_letters() {
        assert_eq!([1, 24, 25, 100].map(of_text), [56, 56, 72, 136]);
    }

    #[test]
    fn vectors_grow_as_far_as_the_limit() {
        let budget = Budget::up_to(Path::new("a.b"), 100);
        let mut vector: Vec<u32> = Vec::new();
        for more in [10, 5, 10] {
            budget.reserve(&mut vector, more, "here").unwrap();
            vector.extend(vec![0; more]);
            assert!((vector.len()..=25).contains(&vector.capacity()), "{}", vector.capacity());
        }
        let error = budget.reserve(&mut vector, 1, "here").unwrap_err().to_string();
        assert!(
            error.starts_with("a.b: here: expected data that takes at most 100 bytes of memory"),
            "{error}"
        );
        budget.take(100, String::new).unwrap();
        assert!(budget.reserve(&mut Vec::<u8>::new(), 1, "here").is_err());
        budget.give(100);
        budget.take(100, String::new).unwrap();
        assert!(
            Budget::up_to(Path::new("a"), u64::MAX).reserve(&mut Vec::<u64>::new(), 1 << 60, "here").is_err()
        );
    }

    #[test]
    fn a_large_file_may_come_to_a_multiple_of_itself() {
        let budget = Budget::new(Path::new("a.b"), MAX_MEMORY);
        budget.fits(EXPANSION * MAX_MEMORY, "here").unwrap();
        assert!(budget.fits(EXPANSION * MAX_MEMORY + 1, "here").is_err());
    }
}
