//! Parquet files, some rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use arrow_schema::{DataType, Field};

use super::{Kind, Shard};
use crate::formats::TableOptions;
use crate::formats::record_batches::{Typed, broken, catch, columns, table};
use crate::formats::typed::{Judge, Roles};
use crate::{DataError, Raw};

/// What all files of the stream together tell of one.
#[derive(Debug)]
pub(super) struct Known(Arc<Roles>);

/// Reads the counts of all files, and the words that decide what becomes of their columns.
pub(super) fn scan(paths: &[PathBuf], options: &TableOptions) -> Result<Vec<Shard>, DataError> {
    let mut judge = Judge::new(options);
    let mut counts = Vec::with_capacity(paths.len());
    let mut names = Vec::new();
    for path in paths {
        let builder = builder(path)?;
        let rows = builder.metadata().file_metadata().num_rows();
        counts.push(
            usize::try_from(rows)
                .map_err(|_| DataError::malformed(path, "metadata", "a number of rows", rows.to_string()))?,
        );
        look(path, builder, options, &mut judge)?;
        if names.is_empty() {
            names = names_of(path, options)?;
        }
    }
    let Some(first) = paths.first() else { return Ok(Vec::new()) };
    let roles = Arc::new(judge.finish(first, &names)?);
    let shard = |(path, examples): (&PathBuf, usize)| Shard {
        path: path.clone(),
        examples,
        kind: Kind::Parquet(Known(roles.clone())),
    };
    Ok(paths.iter().zip(counts).map(shard).collect())
}

/// The names of the columns: the first row tells how many a list becomes.
fn names_of(path: &Path, options: &TableOptions) -> Result<Vec<String>, DataError> {
    use arrow_array::RecordBatchReader as _;
    let builder = builder(path)?;
    catch(path, || {
        let built = builder.with_batch_size(1).build();
        let mut batches = built.map_err(|error| broken(path, 0, &error.to_string()))?;
        let schema = batches.schema();
        match batches.next() {
            None => Ok(Vec::new()),
            Some(first) => Ok(columns(path, &schema, [first].into_iter(), options, 0)?.names),
        }
    })
}

/// Shows a judge the words of a file.
fn look(
    path: &Path,
    builder: ParquetRecordBatchReaderBuilder<File>,
    options: &TableOptions,
    judge: &mut Judge,
) -> Result<(), DataError> {
    use arrow_array::RecordBatchReader as _;
    let is_word = |field: &Field| matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8);
    let fields = builder.schema().fields().clone();
    let wanted: Vec<usize> =
        (0..fields.len()).filter(|&at| is_word(&fields[at]) && judge.looks_at(fields[at].name())).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    catch(path, || {
        let built = builder.with_projection(mask).with_batch_size(MAX_BATCH).build();
        let batches = built.map_err(|error| broken(path, 0, &error.to_string()))?;
        let (schema, mut before) = (batches.schema(), 0);
        for batch in batches {
            let Typed { rows, columns, .. } = columns(path, &schema, [batch].into_iter(), options, before)?;
            judge.see(path, &columns, before);
            before += rows;
        }
        Ok(())
    })
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
        let builder = builder(path)?;
        let columns = builder.schema().fields().len().max(1);
        let batches = catch(path, || {
            let built = builder.with_batch_size((values / columns).clamp(1, MAX_BATCH)).build();
            built.map_err(|error| broken(path, 0, &error.to_string()))
        })?;
        Ok(Self { path: path.to_owned(), batches, known, options, rows: 0 })
    }
}

/// Most rows of a batch: a column may hold texts or lists of numbers.
const MAX_BATCH: usize = 1 << 13;

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        use arrow_array::RecordBatchReader as _;
        let (path, rows) = (&self.path, self.rows);
        let (batches, options, Known(roles)) = (&mut self.batches, self.options, self.known);
        let schema = batches.schema();
        let raw = catch(path, || match batches.next() {
            None => Ok(None),
            Some(batch) => table(path, &schema, [batch].into_iter(), options, rows, Some(roles)).map(Some),
        })?;
        self.rows += raw.as_ref().map_or(0, Raw::examples);
        Ok(raw)
    }
}
