//! What a command writes, told to the person who called it.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use truezero_data::files::{InputFiles, Kind, Output};

use crate::failure::Failure;
use crate::output;

/// Checks, before any work, that a file can be written and that nothing is lost by it.
///
/// # Errors
/// What stands in the way.
pub fn open(path: &Path, kind: Kind<'_>, inputs: &InputFiles, force: bool) -> Result<Output, Failure> {
    let output = Output::open(path, kind, inputs, force)?;
    if output.is_standard_output() {
        output::keep_from_standard_output();
    }
    Ok(output)
}

/// Tells of a model that is going to be replaced, once the work begins whose result replaces it.
pub fn tell_replaced(output: &Output) {
    if output.replaces() {
        let path = output.path();
        let origin = truezero::origin(path).map_or_else(String::new, |origin| format!(" ({origin})"));
        output::note(&format!("will replace {}{origin}", path.display()));
    }
}

/// Writes a file through a buffer.
///
/// # Errors
/// What stood in the way; what was there is still there.
pub fn write(output: &Output, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    Ok(output.write(|file| {
        let mut file = BufWriter::new(file);
        content(&mut file)?;
        file.flush()
    })?)
}
