//! Where text goes: results to standard output, everything else to standard error.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use crate::failure::Failure;

/// Prints a result.
pub fn print(text: &str) -> Result<(), Failure> {
    stream(|out| out.write_all(text.as_bytes()))
}

/// Prints a result piece by piece. A reader that has gone away (`truezero … | head`) is no failure.
pub fn stream(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let result = content(&mut out).and_then(|()| out.flush());
    // What could not be written must not be tried again when the buffer is dropped.
    let _ = out.into_parts();
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::io("write", Path::new("standard output"))(error))
        }
        _ => Ok(()),
    }
}

/// Prints a line for the person watching; nobody watching is no failure.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a warning.
pub fn warn(message: &str) {
    note(&format!("warning: {message}"));
}
