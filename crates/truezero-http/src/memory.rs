//! Memory that requests and their answers take together: a sum that is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::problem::Problem;

/// The memory that is shared out; a clone is the same memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    /// All there is.
    bytes: usize,
    taken: AtomicUsize,
}

impl Memory {
    /// So many bytes.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Pool { bytes, taken: AtomicUsize::new(0) }))
    }

    /// Takes a share.
    ///
    /// # Errors
    /// 503 if others have too much of it, 413 if there is not as much at all.
    pub(crate) fn take(&self, bytes: usize) -> Result<Share, Problem> {
        let mut share = Share { memory: self.clone(), bytes: 0 };
        share.grow(bytes)?;
        Ok(share)
    }
}

/// A share of the memory, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    bytes: usize,
}

impl Share {
    /// One of a memory that has no end.
    pub(crate) fn unlimited() -> Self {
        Self { memory: Memory::new(usize::MAX), bytes: 0 }
    }

    /// Takes more.
    ///
    /// # Errors
    /// 503 if others have too much of it, 413 if there is not as much at all.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), Problem> {
        let pool = &*self.memory.0;
        if self.bytes.saturating_add(more) > pool.bytes {
            return Err(Problem::too_large("bytes of memory for the request", pool.bytes));
        }
        let grown = |taken: usize| taken.checked_add(more).filter(|&taken| taken <= pool.bytes);
        pool.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).map_err(|_| {
            Problem::busy(format!("{more} bytes of memory are needed, and other requests have them"))
        })?;
        self.bytes += more;
        Ok(())
    }

    /// Takes so much out of it as a share of its own, and what is missing from the memory.
    pub(crate) fn split(&mut self, bytes: usize) -> Result<Self, Problem> {
        self.grow(bytes.saturating_sub(self.bytes))?;
        self.bytes -= bytes;
        Ok(Self { memory: self.memory.clone(), bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.0.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_shared_out_than_there_is() {
        let memory = Memory::new(100);
        let mut one = memory.take(60).unwrap();
        assert_eq!(memory.take(101).unwrap_err().status(), 413, "never");
        assert_eq!(memory.take(41).unwrap_err().status(), 503, "not at present");
        let other = memory.take(40).unwrap();
        assert_eq!(one.grow(1).unwrap_err().status(), 503);
        drop(other);
        one.grow(40).unwrap();
        assert_eq!(one.grow(1).unwrap_err().status(), 413, "one request has all there is");
        drop(one);
        drop(memory.take(100).unwrap());
    }

    #[test]
    fn a_part_of_a_share_may_live_longer() {
        let memory = Memory::new(100);
        let mut whole = memory.take(60).unwrap();
        let part = whole.split(20).unwrap();
        let more = whole.split(70).unwrap();
        drop(whole);
        assert_eq!(memory.take(11).unwrap_err().status(), 503, "20 and 70 are taken");
        drop((part, more));
        drop(memory.take(100).unwrap());
    }
}
