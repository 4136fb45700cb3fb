//! Threads that wait for work between one product and the next.
//!
//! A product of a mini-batch takes some ten microseconds, and waking a sleeping thread about as long. So
//! a helper that has finished keeps looking for the next job for a while before it goes to sleep, and the
//! calling thread never waits for a helper to wake: it takes back what was not begun when it is done
//! itself.
//!
//! Looking pays only while products follow each other: a helper looks no longer than it has worked, so that
//! helpers which get little to do, being many, sleep rather than burn the processors' time.
//!
//! ```text
//!             offer              accept             finish
//! WAITING ───────────▶ OFFERED ───────────▶ BUSY ───────────▶ WAITING
//! ASLEEP  ─(and wake)▶    │                                      │ nothing for a while
//!                         └── taken back ──▶ WAITING             ▼
//!                                                              ASLEEP
//! ```

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long a helper looks for work at most before it goes to sleep: longer than what a training step does
/// between its products, short enough not to be noticed when a program pauses.
const PATIENCE: Duration = Duration::from_micros(300);

/// Looks between two glances at the clock.
const LOOKS: usize = 64;

/// The states of a helper.
const WAITING: u32 = 0;
const OFFERED: u32 = 1;
const BUSY: u32 = 2;
const ASLEEP: u32 = 3;
const DISMISSED: u32 = 4;

/// What a helper is asked to do, given its number. It lives as long as the call of [`Helpers::share`]
/// that offers it.
type Job = *const (dyn Fn(usize) + Sync);

/// What the calling thread and one helper share; on a cache line of its own.
#[repr(align(128))]
struct Desk {
    state: AtomicU32,
    /// Written by the calling thread before it offers, read by the helper while it is busy.
    job: UnsafeCell<Option<Job>>,
    /// What a job panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is written by the thread that owns `Helpers` (mutably borrowed) while the state is neither
// OFFERED nor BUSY, and read by the helper only while it is BUSY; the changes of state between order these
// accesses. What it points to may be called from any thread, being Sync.
unsafe impl Sync for Desk {}
// SAFETY: as above.
unsafe impl Send for Desk {}

/// Some threads that do a part of the caller's work.
#[derive(Debug)]
pub(crate) struct Helpers {
    helpers: Vec<Helper>,
    /// The process that started them. A process forked from it has a copy of this, but none of the threads.
    process: u32,
}

struct Helper {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Helper").finish_non_exhaustive()
    }
}

impl Helpers {
    /// Starts `count` threads.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let mut helpers = Self { helpers: Vec::with_capacity(count), process: process::id() };
        for number in 0..count {
            let desk = Arc::new(Desk {
                state: AtomicU32::new(WAITING),
                job: UnsafeCell::new(None),
                panic: Mutex::new(None),
            });
            let theirs = Arc::clone(&desk);
            let thread = thread::Builder::new()
                .name(format!("truezero-{}", number + 1))
                .spawn(move || serve(&theirs, number))?;
            helpers.helpers.push(Helper { desk, thread: Some(thread) });
        }
        Ok(helpers)
    }

    /// Calls `mine` here and `help(number)` on at most `most` of the helpers, each once; on fewer, or none,
    /// if `mine` has returned before they begin. Returns when all that began have returned. In a forked process there
    /// are no helpers, and none is asked.
    ///
    /// # Panics
    /// If one of the calls does, after all have ended.
    pub(crate) fn share(&mut self, most: usize, help: &(dyn Fn(usize) + Sync), mine: impl FnOnce()) {
        if !self.are_here() {
            return mine();
        }
        // SAFETY: only the lifetime is changed. No helper uses the job after `call_back`, which follows whatever
        // becomes of `mine`.
        let job: Job = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Job>(help) };
        let asked = &self.helpers[..most.min(self.helpers.len())];
        asked.iter().for_each(|helper| helper.offer(job));
        let mine = catch_unwind(AssertUnwindSafe(mine));
        asked.iter().for_each(Helper::call_back);
        // All are taken, and the first is passed on: what is left would be taken for a panic of the next job.
        let mut panics: Vec<_> = mine.err().into_iter().collect();
        panics.extend(asked.iter().filter_map(Helper::take_panic));
        if let Some(panic) = panics.into_iter().next() {
            resume_unwind(panic);
        }
    }
}

impl Helpers {
    /// Whether this is the process whose threads they are.
    fn are_here(&self) -> bool {
        self.process == process::id()
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        let here = self.are_here();
        for helper in &mut self.helpers {
            if !here {
                // To join or detach a thread that is not there fails.
                std::mem::forget(helper.thread.take());
                continue;
            }
            helper.desk.state.store(DISMISSED, Ordering::Release);
            if let Some(thread) = helper.thread.take() {
                thread.thread().unpark();
                // A helper catches the panics of its jobs, so it has none of its own.
                let _ = thread.join();
            }
        }
    }
}

impl Helper {
    fn thread(&self) -> &Thread {
        self.thread.as_ref().expect("joined only when dropped").thread()
    }

    /// Offers a job to a helper that has none.
    fn offer(&self, job: Job) {
        // SAFETY: the helper is WAITING or ASLEEP, or about to change from one to the other; it does not
        // look at the job.
        unsafe { *self.desk.job.get() = Some(job) };
        if self.desk.state.swap(OFFERED, Ordering::AcqRel) == ASLEEP {
            self.thread().unpark();
        }
    }

