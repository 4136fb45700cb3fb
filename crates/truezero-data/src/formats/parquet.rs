//! Parquet files.

use std::path::Path;

use arrow_array::RecordBatchReader as _;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ProjectionMask};
use parquet::file::reader::ChunkReader;

use super::column_types::{PANDAS, choose};
use super::durations::with_durations;
use super::parquet_footer::{self, malformed};
use super::record_batches::{broken, catch, table};
use super::table::TableOptions;
use crate::source::detect::{START, look, what_is};
use crate::{DataError, Format, Input, Raw};

/// What a file begins with.
const MAGIC: &[u8] = b"PAR1";

/// Reads a Parquet file.
///
/// # Errors
/// If the file cannot be read or is not what its headers say, takes too much memory, lists of numbers are not equally
/// long, a number is infinite, there are no examples, or a column that is asked for is missing, of a type that nothing is
/// made of, or has missing targets.
pub fn read(path: &Path, options: &TableOptions) -> Result<Raw, DataError> {
    parse(Input::open(path)?, options)
}

/// As [`read`], from an open file or bytes in memory.
///
/// # Errors
/// As [`read`].
pub fn parse(mut input: Input, options: &TableOptions) -> Result<Raw, DataError> {
    // Before all of it is decompressed.
    let start = input.peek(START)?;
    check_start(input.path(), &start)?;
    let bytes = Bytes::from(input.rest()?);
    let (path, budget) = (input.path(), input.budget());
    catch(path, || {
        let metadata = metadata(path, &bytes)?;
        let chosen = Chosen::new(path, metadata, options)?;
        parquet_footer::check_pages(path, &bytes, &chosen.metadata, &chosen.columns, true, budget)?;
        let batches = chosen.batches(path, bytes, ROWS)?;
        table(path, &batches.schema(), batches, options, 0, None, budget)
    })
}

/// Demands that a file begins as one of this format does.
fn check_start(path: &Path, start: &[u8]) -> Result<(), DataError> {
    if start.starts_with(MAGIC) {
        return Ok(());
    }
    let found = what_is(path, start).unwrap_or_else(|| "a file that begins otherwise".to_owned());
    let hint = match look(path, start) {
        Some(Format::Csv) => "\nhint: --format csv reads it as text",
        _ => "",
    };
    Err(DataError::malformed(path, "format", "a Parquet file", found + hint))
}

/// Rows that are decoded together.
const ROWS: usize = 1 << 10;

/// What a file says of itself, checked.
pub(crate) fn metadata<R: ChunkReader>(path: &Path, file: &R) -> Result<ArrowReaderMetadata, DataError> {
    let start = file.get_bytes(0, file.len().min(START as u64) as usize);
    check_start(path, &start.map_err(|error| malformed(path, &error.to_string()))?)?;
    parquet_footer::check(path, file)?;
    // The Arrow schema that some writers embed could ask for lists of any fixed size.
    let settings = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ArrowReaderMetadata::load(file, settings).map_err(|error| malformed(path, &error.to_string()))
}

/// The columns of a file that a table is made of.
pub(crate) struct Chosen {
    pub(crate) metadata: ArrowReaderMetadata,
    /// Their places among the columns of the file.
    pub(crate) columns: Vec<usize>,
}

impl Chosen {
    pub(crate) fn new(
        path: &Path,
        metadata: ArrowReaderMetadata,
        options: &TableOptions,
    ) -> Result<Self, DataError> {
        let file = metadata.metadata().file_metadata();
        let pandas = file.key_value_metadata().into_iter().flatten().find(|entry| entry.key == PANDAS);
        let pandas = pandas.and_then(|entry| entry.value.as_deref());
        let arrow =
            file.key_value_metadata().into_iter().flatten().find(|entry| entry.key == ARROW_SCHEMA_META_KEY);
        let arrow = arrow.and_then(|entry| entry.value.as_deref()).unwrap_or_default();
        let schema = with_durations(metadata.schema(), arrow);
        let columns = choose(path, &schema, pandas, options)?;
        Ok(Self { metadata, columns })
    }

    /// What the file says of each of them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.columns.iter().map(|&at| self.metadata.schema().field(at))
    }

    /// Those of the columns for which this holds.
    pub(crate) fn only(mut self, keep: impl Fn(&Field) -> bool) -> Self {
        let fields = self.metadata.schema().fields().clone();
        self.columns.retain(|&at| keep(&fields[at]));
        self
    }

    /// Reads these columns of the file, so many rows at a time.
    pub(crate) fn batches<R: ChunkReader + 'static>(
        &self,
        path: &Path,
        file: R,
        rows: usize,
    ) -> Result<ParquetRecordBatchReader, DataError> {
        // A view of a word that is repeated needs no copy of it: in a few bytes of runs there can be any number.
        let viewed = |field: &Field| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => field.clone().with_data_type(DataType::Utf8View),
            _ => field.clone(),
        };
        let fields: Vec<Field> = self.metadata.schema().fields().iter().map(|field| viewed(field)).collect();
        let settings = ArrowReaderOptions::new().with_schema(Schema::new(fields).into());
        let metadata = ArrowReaderMetadata::try_new(self.metadata.metadata().clone(), settings);
        let metadata = metadata.map_err(|error| malformed(path, &error.to_string()))?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), self.columns.iter().copied());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let built = builder.with_projection(mask).with_batch_size(rows).build();
        built.map_err(|error| broken(path, 0, &error.to_string()))
    }
}
