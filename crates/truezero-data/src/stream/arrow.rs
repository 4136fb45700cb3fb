//! Arrow files, each read at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Kind, Shard};
use crate::formats::TableOptions;
use crate::formats::arrow::with_batches;
use crate::formats::record_batches::{Typed, columns, names, table};
use crate::formats::typed::{Judge, Roles};
use crate::{DataError, Input, Raw};

/// What all files of the stream together tell of one.
#[derive(Debug)]
pub(super) struct Known(Arc<Roles>);

/// Goes through all files: their types first, then the values that decide what becomes of their columns.
pub(super) fn scan(paths: &[PathBuf], options: &TableOptions) -> Result<Vec<Shard>, DataError> {
    let mut judge = Judge::new(options);
    for path in paths {
        with_batches(Input::open(path)?, options, |_, schema, _, _| {
            judge.declare(schema.fields().iter().map(AsRef::as_ref));
            Ok(())
        })?;
    }
    let (mut counts, mut known) = (Vec::with_capacity(paths.len()), Vec::new());
    for path in paths {
        let rows = with_batches(Input::open(path)?, options, |path, schema, batches, budget| {
            let Typed { rows, columns, .. } = columns(path, schema, batches, options, 0, budget)?;
            judge.see(path, &columns, 0);
            if known.is_empty() {
                known = names(&columns);
            }
            Ok(rows)
        })?;
        counts.push(rows);
    }
    let Some(first) = paths.first() else { return Ok(Vec::new()) };
    let roles = Arc::new(judge.finish(first, &known)?);
    let shard = |(path, examples): (&PathBuf, usize)| Shard {
        path: path.clone(),
        examples,
        kind: Kind::Arrow(Known(roles.clone())),
    };
    Ok(paths.iter().zip(counts).map(shard).collect())
}

/// Reads a file in one piece.
pub(super) struct Reader<'a> {
    path: &'a Path,
    known: &'a Known,
    options: &'a TableOptions,
    done: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, known: &'a Known, options: &'a TableOptions) -> Self {
        Self { path, known, options, done: false }
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let (options, Known(roles)) = (self.options, self.known);
        with_batches(Input::open(self.path)?, options, |path, schema, batches, budget| {
            table(path, schema, batches, options, 0, Some(roles), budget).map(Some)
        })
    }
}
