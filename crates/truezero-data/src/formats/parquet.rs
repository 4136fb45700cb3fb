//! Parquet files.

use std::path::Path;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::record_batches::{broken, catch, table};
use super::table::TableOptions;
use crate::{DataError, Input, Raw};

/// Reads a Parquet file.
///
/// # Errors
/// If the file cannot be read or is not what its headers say, a column is neither numbers, booleans,
/// strings nor lists of equally many numbers, a number is infinite, there are no examples, or a column that
/// is asked for is missing or has missing targets.
pub fn read(path: &Path, options: &TableOptions) -> Result<Raw, DataError> {
    parse(Input::open(path)?, options)
}

/// As [`read`], from an open file or bytes in memory.
///
/// # Errors
/// As [`read`].
pub fn parse(mut input: Input, options: &TableOptions) -> Result<Raw, DataError> {
    let bytes = input.rest()?;
    let path = input.path();
    catch(path, || {
        let bytes = Bytes::from(bytes);
        // The Arrow schema that some writers embed could ask for lists of any fixed size.
        let settings = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, settings);
        let builder = builder.map_err(|error| {
            let error = error.to_string();
            DataError::malformed(path, "metadata", "a Parquet file", error.lines().next().unwrap_or_default())
        })?;
        let schema = builder.schema().clone();
        let batches = builder.build().map_err(|error| broken(path, 0, &error.to_string()))?;
        table(path, &schema, batches, options, 0, None)
    })
}
