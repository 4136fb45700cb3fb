//! Parquet files, some rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use arrow_array::RecordBatchReader as _;

use super::{Kind, Shard};
use crate::budget::Budget;
use crate::formats::TableOptions;
use crate::formats::parquet::{Chosen, metadata};
use crate::formats::parquet_footer::check_pages;
use crate::formats::record_batches::{Typed, catch, columns, names, table};
use crate::formats::typed::{Judge, Roles};
use crate::{DataError, Raw};

/// What all files of the stream together tell of one.
#[derive(Debug)]
pub(super) struct Known(Arc<Roles>);

/// Reads the counts of all files, and the values that decide what becomes of their columns.
pub(super) fn scan(paths: &[PathBuf], options: &TableOptions) -> Result<Vec<Shard>, DataError> {
    let mut judge = Judge::new(options);
    let mut counts = Vec::with_capacity(paths.len());
    let mut known = Vec::new();
    for path in paths {
        let (chosen, _) = chosen(path, options)?;
        judge.declare(chosen.fields());
    }
    for path in paths {
        let (chosen, file) = chosen(path, options)?;
        let rows = chosen.metadata.metadata().file_metadata().num_rows();
        counts.push(
            usize::try_from(rows)
                .map_err(|_| DataError::malformed(path, "metadata", "a number of rows", rows.to_string()))?,
        );
        catch(path, || {
            let budget = Budget::new(path, 0);
            check_pages(path, &file, &chosen.metadata, &chosen.columns, false, &budget)?;
            if known.is_empty() {
                known = names_of(path, &chosen, options)?;
            }
            look(path, chosen, file, options, &mut judge)
        })?;
    }
    let Some(first) = paths.first() else { return Ok(Vec::new()) };
    let roles = Arc::new(judge.finish(first, &known)?);
    let shard = |(path, examples): (&PathBuf, usize)| Shard {
        path: path.clone(),
        examples,
        kind: Kind::Parquet(Known(roles.clone())),
    };
    Ok(paths.iter().zip(counts).map(shard).collect())
}

/// The file at a path, and which of its columns are read.
fn chosen(path: &Path, options: &TableOptions) -> Result<(Chosen, File), DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    let chosen = catch(path, || Chosen::new(path, metadata(path, &file)?, options))?;
    Ok((chosen, file))
}

/// The names of the columns: the first row tells how many a list becomes.
fn names_of(path: &Path, chosen: &Chosen, options: &TableOptions) -> Result<Vec<String>, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    let mut batches = chosen.batches(path, file, 1)?;
    let schema = batches.schema();
    let Some(first) = batches.next() else { return Ok(Vec::new()) };
    let budget = Budget::new(path, 0);
    Ok(names(&columns(path, &schema, [first].into_iter(), options, 0, &budget)?.columns))
}

/// Shows a judge the values of a file that it looks at.
fn look(
    path: &Path,
    chosen: Chosen,
    file: File,
    options: &TableOptions,
    judge: &mut Judge,
) -> Result<(), DataError> {
    let chosen = chosen.only(|field| judge.looks_at_field(field));
    if chosen.columns.is_empty() {
        return Ok(());
    }
    let batches = chosen.batches(path, file, MAX_BATCH)?;
    let (schema, mut before) = (batches.schema(), 0);
    for batch in batches {
        let budget = Budget::new(path, 0);
        let batch = [batch].into_iter();
        let Typed { rows, columns, .. } = columns(path, &schema, batch, options, before, &budget)?;
        judge.see(path, &columns, before);
        before += rows;
    }
    Ok(())
}

/// Reads a file in pieces.
pub(super) struct Reader<'a> {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    known: &'a Known,
    options: &'a TableOptions,
    /// Rows so far.
    rows: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(
        path: &Path,
        known: &'a Known,
        options: &'a TableOptions,
        values: usize,
    ) -> Result<Self, DataError> {
        let (chosen, file) = chosen(path, options)?;
        let rows = (values / chosen.columns.len().max(1)).clamp(1, MAX_BATCH);
        let batches = catch(path, || chosen.batches(path, file, rows))?;
        Ok(Self { path: path.to_owned(), batches, known, options, rows: 0 })
    }
}

/// Most rows of a batch: a column may hold texts or lists of numbers.
const MAX_BATCH: usize = 1 << 13;

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        let (path, rows) = (&self.path, self.rows);
        let (batches, options, Known(roles)) = (&mut self.batches, self.options, self.known);
        let schema = batches.schema();
        let raw = catch(path, || match batches.next() {
            None => Ok(None),
            Some(batch) => {
                let (batch, budget) = ([batch].into_iter(), Budget::new(path, 0));
                table(path, &schema, batch, options, rows, Some(roles), &budget).map(Some)
            }
        })?;
        self.rows += raw.as_ref().map_or(0, Raw::examples);
        Ok(raw)
    }
}
