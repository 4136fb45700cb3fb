//! Parquet files, some rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::{Kind, Shard};
use crate::formats::TableOptions;
use crate::formats::record_batches::{broken, catch, table};
use crate::{DataError, Raw};

/// Reads the counts of all files.
pub(super) fn scan(paths: &[PathBuf]) -> Result<Vec<Shard>, DataError> {
    let shard = |path: &PathBuf| {
        let rows = builder(path)?.metadata().file_metadata().num_rows();
        let examples = usize::try_from(rows)
            .map_err(|_| DataError::malformed(path, "metadata", "a number of rows", rows.to_string()))?;
        Ok(Shard { path: path.clone(), examples, kind: Kind::Parquet })
    };
    paths.iter().map(shard).collect()
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    // The Arrow schema that some writers embed could ask for lists of any fixed size.
    let settings = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    catch(path, || {
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, settings).map_err(|error| {
            let error = error.to_string();
            DataError::malformed(path, "metadata", "a Parquet file", error.lines().next().unwrap_or_default())
        })
    })
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
        let builder = builder(path)?;
        let columns = builder.schema().fields().len().max(1);
        let batches = catch(path, || {
            let built = builder.with_batch_size((values / columns).clamp(1, MAX_BATCH)).build();
            built.map_err(|error| broken(path, 0, &error.to_string()))
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
            Some(batch) => table(path, &schema, [batch].into_iter(), options, rows).map(Some),
        })?;
        self.rows += raw.as_ref().map_or(0, Raw::examples);
        Ok(raw)
    }
}
