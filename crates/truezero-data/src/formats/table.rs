//! What the formats of tables share: options, names of columns, and telling targets from features.

use std::collections::HashMap;
use std::path::Path;

use crate::{Column, ColumnValues, DataError, Features, Notices, Numbers, Raw, RawTarget, SourceSpec, Table};

/// No table may have more columns.
pub(crate) const MAX_COLUMNS: usize = 1 << 20;
/// An error lists this many columns, and says how many more there are.
const LISTED: usize = 20;

/// How to read a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The column to be learned, or several separated by commas.
    pub target: Option<String>,
    /// Columns that are running text.
    pub text: Vec<String>,
    /// Whether a text table has a header; told by its content if `None`.
    pub header: Option<bool>,
    /// Collects what is told while the table is read.
    pub notices: Notices,
}

impl TableOptions {
    /// How a source's tables are to be read.
    pub(crate) fn of(spec: &SourceSpec) -> Self {
        Self {
            target: spec.target.clone(),
            text: spec.text.clone(),
            header: spec.header,
            notices: spec.notices.clone(),
        }
    }

    /// The target columns: all of `target` if there is a column of that name, else its parts between
    /// commas.
    pub(crate) fn targets<'a>(&'a self, names: &[impl AsRef<str>]) -> Vec<&'a str> {
        let Some(target) = self.target.as_deref() else { return Vec::new() };
        if names.iter().any(|name| name.as_ref() == target) {
            return vec![target];
        }
        target.split(',').map(str::trim).collect()
    }
}

/// Demands that names are few enough and distinct, and that the columns asked for are among them.
pub(crate) fn check_names(path: &Path, names: &[String], options: &TableOptions) -> Result<(), DataError> {
    if names.len() > MAX_COLUMNS {
        let expected = format!("at most {MAX_COLUMNS} columns");
        return Err(DataError::malformed(path, "header", expected, names.len().to_string()));
    }
    if names.is_empty() {
        return Err(DataError::malformed(path, "header", "at least one column", "none"));
    }
    let mut seen = HashMap::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name.as_str(), at) {
            let found = format!("{name:?} twice, as columns {} and {}", first + 1, at + 1);
            return Err(DataError::malformed(path, "header", "distinct names of columns", found));
        }
    }
    let targets = options.targets(names).into_iter().map(|name| ("target", name));
    let texts = options.text.iter().map(|name| ("text column", name.as_str()));
    for (kind, name) in targets.chain(texts) {
        if !seen.contains_key(name) {
            let place = format!("{kind} {name:?}");
            let expected = format!("one of the columns {}", listed(names));
            return Err(DataError::unsuitable(place, expected, "no column of that name"));
        }
    }
    Ok(())
}

/// The first names, separated by commas, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The position of the target, if it is one column and holds numbers. How these are written is to be known then, as they
/// may be the names of classes.
pub(crate) fn numbers_targeted(columns: &[Column], options: &TableOptions) -> Option<usize> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let targets = options.targets(&names);
    let [target] = targets[..] else { return None };
    let at = names.iter().position(|&name| name == target)?;
    matches!(columns[at].values, ColumnValues::Numbers(_)).then_some(at)
}

/// Tells the targets among the columns from the features. `written` is the target again, if it is one column of numbers of
/// which it is known how they are written; `place` says where a row stands in the file.
pub(crate) fn finish(
    path: &Path,
    rows: usize,
    mut columns: Vec<Column>,
    written: Option<Numbers>,
    options: &TableOptions,
    place: impl Fn(usize) -> String,
) -> Result<Raw, DataError> {
    if rows == 0 {
        return Err(DataError::malformed(path, "table", "at least one example", "none"));
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut targets: Vec<Column> = Vec::new();
    for name in options.targets(&names) {
        let at = columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let expected = "distinct columns";
            DataError::unsuitable(format!("target {name:?}"), expected, "the same column twice")
        })?;
        targets.push(columns.remove(at));
    }
    if columns.is_empty() {
        let expected = "columns besides the target";
        return Err(DataError::malformed(path, "header", expected, listed(&names)));
    }
    let missing = |row: usize, name: &str| {
        let place = format!("{}, column {name:?}", place(row));
        DataError::malformed(path, place, "a target", "a missing value")
    };
    let target = match targets.len() {
        0 => None,
        1 => targets.pop().map(|column| single(column, written, missing)).transpose()?,
        _ => Some(several(targets, rows, missing)?),
    };
    Ok(Raw { features: Features::Table(Table { rows, columns }), target, image: None })
}

/// The target in one column.
fn single(
    column: Column,
    written: Option<Numbers>,
    missing: impl Fn(usize, &str) -> DataError,
) -> Result<RawTarget, DataError> {
    let name = column.name;
    Ok(match column.values {
        ColumnValues::Numbers(values) => match values.iter().position(|value| value.is_nan()) {
            None => RawTarget::Numbers(written.unwrap_or_else(|| values.into())),
            Some(row) => return Err(missing(row, &name)),
        },
        ColumnValues::Categories(words) => {
            let labels = words.into_iter().enumerate();
            let labels = labels.map(|(row, word)| word.ok_or_else(|| missing(row, &name)));
            RawTarget::Labels(labels.collect::<Result<_, _>>()?)
        }
        ColumnValues::Text(words) => match words.iter().position(String::is_empty) {
            None => RawTarget::Labels(words),
            Some(row) => return Err(missing(row, &name)),
        },
    })
}

/// The targets in several columns: numbers, or `true` and `false`.
fn several(
    targets: Vec<Column>,
    rows: usize,
    missing: impl Fn(usize, &str) -> DataError,
) -> Result<RawTarget, DataError> {
    let width = targets.len();
    let mut values = vec![0.0; rows * width];
    let mut names = Vec::with_capacity(width);
    for (at, column) in targets.into_iter().enumerate() {
        let name = column.name;
        let not_a_number = |word: &str| {
            let expected = "numbers, as there are several targets";
            DataError::unsuitable(format!("target {name:?}"), expected, format!("{word:?}"))
        };
        let numbers = match column.values {
            ColumnValues::Numbers(numbers) => numbers,
            ColumnValues::Categories(words) => {
                let number = |word: Option<String>| match word.as_deref() {
                    None => Ok(f64::NAN),
                    Some(word) if word.eq_ignore_ascii_case("true") => Ok(1.0),
                    Some(word) if word.eq_ignore_ascii_case("false") => Ok(0.0),
                    Some(word) => Err(not_a_number(word)),
                };
                words.into_iter().map(number).collect::<Result<_, _>>()?
            }
            ColumnValues::Text(words) => return Err(not_a_number(words.first().map_or("", |word| word))),
        };
        for (row, number) in numbers.into_iter().enumerate() {
            if number.is_nan() {
                return Err(missing(row, &name));
            }
            values[row * width + at] = number;
        }
        names.push(name);
    }
    Ok(RawTarget::Rows { width, values, names })
}
