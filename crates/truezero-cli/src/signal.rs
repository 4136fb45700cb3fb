//! The polite way to stop: the first interrupt lets the present mini-batch finish, the second does not.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::output::note;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Exit code of a process that an interrupt ended.
const EXIT_INTERRUPTED: i32 = 130;

/// From here on SIGINT (Ctrl-C) and SIGTERM are only taken note of, once.
pub fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(EXIT_INTERRUPTED);
        }
        note("interrupted: saving after this mini-batch; interrupt again to stop at once");
    })
    .map_err(|error| Failure::Message(format!("cannot listen for interrupts: {error}")))
}

/// Whether there was an interrupt.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
