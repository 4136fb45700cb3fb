//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use truezero_data::files;

use crate::error::Error;

/// Writes a file under another name in the same folder, then renames it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    files::write(path, |mut file| file.write_all(bytes)).map_err(Error::io("write", path))
}

/// [Writes](write) a value as JSON, readable.
///
/// # Panics
/// If the value has keys that are not text; ours do not.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value).expect("keys are text");
    text.push(b'\n');
    write(path, &text)
}
