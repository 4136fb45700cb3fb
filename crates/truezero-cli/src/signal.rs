//! The polite way to stop: the first interrupt lets the present mini-batch finish, the second does not.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::output::note;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a shell adds to the number of the signal that ended a process.
const SIGNALLED: u8 = 128;

/// The number of SIGINT.
const INTERRUPT: u8 = 2;

/// From here on SIGINT (Ctrl-C) and SIGTERM are only taken note of, once.
pub fn listen() -> Result<(), Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Message(format!("cannot listen for interrupts: {error}"));
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(exit_code().into());
        }
        note("interrupted: saving after this mini-batch; interrupt again to stop at once");
    })
    .map_err(|error| failed(&error))?;
    // After the handler, which it calls.
    remember_termination().map_err(|error| failed(&error))
}

/// Whether there was an interrupt.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The exit code of a command that was broken off, as if the signal had ended the process.
pub fn exit_code() -> u8 {
    SIGNALLED + termination().unwrap_or(INTERRUPT)
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock};

    use signal_hook::consts::{SIGTERM, SIGXFSZ};
    use signal_hook::flag;

    static TERMINATION: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

    /// Takes note of SIGTERM, to tell it from SIGINT.
    pub fn remember_termination() -> io::Result<()> {
        flag::register_usize(SIGTERM, TERMINATION.clone(), SIGTERM as usize).map(drop)
    }

    /// The number of SIGTERM, if that came.
    pub fn termination() -> Option<u8> {
        let number = TERMINATION.load(Ordering::Relaxed);
        u8::try_from(number).ok().filter(|&number| number > 0)
    }

    /// From here on a file that grows beyond its limit is an error of the write, and not the end of the process.
    pub fn outlive_file_limit() {
        // Where it cannot be, the process ends as before, and what it leaves is removed by the next one.
        let _ = flag::register(SIGXFSZ, Arc::<AtomicBool>::default());
    }
}

#[cfg(not(unix))]
mod unix {
    pub fn remember_termination() -> std::io::Result<()> {
        Ok(())
    }

    pub fn termination() -> Option<u8> {
        None
    }

    pub fn outlive_file_limit() {}
}

pub use unix::outlive_file_limit;
use unix::{remember_termination, termination};
