//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::error::Error;

/// Writes a file under another name in the same folder, then renames it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".truezero-");
    // A temporary file is private by default; a result is a file like any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // What `tempfile` adds to an error is the temporary name, which would only confuse.
    let temporary =
        builder.tempfile_in(folder).map_err(|error| Error::io("write", path)(error.kind().into()))?;
    let written = temporary.as_file().write_all(bytes).and_then(|()| temporary.as_file().sync_all());
    written.map_err(Error::io("write", path))?;
    temporary.persist(path).map(drop).map_err(|error| Error::io("write", path)(error.error))
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
