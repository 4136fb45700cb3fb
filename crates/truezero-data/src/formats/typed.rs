//! Columns that come with a type, as in Parquet and Arrow files. Numbers are numbers; strings are understood as the cells of
//! a text table are.

use std::collections::HashMap;
use std::path::Path;

use super::evidence::{Evidence, Found};
use super::growing::{self, Growing, HINT};
use super::table::{self, Role, TableOptions};
use crate::quote::quoted;
use crate::{Column, ColumnKind, ColumnValues, DataError, Numbers};

/// Finds what the columns of files hold, which may come in pieces.
pub(crate) struct Judge<'a> {
    options: &'a TableOptions,
    seen: HashMap<String, Evidence>,
}

/// What becomes of columns, by their names.
#[derive(Clone, Debug)]
pub(crate) struct Roles(HashMap<String, Role>);

impl<'a> Judge<'a> {
    pub(crate) fn new(options: &'a TableOptions) -> Self {
        Self { options, seen: HashMap::new() }
    }

    /// Whether the words of a column decide what becomes of it.
    pub(crate) fn looks_at(&self, name: &str) -> bool {
        let is_target = self.options.targets(&[name]).contains(&name);
        is_target || (self.options.expected.is_none() && !self.options.text.iter().any(|text| text == name))
    }

    /// Takes a piece into account; `before` rows of the file come before it.
    pub(crate) fn see(&mut self, path: &Path, columns: &[Column], before: usize) {
        for column in columns {
            let ColumnValues::Categories(words) = &column.values else { continue };
            if !self.looks_at(&column.name) {
                continue;
            }
            let evidence = match self.seen.get_mut(&column.name) {
                Some(evidence) => evidence,
                None => self.seen.entry(column.name.clone()).or_default(),
            };
            for (row, word) in words.iter().enumerate() {
                if let Some(word) = word {
                    let found = |text: &str| Found::new(path, row_name(before, row), text);
                    evidence.add(&self.options.cells, word, found);
                }
            }
        }
    }

    /// What becomes of columns of these names. Typed numbers are what they are.
    pub(crate) fn finish(mut self, path: &Path, names: &[String]) -> Result<Roles, DataError> {
        let seen: Vec<Evidence> =
            names.iter().map(|name| self.seen.remove(name).unwrap_or_default()).collect();
        let roles = table::roles(path, names, &[], &seen, self.options)?;
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
