//! Arrow record batches, as Parquet and Arrow files yield them, to a table.
//!
//! Integers and floats become numbers, booleans and strings (also in dictionaries) categories or text,
//! lists of equally many numbers one column for each position. Null and NaN are missing values.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Schema};

use super::table::{self, MAX_COLUMNS, TableOptions};
use super::typed::{Judge, Roles, settle};
use crate::{Column, ColumnValues, DataError, Numbers, Raw};

/// Makes a table of all batches; `before` rows of the file come before them. What becomes of the columns is told by these
/// batches unless it is known.
pub(crate) fn table(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &TableOptions,
    before: usize,
    known: Option<&Roles>,
) -> Result<Raw, DataError> {
    let Typed { rows, names, columns, target } = columns(path, schema, batches, options, before)?;
    let judged;
    let roles = if let Some(roles) = known {
        roles
    } else {
        let mut judge = Judge::new(options);
        judge.see(path, &columns, before);
        judged = judge.finish(path, &names)?;
        &judged
    };
    let (columns, written) = settle(path, columns, roles, options, before)?;
    table::finish(path, rows, columns, written.or(target), options, |row| format!("row {}", before + row + 1))
}

/// Columns as they come.
pub(crate) struct Typed {
    pub(crate) rows: usize,
    /// Of all columns.
    pub(crate) names: Vec<String>,
    /// Those that may be used.
    pub(crate) columns: Vec<Column>,
    /// The target with how its numbers are written, if that is one column of whole numbers.
    target: Option<Numbers>,
}

/// The columns of all batches.
pub(crate) fn columns(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &TableOptions,
    before: usize,
) -> Result<Typed, DataError> {
    let fields = schema.fields();
    if fields.len() > MAX_COLUMNS {
        let expected = format!("at most {MAX_COLUMNS} columns");
        return Err(DataError::malformed(path, "schema", expected, fields.len().to_string()));
    }
    let mut growing = Vec::with_capacity(fields.len());
    for field in fields {
        let new = || Growing::new(path, field.name(), field.data_type());
        growing.push(options.may_use(field.name()).then(new).transpose()?);
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let mut target = WholeTarget::new(&names, options);
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|error| broken(path, before + rows, &error.to_string()))?;
        for ((column, growing), field) in batch.columns().iter().zip(&mut growing).zip(fields) {
            let place = |row: usize| format!("row {}, column {:?}", before + rows + row + 1, field.name());
            if let Some(growing) = growing {
                growing.append(path, column, place)?;
            }
        }
        target.append(&batch);
        rows += batch.num_rows();
    }
    let (mut columns, mut names) = (Vec::new(), Vec::new());
    for (growing, field) in growing.into_iter().zip(fields) {
        match growing {
            None => names.push(field.name().clone()),
            Some(growing) => {
                let first = columns.len();
                growing.finish(path, field.name(), before, &mut columns)?;
                names.extend(columns[first..].iter().map(|column| column.name.clone()));
            }
        }
    }
    Ok(Typed { rows, names, columns, target: target.numbers })
}

/// The target, where it is a column of whole numbers of 64 bits: as names of classes they are not to be rounded.
struct WholeTarget {
    at: Option<usize>,
    numbers: Option<Numbers>,
}

impl WholeTarget {
    fn new(names: &[&str], options: &TableOptions) -> Self {
        let at = match options.targets(names)[..] {
            [target] => names.iter().position(|&name| name == target),
            _ => None,
        };
        Self { at, numbers: None }
    }

    fn append(&mut self, batch: &RecordBatch) {
        let Some(at) = self.at else { return };
        let array = batch.column(at);
        let mut push = |value: i128| self.numbers.get_or_insert_default().push_whole(value);
        // A missing value is an error, which is found elsewhere.
        match array.data_type() {
            DataType::Int64 => {
                array.as_primitive::<Int64Type>().iter().flatten().for_each(|value| push(value.into()));
            }
            DataType::UInt64 => {
                array.as_primitive::<UInt64Type>().iter().flatten().for_each(|value| push(value.into()));
            }
            _ => {}
        }
    }
}

/// A file whose bytes are not what its headers promise.
pub(crate) fn broken(path: &Path, rows: usize, found: &str) -> DataError {
    // Only the first line: some errors of the arrow crates carry a dump of what they choked on.
    let found = found.lines().next().unwrap_or_default();
    DataError::malformed(path, format!("after row {rows}"), "a batch of rows", found)
}

