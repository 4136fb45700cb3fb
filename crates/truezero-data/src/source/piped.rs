//! Data that can be read only once: standard input, and pipes that are named as files are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::DataError;

/// What standard input is called where a file could be named.
pub const STDIN: &str = "-";
/// What messages call it.
const STDIN_NAME: &str = "standard input";
/// Most bytes that are taken from there: all are kept in memory.
pub const MAX_PIPED: u64 = 1 << 32;

/// Whether what is named so can be read only once.
pub(crate) fn is_piped(data: &str) -> bool {
    data == STDIN || Path::new(data).metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Its name in messages, and all its bytes.
pub(crate) fn read(data: &str) -> Result<(String, Vec<u8>), DataError> {
    let name = if data == STDIN { STDIN_NAME } else { data };
    let path = Path::new(name);
    let mut bytes = Vec::new();
    let mut take = |reader: &mut dyn Read| reader.take(MAX_PIPED + 1).read_to_end(&mut bytes);
    if data == STDIN {
        take(&mut io::stdin().lock())
    } else {
        take(&mut File::open(path).map_err(DataError::io("open", path))?)
    }
    .map_err(DataError::io("read", path))?;
    if bytes.len() as u64 > MAX_PIPED {
        let (expected, found) =
            (format!("at most {} GiB", MAX_PIPED >> 30), "more\nhint: write it to a file");
        return Err(DataError::malformed(path, "size", expected, found));
    }
    Ok((name.to_owned(), bytes))
}
