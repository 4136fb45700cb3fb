//! Memory that trainings side by side share: each says what it costs before it begins, and waits until those at work leave
//! it enough.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use truezero_sparse::memory;

use crate::signal;

/// How often one that waits looks whether it is to give up.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct Room {
    inside: Mutex<Inside>,
    left: Condvar,
}

/// Those at work.
#[derive(Debug, Default)]
struct Inside {
    trainings: usize,
    /// Bytes of memory that they take together.
    taken: u64,
    /// Bytes that there were before the first of them began, if that is known.
    all: Option<u64>,
}

/// The place of a training at work.
#[derive(Debug)]
pub struct Place<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    /// Waits until so many bytes are left. One that is alone goes in whatever it takes: that it is too much is told where it
    /// is asked for.
    pub fn enter(&self, bytes: u64) -> Place<'_> {
        let mut inside = self.inside();
        while !inside.holds(bytes) && !signal::interrupted() {
            let waited = self.left.wait_timeout(inside, LOOK).unwrap_or_else(PoisonError::into_inner);
            inside = waited.0;
        }
        inside.enter(bytes, memory::available);
        Place { room: self, bytes }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Whether a training that takes so many bytes can begin now.
    fn holds(&self, bytes: u64) -> bool {
        let fits = |all| self.taken.saturating_add(bytes) <= all;
        self.trainings == 0 || self.all.is_none_or(fits)
    }

    fn enter(&mut self, bytes: u64, available: impl FnOnce() -> Option<u64>) {
        if self.trainings == 0 {
            self.all = available();
        }
        self.trainings += 1;
        self.taken = self.taken.saturating_add(bytes);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut inside = self.room.inside();
        inside.trainings -= 1;
        inside.taken -= self.bytes.min(inside.taken);
        drop(inside);
        self.room.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trainings_wait_until_there_is_memory_for_all_of_them() {
        let mut inside = Inside::default();
        assert!(inside.holds(u64::MAX), "one alone is told elsewhere that it is too much");
        inside.enter(60, || Some(100));
        assert!(inside.holds(40) && !inside.holds(41) && !inside.holds(u64::MAX));
        inside.enter(40, || unreachable!("it is known from the first"));
        assert!(!inside.holds(1));
        let unknown = Inside { trainings: 1, taken: u64::MAX, all: None };
        assert!(unknown.holds(1), "where nothing is known, nothing is waited for");
    }

    #[test]
    fn who_waits_goes_on_when_another_is_done() {
        let room = Room::default();
        let first = room.enter(u64::MAX);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(room.enter(1)));
            drop(first);
            second.join().unwrap();
        });
        let inside = room.inside();
        assert_eq!((inside.trainings, inside.taken), (0, 0));
    }
}
