//! Results as a Parquet file.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow_array::{Array, ArrayRef, Float32Array, ListArray, RecordBatch, StringArray, UInt32Array};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};
use truezero_sparse::ActiveBatch;

use crate::DataError;
use crate::files::Output;

/// A column to write, one value for each row.
#[derive(Clone, Debug)]
pub enum Written<'a> {
    /// Words.
    Words(Vec<String>),
    /// Numbers.
    Numbers(Vec<f32>),
    /// The positions of the active values of each example, as a list of whole numbers.
    Positions(&'a ActiveBatch),
    /// The active values of each example, as a list of numbers.
    Values(&'a ActiveBatch),
}

/// Writes named columns to a file.
///
/// # Errors
/// The system's, naming the file; also if two columns have the same name, are not of the same length, or hold more than 2³¹
/// active values.
pub fn save_parquet(columns: Vec<(String, Written<'_>)>, output: &Output) -> Result<(), DataError> {
    let wrong = |error: &dyn std::fmt::Display| {
        let found = error.to_string();
        DataError::malformed(output.path(), "columns", "columns of equal length with different names", found)
    };
    let mut arrays: Vec<(String, ArrayRef)> = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        if arrays.iter().any(|(other, _)| *other == name) {
            return Err(wrong(&format!("{name:?} twice")));
        }
        arrays.push((name, array(column).ok_or_else(|| wrong(&"too many active values"))?));
    }
    let batch = RecordBatch::try_from_iter(arrays).map_err(|error| wrong(&error))?;
    let settings = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    output.write(|file| {
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(settings))?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(())
    })
}

/// None if there are more values than a list can count.
fn array(column: Written<'_>) -> Option<ArrayRef> {
    Some(match column {
        Written::Words(words) => Arc::new(StringArray::from(words)),
        Written::Numbers(numbers) => Arc::new(Float32Array::from(numbers)),
        Written::Positions(batch) => list(batch, Arc::new(UInt32Array::from(batch.indices().to_vec())))?,
        Written::Values(batch) => list(batch, Arc::new(Float32Array::from(batch.values().to_vec())))?,
    })
}

fn list(batch: &ActiveBatch, items: ArrayRef) -> Option<ArrayRef> {
    let field = Field::new("item", items.data_type().clone(), false);
    debug_assert!(matches!(field.data_type(), DataType::UInt32 | DataType::Float32));
    let offsets: Option<Vec<i32>> =
        batch.offsets().iter().map(|&offset| i32::try_from(offset).ok()).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets?));
    Some(Arc::new(ListArray::new(Arc::new(field), offsets, items, None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Kind;
    use crate::formats::{TableOptions, parquet};
    use crate::{ColumnValues, Features};

    fn output(path: &std::path::Path) -> Output {
        Output::new(path, Kind { name: "new", is: &|_| false }).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let words = Written::Words(vec!["a".into(), "ü, b".into()]);
        let numbers = Written::Numbers(vec![0.5, -1.0]);
        save_parquet(vec![("w".into(), words), ("n".into(), numbers)], &output(&path)).unwrap();
        let raw = parquet::read(&path, &TableOptions::default()).unwrap();
        let Features::Table(table) = raw.features else { panic!("expected a table") };
        let ColumnValues::Categories(words) = &table.columns[0].values else { panic!("expected words") };
        assert_eq!(words, &[Some("a".to_owned()), Some("ü, b".to_owned())]);
        let ColumnValues::Numbers(numbers) = &table.columns[1].values else { panic!("expected numbers") };
        assert_eq!(numbers, &[0.5, -1.0]);
    }

    #[test]
    fn codes_are_lists_and_what_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let output = output(&path);
        let mut codes = ActiveBatch::new(5);
        codes.push([(1, 0.5), (4, 2.0)]);
        codes.push([(0, 1.0), (3, 7.0)]);
        let columns =
            || vec![("i".to_owned(), Written::Positions(&codes)), ("v".to_owned(), Written::Values(&codes))];
        save_parquet(columns(), &output).unwrap();
        let raw = parquet::read(&path, &TableOptions::default()).unwrap();
        let Features::Table(table) = raw.features else { panic!("expected a table") };
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["i[0]", "i[1]", "v[0]", "v[1]"], "two in each list");
        let mut uneven = columns();
        uneven.push(("n".to_owned(), Written::Numbers(vec![1.0])));
        assert!(save_parquet(uneven, &output).is_err());
        let twice = vec![("i".to_owned(), Written::Numbers(vec![1.0])); 2];
        assert!(save_parquet(twice, &output).unwrap_err().to_string().contains("\"i\" twice"));
    }
}