    /// What its job panicked with, if it did.
    fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.desk.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes the job back if it was not begun, else waits for its end.
    fn call_back(&self) {
        let state = &self.desk.state;
        let taken_back = state.compare_exchange(OFFERED, WAITING, Ordering::Acquire, Ordering::Acquire);
        if taken_back.is_ok() {
            return;
        }
        let mut looks = 0_usize;
        while state.load(Ordering::Acquire) == BUSY {
            looks += 1;
            // With more threads than processors, the helper may need this one's.
            if looks.is_multiple_of(LOOKS * LOOKS) { thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

/// The life of a helper.
fn serve(desk: &Desk, number: usize) {
    let mut patience = Patience::default();
    loop {
        match desk.state.load(Ordering::Acquire) {
            DISMISSED => return,
            OFFERED => {
                let begun = desk.state.compare_exchange(OFFERED, BUSY, Ordering::Acquire, Ordering::Relaxed);
                if begun.is_ok() {
                    let began = Instant::now();
                    work(desk, number);
                    desk.state.store(WAITING, Ordering::Release);
                    patience.worked(began.elapsed());
                }
            }
            _ => patience.looked(wait(desk, patience)),
        }
    }
}

/// Does the job on the desk.
fn work(desk: &Desk, number: usize) {
    // SAFETY: the helper is BUSY, so the caller has written the job, leaves it alone, and does not return
    // from the call that keeps it alive.
    let job = unsafe { (*desk.job.get()).map(|job| &*job) };
    if let Some(job) = job
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(number)))
        && let Ok(mut place) = desk.panic.lock()
    {
        *place = Some(panic);
    }
}

/// How long a helper may look for work: as long as it has worked since it looked last, and never longer than
/// [`PATIENCE`], with which it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(PATIENCE)
    }
}

impl Patience {
    fn worked(&mut self, time: Duration) {
        self.0 = (self.0 + time).min(PATIENCE);
    }

    fn looked(&mut self, time: Duration) {
        self.0 = self.0.saturating_sub(time);
    }
}

/// Returns when the state may no longer be WAITING; sleeps if that takes longer than its patience. Gives how long it
/// has looked.
fn wait(desk: &Desk, Patience(patience): Patience) -> Duration {
    let began = Instant::now();
    while began.elapsed() < patience {
        for _ in 0..LOOKS {
            if desk.state.load(Ordering::Relaxed) != WAITING {
                return began.elapsed();
            }
            std::hint::spin_loop();
        }
    }
    if desk.state.compare_exchange(WAITING, ASLEEP, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        while desk.state.load(Ordering::Acquire) == ASLEEP {
            thread::park();
        }
    }
    patience
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn each_helper_is_called_at_most_once_and_has_ended_on_return() {
        let mut helpers = Helpers::start(3).unwrap();
        for round in 0..2000 {
            let calls: [AtomicUsize; 3] = Default::default();
            let running = AtomicUsize::new(0);
            let help = |number: usize| {
                running.fetch_add(1, Ordering::SeqCst);
                calls[number].fetch_add(1, Ordering::SeqCst);
                running.fetch_sub(1, Ordering::SeqCst);
            };
            let mut mine = false;
            helpers.share(2, &help, || mine = true);
            assert!(mine);
            assert_eq!(running.load(Ordering::SeqCst), 0);
            assert!(calls.iter().all(|calls| calls.load(Ordering::SeqCst) <= 1));
            assert_eq!(calls[2].load(Ordering::SeqCst), 0, "only two were asked");
            if round % 500 == 0 {
                thread::sleep(2 * PATIENCE); // until they sleep
            }
        }
    }

    #[test]
    fn helpers_do_help() {
        let mut helpers = Helpers::start(1).unwrap();
        let helped = AtomicUsize::new(0);
        let help = |_| {
            helped.fetch_add(1, Ordering::SeqCst);
        };
        helpers.share(1, &help, || {
            while helped.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
        });
        assert_eq!(helped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_helper_looks_for_work_no_longer_than_it_has_worked() {
        let micros = Duration::from_micros;
        let mut patience = Patience::default();
        patience.worked(micros(1));
        assert_eq!(patience, Patience(PATIENCE), "never longer than at the start");
        patience.looked(PATIENCE.saturating_sub(micros(20)));
        patience.worked(micros(5));
        assert_eq!(patience, Patience(micros(25)));
        patience.looked(micros(26));
        assert_eq!(patience, Patience(Duration::ZERO));
    }

    #[test]
    fn of_several_panics_none_is_left_for_the_next_job() {
        let mut helpers = Helpers::start(2).unwrap();
        for mine_panics in [false, true] {
            let begun = AtomicUsize::new(0);
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let help = |_| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    panic!("as meant by the test");
                };
                helpers.share(2, &help, || {
                    while begun.load(Ordering::SeqCst) < 2 {
                        thread::yield_now();
                    }
                    assert!(!mine_panics, "mine");
                });
            }));
            let expected = if mine_panics { "mine" } else { "as meant by the test" };
            assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), expected);
            for _ in 0..3 {
                helpers.share(2, &|_| {}, || {});
            }
        }
    }

    #[test]
    fn a_panic_of_a_helper_reaches_the_caller_and_the_helper_lives_on() {
        let mut helpers = Helpers::start(1).unwrap();
        let begun = AtomicUsize::new(0);
        for _ in 0..2 {
            begun.store(0, Ordering::SeqCst);
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let help = |_| {
                    begun.store(1, Ordering::SeqCst);
                    panic!("as meant by the test");
                };
                helpers.share(1, &help, || {
                    while begun.load(Ordering::SeqCst) == 0 {
                        thread::yield_now();
                    }
                });
            }));
            assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "as meant by the test");
        }
    }
}
