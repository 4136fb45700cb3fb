//! Files of results.

use std::io::Write;

use serde::Serialize;
use truezero_data::files::Output;

use crate::error::Error;

/// Writes a file.
pub(crate) fn write(output: &Output, bytes: &[u8]) -> Result<(), Error> {
    Ok(output.write(|mut file| file.write_all(bytes))?)
}

/// [Writes](write) a value as JSON, readable.
///
/// # Panics
/// If the value has keys that are not text; ours do not.
pub(crate) fn write_json(output: &Output, value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value).expect("keys are text");
    text.push(b'\n');
    write(output, &text)
}
