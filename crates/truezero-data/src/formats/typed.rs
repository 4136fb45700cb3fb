//! Columns that come with a type, as in Parquet and Arrow files. Numbers are numbers; strings are understood as the cells of
//! a text table are.

use std::collections::HashMap;
use std::path::Path;

use arrow_schema::{DataType, Field};

use super::column_types::Kind;
use super::evidence::{Evidence, Found};
use super::growing::{self, Growing, HINT};
use super::table::{self, Role, TableOptions};
use crate::quote::quoted;
use crate::raw::number_as_word;
use crate::{Column, ColumnKind, ColumnValues, DataError, Numbers};

/// Finds what the columns of files hold, which may come in pieces.
pub(crate) struct Judge<'a> {
    options: &'a TableOptions,
    /// The types of each column in all files.
    types: HashMap<String, Types>,
    /// Files that were declared; none if there is only one.
    files: usize,
    seen: HashMap<String, Evidence>,
}

/// Whether a column is of words in some file, and of numbers in some file.
#[derive(Clone, Copy, Debug, Default)]
struct Types {
    words: bool,
    numbers: bool,
}

/// What becomes of columns, by their names.
#[derive(Clone, Debug)]
pub(crate) struct Roles(HashMap<String, Role>);

impl<'a> Judge<'a> {
    pub(crate) fn new(options: &'a TableOptions) -> Self {
        Self { options, types: HashMap::new(), files: 0, seen: HashMap::new() }
    }

    /// Takes the types of a file's columns into account, which comes before any values if there are several files.
    pub(crate) fn declare<'f>(&mut self, fields: impl IntoIterator<Item = &'f Field>) {
        self.files += 1;
        for field in fields {
            let types = self.types.entry(field.name().clone()).or_default();
            match Kind::of(field.data_type()) {
                Some(Kind::Words) => types.words = true,
                Some(Kind::Numbers) if *field.data_type() != DataType::Null => types.numbers = true,
                _ => {}
            }
        }
    }

    /// Whether a column is of numbers in one file and of words in another: all its cells then count as in a text table.
    fn is_mixed(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|types| types.words && types.numbers)
    }

    /// Whether the values of a column of a file decide what becomes of it.
    pub(crate) fn looks_at_field(&self, field: &Field) -> bool {
        let words = Kind::of(field.data_type()) == Some(Kind::Words);
        self.looks_at(field.name()) && (words || self.is_mixed(field.name()))
    }

    /// Whether the words of a column decide what becomes of it.
    fn looks_at(&self, name: &str) -> bool {
        let is_target = self.options.targets(&[name]).contains(&name);
        is_target || (self.options.expected.is_none() && !self.options.text.iter().any(|text| text == name))
    }

    /// Takes a piece into account; `before` rows of the file come before it.
    pub(crate) fn see(&mut self, path: &Path, columns: &[Column], before: usize) {
        for column in columns {
            if !self.looks_at(&column.name) {
                continue;
            }
            let is_mixed = self.is_mixed(&column.name);
            let mut evidence = self.seen.remove(&column.name).unwrap_or_default();
            let mut add = |row: usize, cell: &str| {
                let found = |text: &str| Found::new(path, row_name(before, row), text);
                evidence.add(&self.options.cells, cell, found);
            };
            match &column.values {
                ColumnValues::Categories(words) => {
                    for (row, word) in words.iter().enumerate() {
                        word.iter().for_each(|word| add(row, word));
                    }
                }
                ColumnValues::Numbers(numbers) if is_mixed => {
                    for (row, number) in numbers.iter().enumerate() {
                        add(row, &number.to_string());
                    }
                }
                ColumnValues::Numbers(_) | ColumnValues::Text(_) => {}
            }
            self.seen.insert(column.name.clone(), evidence);
        }
    }

    /// What becomes of columns of these names. Typed numbers are what they are.
    pub(crate) fn finish(mut self, path: &Path, names: &[String]) -> Result<Roles, DataError> {
        let seen: Vec<Evidence> =
            names.iter().map(|name| self.seen.remove(name).unwrap_or_default()).collect();
        let roles = table::roles(path, names, &[], &seen, self.files, self.options)?;
        Ok(Roles(names.iter().cloned().zip(roles).collect()))
    }
}

/// Columns of a piece as they are learned from; those that nobody wants are left out. Also how the numbers of the target are
/// written, if it is one column of words that are numbers. `before` rows of the file come before.
pub(crate) fn settle(
    path: &Path,
    columns: Vec<Column>,
    roles: &Roles,
    options: &TableOptions,
    before: usize,
) -> Result<(Vec<Column>, Option<Numbers>), DataError> {
    let mut settled = Vec::with_capacity(columns.len());
    for column in columns {
        let Some(&role) = roles.0.get(&column.name) else {
            let place = format!("column {:?}", column.name);
            return Err(DataError::malformed(path, place, "no other columns than before", "a new one"));
        };
        settled.extend(as_role(path, column, role, options, before)?);
    }
    Ok(growing::finish(settled))
}

fn row_name(before: usize, row: usize) -> String {
    format!("row {}", before + row + 1)
}

/// Whether numbers become words, as other files have words in the same column. Where no value is there, it can be of any kind.
fn joins_words(numbers: &[f64], role: Role, options: &TableOptions) -> bool {
    match role {
        Role::Target(ColumnKind::Category) => true,
        // A model that the table is for finds its levels by numbers, too.
        Role::Feature(ColumnKind::Category) => options.expected.is_none(),
        Role::Feature(ColumnKind::Text) => numbers.iter().all(|number| number.is_nan()),
        _ => false,
    }
}

fn as_role(
    path: &Path,
    column: Column,
    role: Role,
    options: &TableOptions,
    before: usize,
) -> Result<Option<Growing>, DataError> {
    let Some(mut growing) = Growing::new(&column.name, role) else { return Ok(None) };
    let cells = options.cells_expected();
    match column.values {
        ColumnValues::Categories(words) => {
            // Word by word, so that no column is there twice.
            for (row, word) in words.into_iter().enumerate() {
                let word = word.as_deref().unwrap_or_default();
                if let Err(expected) = growing.push(cells, word) {
                    let place = format!("{}, column {:?}", row_name(before, row), column.name);
                    let found = format!("{}\n{HINT}", quoted(word.trim()));
                    return Err(DataError::malformed(path, place, expected, found));
                }
            }
            Ok(Some(growing))
        }
        ColumnValues::Numbers(numbers) if joins_words(&numbers, role, options) => {
            for number in numbers {
                let word = number_as_word(number).unwrap_or_default();
                growing.push(cells, &word).expect("any word suits a column of words");
            }
            Ok(Some(growing))
        }
        ColumnValues::Numbers(_) if role == Role::Feature(ColumnKind::Text) && options.expected.is_none() => {
            let place = format!("column {:?}", column.name);
            Err(DataError::malformed(path, place, "strings, to be read as text", "numbers"))
        }
        ColumnValues::Numbers(mut numbers) => {
            if matches!(role, Role::Feature(_)) {
                numbers.iter_mut().for_each(|number| *number = cells.typed(*number));
            }
            Ok(Some(growing.of(ColumnValues::Numbers(numbers))))
        }
        values @ ColumnValues::Text(_) => Ok(Some(growing.of(values))),
    }
}
