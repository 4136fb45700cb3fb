//! Arrow record batches, as Parquet and Arrow files yield them, to a table.
//!
//! Integers, floats and decimals become numbers, booleans and strings categories or text, also those in dictionaries;
//! lists of equally many numbers become one column for each position. Null and NaN are missing values.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{AnyDictionaryArray, Array, ArrayRef, RecordBatch, make_array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Schema};
use truezero_sparse::memory::OutOfMemory;

use super::column_types::Kind;
use super::table::{self, MAX_COLUMNS, TableOptions};
use super::typed::{Judge, Roles, settle};
use crate::budget::{Budget, of_text};
use crate::{Column, ColumnValues, DataError, Numbers, Places, Raw};

/// Bytes of a word or none, besides its letters.
const OF_WORD: usize = size_of::<Option<String>>();
/// What is compressed may announce any size up to this many bytes …
const MAX_BUFFER: u64 = 1 << 28;
/// … or up to this many times its own.
const MAX_EXPANSION: u64 = 1 << 10;

/// Whether more bytes are said to come of `stored` ones than a codec makes of honest data.
pub(crate) fn announces_too_much(announced: u64, stored: u64) -> bool {
    announced > MAX_BUFFER.max(stored.saturating_mul(MAX_EXPANSION))
}

/// Makes a table of all batches, whose columns are those that were [chosen](super::column_types::choose); `before` rows of
/// the file come before them. What becomes of the columns is told by these batches unless it is known.
pub(crate) fn table(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &TableOptions,
    before: usize,
    known: Option<&Roles>,
    budget: &Budget,
) -> Result<Raw, DataError> {
    let Typed { rows, columns, target } = columns(path, schema, batches, options, before, budget)?;
    let judged;
    let roles = if let Some(roles) = known {
        roles
    } else {
        let mut judge = Judge::new(options);
        judge.see(path, &columns, before);
        judged = judge.finish(path, &names(&columns))?;
        &judged
    };
    let (columns, written) = settle(path, columns, roles, options, before)?;
    table::finish(path, rows, columns, written.or(target), options, Places::rows(path, before))
}

/// Columns as they come.
pub(crate) struct Typed {
    pub(crate) rows: usize,
    pub(crate) columns: Vec<Column>,
    /// The target with how its numbers are written, if that is one column of whole numbers.
    target: Option<Numbers>,
}

pub(crate) fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// The columns of all batches.
pub(crate) fn columns(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &TableOptions,
    before: usize,
    budget: &Budget,
) -> Result<Typed, DataError> {
    let fields = schema.fields();
    let mut growing: Vec<Growing> = fields.iter().map(|field| Growing::new(field.data_type())).collect();
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let mut target = WholeTarget::new(&names, options);
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|error| broken(path, before + rows, &error.to_string()))?;
        for ((column, growing), field) in batch.columns().iter().zip(&mut growing).zip(fields) {
            let place = |row: usize| format!("row {}, column {:?}", before + rows + row + 1, field.name());
            growing.append(path, column, place, budget)?;
        }
        target.append(&batch);
        rows += batch.num_rows();
    }
    let mut columns = Vec::new();
    for (growing, field) in growing.into_iter().zip(fields) {
        growing.finish(path, field.name(), before, &mut columns)?;
    }
    Ok(Typed { rows, columns, target: target.numbers })
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
    caught.unwrap_or_else(|payload| {
        if payload.is::<OutOfMemory>() {
            // The file may be as it should.
            resume_unwind(payload)
        }
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
    fn new(data_type: &DataType) -> Self {
        match Kind::of(data_type) {
            Some(Kind::Words) => Self::Words(Vec::new()),
            Some(Kind::Lists) => Self::Lists(Vec::new()),
            Some(Kind::Numbers) | None => Self::Numbers(Vec::new()),
        }
    }

    /// Appends a column of a batch; `place` says where one of its rows stands.
    fn append(
        &mut self,
        path: &Path,
        array: &ArrayRef,
        place: impl Fn(usize) -> String,
        budget: &Budget,
    ) -> Result<(), DataError> {
        let convert = |array: &ArrayRef, kind: &DataType| {
            let broken =
                |error: ArrowError| DataError::malformed(path, place(0), "values", error.to_string());
            cast(array, kind).map_err(broken)
        };
        let rows = array.len();
        let take = |bytes: usize| budget.take(bytes as u64, || place(0));
        match self {
            Self::Numbers(numbers) => {
                take(rows.saturating_mul(size_of::<f64>()))?;
                match array.data_type() {
                    DataType::Null => numbers.resize(numbers.len() + rows, f64::NAN),
                    DataType::Dictionary(..) => {
                        let dictionary = array.as_any_dictionary();
                        let mut values = Vec::new();
                        push_numbers(&mut values, &convert(dictionary.values(), &DataType::Float64)?);
                        let keys = convert(&keys(dictionary), &DataType::Int64)?;
                        let value = |key| values.get(key as usize).copied();
                        let of = |key: Option<i64>| key.and_then(value).unwrap_or(f64::NAN);
                        numbers.extend(keys.as_primitive::<Int64Type>().iter().map(of));
                    }
                    _ => push_numbers(numbers, &convert(array, &DataType::Float64)?),
                }
            }
            Self::Words(words) => {
                take(rows.saturating_mul(OF_WORD))?;
                let shown = if let DataType::Dictionary(..) = array.data_type() {
                    let dictionary = array.as_any_dictionary();
                    let values = words_of(dictionary.values());
                    let keys = convert(&keys(dictionary), &DataType::Int64)?;
                    let value = |key| values.get(key as usize).copied().flatten();
                    keys.as_primitive::<Int64Type>().iter().map(|key| key.and_then(value)).collect()
                } else {
                    words_of(array)
                };
                // Any number of rows can share a word.
                let letters = shown.iter().flatten().map(|word| of_text(word.len()) as usize - OF_WORD);
                take(letters.fold(0, usize::saturating_add))?;
                words.extend(shown.into_iter().map(|word| word.map(str::to_owned)));
            }
            Self::Lists(columns) => {
                let lists = Lists::new(array);
                take(lists.items.len().saturating_mul(size_of::<f64>()))?;
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

/// The keys of a dictionary.
fn keys(dictionary: &dyn AnyDictionaryArray) -> ArrayRef {
    make_array(dictionary.keys().to_data())
}

/// The words of an array of booleans or strings.
fn words_of(array: &ArrayRef) -> Vec<Option<&str>> {
    match array.data_type() {
        DataType::Boolean => {
            let word = |flag| if flag { "true" } else { "false" };
            array.as_boolean().iter().map(|flag| flag.map(word)).collect()
        }
        DataType::Utf8View => array.as_string_view().iter().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().collect(),
        _ => array.as_string::<i32>().iter().collect(),
    }
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
