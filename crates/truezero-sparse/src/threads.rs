//! Work shared among threads, and arrays that they write together.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::helpers::Helpers;

/// Multiply-adds below which handing work to another thread takes longer than doing it.
const WORTH_THREADS: usize = 50_000;

/// Multiply-adds that one thread does in the time in which another one is started, about 0.3 ms on a busy machine.
const WORTH_STARTING: usize = 4_000_000;

/// The calling thread and its helpers, which are started when there has been enough work for them: who asks for a single
/// product of a few examples never waits for a thread.
#[derive(Debug)]
pub(crate) struct Threads {
    count: usize,
    helpers: Team,
}

/// Whether there are other threads.
#[derive(Debug)]
enum Team {
    /// Not started; so many multiply-adds could have been shared.
    NotStarted(usize),
    Started(Helpers),
    /// There are to be none, or the system refused to start them.
    Alone,
}

impl Threads {
    /// `count` threads, the calling one among them. If the system refuses to start the others, the calling
    /// thread works alone; results are the same.
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { count, helpers: if count > 1 { Team::NotStarted(0) } else { Team::Alone } }
    }

    /// The same, but the others are started at once.
    pub(crate) fn started(count: usize) -> Self {
        let mut threads = Self::new(count);
        if threads.count > 1 {
            threads.start();
        }
        threads
    }

    fn start(&mut self) {
        self.helpers = Helpers::start(self.count - 1).map_or(Team::Alone, Team::Started);
    }

    /// Number of threads.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Calls `task(scratch, n)` once for each n below `tasks`, in any order and on any thread; each
    /// thread brings its own scratch memory, of which there must be [`count`](Self::count). Work of
    /// few `multiply_adds` stays on the calling thread.
    pub(crate) fn run<S: Send>(
        &mut self,
        multiply_adds: usize,
        tasks: usize,
        scratch: &mut [S],
        task: impl Fn(&mut S, usize) + Sync,
    ) {
        assert_eq!(scratch.len(), self.count, "expected scratch memory for each thread");
        let (mine, others) = scratch.split_first_mut().expect("at least one thread");
        let shared = tasks > 1 && multiply_adds >= WORTH_THREADS;
        if let Team::NotStarted(asked) = &mut self.helpers
            && shared
        {
            *asked = asked.saturating_add(multiply_adds);
            if *asked >= WORTH_STARTING {
                self.start();
            }
        }
        match &mut self.helpers {
            Team::Started(helpers) if shared => {
                let next = AtomicUsize::new(0);
                let work = |scratch: &mut S| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= tasks {
                            break;
                        }
                        task(scratch, n);
                    }
                };
                let others = Disjoint::new(others);
                let help = |helper: usize| {
                    // SAFETY: each helper has its own number, and calls this once at a time.
                    let scratch = unsafe { others.slice_mut(helper..helper + 1) };
                    work(&mut scratch[0]);
                };
                helpers.share(tasks - 1, &help, || work(mine));
            }
            _ => (0..tasks).for_each(|n| task(mine, n)),
        }
    }
}

/// An array that several threads write, each in places of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    array: PhantomData<&'a mut [T]>,
}

// SAFETY: `Disjoint` stands for an exclusive borrow of an array, of which the threads take parts that
// `slice_mut` asks to be disjoint; sending disjoint parts of an array to threads is sound for T: Send.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// The array to write together.
    pub(crate) fn new(array: &'a mut [T]) -> Self {
        Self { start: array.as_mut_ptr(), len: array.len(), array: PhantomData }
    }

    /// Where an element lies; it need not exist.
    #[inline(always)]
    pub(crate) fn address(&self, at: usize) -> *mut T {
        self.start.wrapping_add(at)
    }

    /// A part of it.
    ///
    /// # Safety
    /// As long as the returned slice lives, no other one that overlaps it may exist.
    ///
    /// # Panics
    /// If the array does not have that part.
    #[allow(unsafe_code, clippy::mut_from_ref)]
    #[inline(always)]
    pub(crate) unsafe fn slice_mut(&self, part: Range<usize>) -> &'a mut [T] {
        assert!(part.start <= part.end && part.end <= self.len, "expected a part of {} elements", self.len);
        // SAFETY: the part lies within the array borrowed exclusively for 'a, and the caller sees to
        // it that no other reference to these elements exists.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(part.start), part.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_started_when_there_was_enough_work() {
        let mut threads = Threads::new(2);
        let mut work = |multiply_adds| {
            threads.run(multiply_adds, 2, &mut [(), ()], |(), _| ());
            matches!(threads.helpers, Team::Started(_))
        };
        assert!(!work(WORTH_STARTING / 2));
        assert!(!work(WORTH_THREADS - 1));
        assert!(work(WORTH_STARTING / 2));
    }

    #[test]
    fn every_task_is_done_once_on_any_number_of_threads() {
        for count in 1..5 {
            for tasks in [0, 1, 2, 100] {
                let mut done = vec![0_u32; tasks];
                let shared = Disjoint::new(&mut done);
                Threads::new(count).run(usize::MAX, tasks, &mut vec![(); count], |(), n| {
                    // SAFETY: each n is given to one task only.
                    let slot = unsafe { shared.slice_mut(n..n + 1) };
                    slot[0] += n as u32 + 1;
                });
                assert!(done.iter().enumerate().all(|(n, &value)| value == n as u32 + 1));
            }
        }
    }
}
