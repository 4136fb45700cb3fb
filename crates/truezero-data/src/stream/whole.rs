//! Files that are read at once, one after the other.

use std::path::{Path, PathBuf};

use super::{Kind, Shard, csr};
use crate::formats::TableOptions;
use crate::source::{Format, read_file};
use crate::{DataError, Raw};

/// Goes through all files.
pub(super) fn scan(
    paths: &[PathBuf],
    format: Format,
    options: &TableOptions,
) -> Result<Vec<Shard>, DataError> {
    let shard = |path: &PathBuf| {
        if format == Format::Npz
            && let Some(shard) = csr::scan(path)?
        {
            return Ok(shard);
        }
        let examples = read_file(path, format, options, None)?.train.examples();
        Ok(Shard { path: path.clone(), examples, kind: Kind::Whole(format) })
    };
    paths.iter().map(shard).collect()
}

/// Reads a file in one piece.
pub(super) struct Reader<'a> {
    path: &'a Path,
    format: Format,
    options: &'a TableOptions,
    done: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, format: Format, options: &'a TableOptions) -> Self {
        Self { path, format, options, done: false }
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        read_file(self.path, self.format, self.options, None).map(|source| Some(source.train))
    }
}
