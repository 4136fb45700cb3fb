//! Files that are read at once, one after the other.

use std::path::{Path, PathBuf};

use super::density::{Density, Form};
use super::{Kind, Shard, csr};
use crate::formats::TableOptions;
use crate::source::{Format, read_file};
use crate::{DataError, Notice, Raw, Source};

/// Goes through all files.
pub(super) fn scan(
    paths: &[PathBuf],
    format: Format,
    options: &TableOptions,
) -> Result<Vec<Shard>, DataError> {
    if format == Format::Npz {
        // Beside arrays with all their zeros, such matrices are to have the form of these.
        if let Some(shards) = csr::scan(paths)? {
            return Ok(shards);
        }
    }
    let mut density = Density::default();
    let mut shards = Vec::with_capacity(paths.len());
    for path in paths {
        let Source { train: raw, validation, test, .. } = read_file(path, format, options, None)?;
        if validation.is_some() || test.is_some() {
            let message = "only the training part is read, as from every file of several";
            options.notices.tell(Notice::new(path.display().to_string(), message));
        }
        density.add(&raw);
        let kind = Kind::Whole(format, Form::Active);
        shards.push(Shard { path: path.clone(), examples: raw.examples(), kind });
    }
    for shard in &mut shards {
        if let Kind::Whole(_, form) = &mut shard.kind {
            *form = density.form();
        }
    }
    Ok(shards)
}

/// Reads a file in one piece.
pub(super) struct Reader<'a> {
    path: &'a Path,
    format: Format,
    form: Form,
    options: &'a TableOptions,
    done: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, format: Format, form: Form, options: &'a TableOptions) -> Self {
        Self { path, format, form, options, done: false }
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        read_file(self.path, self.format, self.options, None).map(|source| Some(self.form.of(source.train)))
    }
}
