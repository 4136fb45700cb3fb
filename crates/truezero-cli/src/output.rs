//! Where text goes: results to standard output, everything else to standard error. Names of files, columns and classes
//! are those of others, so nothing that a terminal obeys is printed as it is.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use truezero_data::{Notice, Notices, visible};

use crate::failure::Failure;

/// Whether a file is written to standard output.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// From here on results are printed to standard error: standard output is the file that a command writes.
pub fn keep_from_standard_output() {
    TAKEN.store(true, Ordering::Relaxed);
}

/// Prints a result.
pub fn print(text: &str) -> Result<(), Failure> {
    write(|out| out.write_all(visible(text).as_bytes()))
}

/// Prints data piece by piece: to another program exactly, on a terminal as a [result](print).
pub fn stream(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    if TAKEN.load(Ordering::Relaxed) || !io::stdout().is_terminal() {
        return write(content);
    }
    let mut bytes = Vec::new();
    content(&mut bytes).map_err(Failure::io("write", Path::new("standard output")))?;
    print(&String::from_utf8_lossy(&bytes))
}

/// A reader that has gone away (`truezero … | head`) is no failure.
fn write(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let (name, stream): (_, Box<dyn Write>) = if TAKEN.load(Ordering::Relaxed) {
        ("standard error", Box::new(io::stderr().lock()))
    } else {
        ("standard output", Box::new(io::stdout().lock()))
    };
    let mut out = BufWriter::new(stream);
    let result = content(&mut out).and_then(|()| out.flush());
    // What could not be written must not be tried again when the buffer is dropped.
    let _ = out.into_parts();
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::io("write", Path::new(name))(error))
        }
        _ => Ok(()),
    }
}

/// Prints a line for the person watching; nobody watching is no failure.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(line));
}

/// Prints a warning.
pub fn warn(message: &str) {
    note(&format!("warning: {message}"));
}

/// What data, preparation and training have to tell that is no failure. Each notice is printed once as a warning, at the
/// latest when this goes out of scope, so that a failure's error comes after what led to it. `--quiet` does not hide them.
#[derive(Default)]
pub struct Warnings {
    notices: Notices,
    shown: Vec<Notice>,
}

impl Warnings {
    /// Of notices that are collected already.
    pub fn of(notices: &Notices) -> Self {
        Self { notices: notices.clone(), shown: Vec::new() }
    }

    /// Where notices are to be collected.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Prints those that were not printed yet.
    pub fn show(&mut self) {
        for notice in self.notices.all() {
            if !self.shown.contains(&notice) {
                warn(&notice.to_string());
                self.shown.push(notice);
            }
        }
    }

    /// All there are, as `--json` gives them in the field `warnings`.
    pub fn all(&self) -> Vec<Notice> {
        self.notices.all()
    }
}

impl Drop for Warnings {
    fn drop(&mut self) {
        self.show();
    }
}