/// Runs a parser of the arrow crates. They check what they read, but not everywhere: a panic on bytes that
/// no writer writes is an error of the file, not of this program.
pub(crate) fn catch<T>(path: &Path, parse: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    let outer = CATCHING.replace(true);
    let caught = std::panic::catch_unwind(AssertUnwindSafe(parse));
    CATCHING.set(outer);
    caught.unwrap_or_else(|_| {
        Err(DataError::malformed(path, "content", "values that agree with the headers", "others"))
    })
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread would now become an error of the file that is being read. A program's
/// panic hook can ask this, and leave out a message that would only confuse.
pub fn panic_is_caught() -> bool {
    CATCHING.get()
}

/// The values of a column so far.
enum Growing {
    Numbers(Vec<f64>),
    Words(Vec<Option<String>>),
    /// One vector for each position in the list; none before the first row.
    Lists(Vec<Vec<f64>>),
}

impl Growing {
    fn new(path: &Path, name: &str, kind: &DataType) -> Result<Self, DataError> {
        Ok(match kind {
            DataType::Null => Self::Numbers(Vec::new()),
            kind if is_number(kind) => Self::Numbers(Vec::new()),
            DataType::Boolean => Self::Words(Vec::new()),
            kind if kind.is_string() => Self::Words(Vec::new()),
            DataType::Dictionary(_, values) if is_number(values) || values.is_string() => {
                Self::new(path, name, values)?
            }
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
                if is_number(item.data_type()) =>
            {
                Self::Lists(Vec::new())
            }
            _ => {
                let expected = "numbers, booleans, strings or lists of numbers";
                let place = format!("column {name:?}");
                return Err(DataError::malformed(path, place, expected, format!("the type {kind}")));
            }
        })
    }

    /// Appends a column of a batch; `place` says where one of its rows stands.
    fn append(
        &mut self,
        path: &Path,
        array: &ArrayRef,
        place: impl Fn(usize) -> String,
    ) -> Result<(), DataError> {
        let convert = |array: &ArrayRef, kind: &DataType| {
            let broken =
                |error: ArrowError| DataError::malformed(path, place(0), "values", error.to_string());
            cast(array, kind).map_err(broken)
        };
        let unpacked = match array.data_type() {
            DataType::Dictionary(_, values) => Some(convert(array, values)?),
            _ => None,
        };
        let array = unpacked.as_ref().unwrap_or(array);
        match self {
            Self::Numbers(numbers) => push_numbers(numbers, &convert(array, &DataType::Float64)?),
            Self::Words(words) => match array.data_type() {
                DataType::Boolean => {
                    words.extend(array.as_boolean().iter().map(|flag| flag.map(|flag| flag.to_string())));
                }
                DataType::Utf8View => words.extend(owned(array.as_string_view().iter())),
                DataType::LargeUtf8 => words.extend(owned(array.as_string::<i64>().iter())),
                _ => words.extend(owned(array.as_string::<i32>().iter())),
            },
            Self::Lists(columns) => {
                let lists = Lists::new(array);
                let items = convert(lists.items, &DataType::Float64)?;
                let mut numbers = Vec::with_capacity(items.len());
                push_numbers(&mut numbers, &items);
                for row in 0..array.len() {
                    // A null could stand for a list of any length: a file of a few bytes would fill
                    // the memory.
                    let list = &numbers[lists.range(row)];
                    let expected = || match columns.len() {
                        0 => format!("a list of 1 to {MAX_COLUMNS} numbers"),
                        width => format!("a list of {width} numbers, as in the first row"),
                    };
                    if array.is_null(row) {
                        return Err(DataError::malformed(path, place(row), expected(), "null"));
                    }
                    let wide = list.is_empty() || list.len() > MAX_COLUMNS;
                    if if columns.is_empty() { wide } else { list.len() != columns.len() } {
                        return Err(DataError::malformed(
                            path,
                            place(row),
                            expected(),
                            list.len().to_string(),
                        ));
                    }
                    columns.resize_with(list.len(), Vec::new);
                    for (column, &number) in columns.iter_mut().zip(list) {
                        column.push(number);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds the finished column, or columns, to the table.
    fn finish(
        self,
        path: &Path,
        name: &str,
        before: usize,
        columns: &mut Vec<Column>,
    ) -> Result<(), DataError> {
        let mut push = |name: String, numbers: Vec<f64>| {
            if let Some(row) = numbers.iter().position(|number| number.is_infinite()) {
                let place = format!("row {}, column {name:?}", before + row + 1);
                return Err(DataError::malformed(path, place, "a finite number", numbers[row].to_string()));
            }
            columns.push(Column { name, values: ColumnValues::Numbers(numbers) });
            Ok(())
        };
        match self {
            Self::Words(words) => {
                columns.push(Column { name: name.to_owned(), values: ColumnValues::Categories(words) });
                Ok(())
            }
            Self::Numbers(numbers) => push(name.to_owned(), numbers),
            Self::Lists(lists) => {
                let mut lists = lists.into_iter().enumerate();
                lists.try_for_each(|(at, numbers)| push(format!("{name}[{at}]"), numbers))
            }
        }
    }
}

fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_floating()
}

fn owned<'a>(words: impl Iterator<Item = Option<&'a str>>) -> impl Iterator<Item = Option<String>> {
    words.map(|word| word.map(str::to_owned))
}

/// Appends an array of 64-bit floats; null becomes NaN.
fn push_numbers(numbers: &mut Vec<f64>, array: &ArrayRef) {
    numbers.extend(array.as_primitive::<Float64Type>().iter().map(|number| number.unwrap_or(f64::NAN)));
}

/// An array of lists: all their items, and where each list's begin and end.
struct Lists<'a> {
    items: &'a ArrayRef,
    array: &'a ArrayRef,
}

impl<'a> Lists<'a> {
    fn new(array: &'a ArrayRef) -> Self {
        let items = match array.data_type() {
            DataType::List(_) => array.as_list::<i32>().values(),
            DataType::LargeList(_) => array.as_list::<i64>().values(),
            _ => array.as_fixed_size_list().values(),
        };
        Self { items, array }
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        match self.array.data_type() {
            DataType::List(_) => {
                let offsets = self.array.as_list::<i32>().value_offsets();
                offsets[row] as usize..offsets[row + 1] as usize
            }
            DataType::LargeList(_) => {
                let offsets = self.array.as_list::<i64>().value_offsets();
                offsets[row] as usize..offsets[row + 1] as usize
            }
            _ => {
                let lists = self.array.as_fixed_size_list();
                let start = lists.value_offset_at(row);
                start..start + lists.value_length() as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_while_parsing_is_an_error_of_the_file() {
        let caught: Result<Raw, DataError> = catch(Path::new("f"), || {
            assert!(panic_is_caught());
            panic!("as the parquet crate does on some damaged files")
        });
        let message = caught.unwrap_err().to_string();
        assert_eq!(message, "f: content: expected values that agree with the headers, found others");
        assert!(!panic_is_caught());
    }
}
