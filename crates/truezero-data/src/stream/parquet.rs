//! Parquet files, some rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{Kind, Shard};
use crate::budget::Budget;
use crate::formats::TableOptions;
use crate::formats::parquet::{Chosen, metadata};
use crate::formats::parquet_footer::check_pages;
use crate::formats::record_batches::{catch, table};
use crate::{DataError, Raw};

/// Reads the counts of all files.
pub(super) fn scan(paths: &[PathBuf]) -> Result<Vec<Shard>, DataError> {
    let shard = |path: &PathBuf| {
        let file = open(path)?;
        let metadata = catch(path, || metadata(path, &file))?;
        let rows = metadata.metadata().file_metadata().num_rows();
        let examples = usize::try_from(rows)
            .map_err(|_| DataError::malformed(path, "metadata", "a number of rows", rows.to_string()))?;
        Ok(Shard { path: path.clone(), examples, kind: Kind::Parquet })
    };
    paths.iter().map(shard).collect()
}

fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(DataError::io("open", path))
}

/// Reads a file in pieces.
pub(super) struct Reader<'a> {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    options: &'a TableOptions,
    /// Rows so far.
    rows: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(path: &Path, options: &'a TableOptions, values: usize) -> Result<Self, DataError> {
        let file = open(path)?;
        let batches = catch(path, || {
            let chosen = Chosen::new(path, metadata(path, &file)?, options)?;
            let budget = Budget::new(path, 0);
            check_pages(path, &file, &chosen.metadata, &chosen.columns, false, &budget)?;
            let rows = (values / chosen.columns.len().max(1)).clamp(1, MAX_BATCH);
            chosen.batches(path, file, rows)
        })?;
        Ok(Self { path: path.to_owned(), batches, options, rows: 0 })
    }
}

/// Most rows of a batch: a column may hold texts or lists of numbers.
const MAX_BATCH: usize = 1 << 13;

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        use arrow_array::RecordBatchReader as _;
        let (path, rows) = (&self.path, self.rows);
        let (batches, options) = (&mut self.batches, self.options);
        let schema = batches.schema();
        let raw = catch(path, || match batches.next() {
            None => Ok(None),
            Some(batch) => {
                let budget = Budget::new(path, 0);
                table(path, &schema, [batch].into_iter(), options, rows, &budget).map(Some)
            }
        })?;
        self.rows += raw.as_ref().map_or(0, Raw::examples);
        Ok(raw)
    }
}
