//! A column of a table as it grows cell by cell.

use super::table::Role;
use crate::budget::of_text;
use crate::cell::Cell;
use crate::{CellRules, Column, ColumnKind, ColumnValues, Numbers};

/// What can be done about a cell that does not suit its column.
pub(crate) const HINT: &str =
    "hint: --na-values takes words for missing values, --decimal reads numbers in another notation";

/// A column so far.
pub(crate) struct Growing {
    name: String,
    values: ColumnValues,
    /// Whether words keep their spelling, as labels do.
    spelled: bool,
    /// How the numbers of a target are written, as they may be the names of classes.
    written: Option<Numbers>,
}

impl Growing {
    /// An empty column, if it is read at all.
    pub(crate) fn new(name: &str, role: Role) -> Option<Self> {
        let (kind, spelled) = match role {
            Role::Skipped => return None,
            Role::Target(kind) => (kind, true),
            Role::Feature(kind) => (kind, false),
        };
        let values = match kind {
            ColumnKind::Number => ColumnValues::Numbers(Vec::new()),
            ColumnKind::Category => ColumnValues::Categories(Vec::new()),
            ColumnKind::Text => ColumnValues::Text(Vec::new()),
        };
        let written = (spelled && kind == ColumnKind::Number).then(Numbers::default);
        Some(Self { name: name.to_owned(), values, spelled, written })
    }

    /// Bytes of memory that a cell with so many of text may take.
    pub(crate) fn bytes_of(&self, text: usize) -> u64 {
        match &self.values {
            ColumnValues::Numbers(_) if self.written.is_none() => size_of::<f64>() as u64,
            ColumnValues::Numbers(_) => (size_of::<f64>() + size_of::<usize>() + text) as u64,
            ColumnValues::Categories(_) | ColumnValues::Text(_) => of_text(text),
        }
    }

    /// Adds a cell; an error says what was expected.
    pub(crate) fn push(&mut self, cells: &CellRules, text: &str) -> Result<(), &'static str> {
        match &mut self.values {
            ColumnValues::Numbers(numbers) => {
                let number = cells.number(text)?;
                numbers.push(number);
                if let Some(written) = &mut self.written {
                    written.push(number, text.trim());
                }
            }
            ColumnValues::Categories(words) if self.spelled => {
                let missing = matches!(cells.cell(text), Cell::Missing);
                words.push((!missing).then(|| text.trim().to_owned()));
            }
            ColumnValues::Categories(words) => words.push(cells.word(text).map(Into::into)),
            ColumnValues::Text(texts) => texts.push(cells.text(text).to_owned()),
        }
        Ok(())
    }

    /// The column with these values, which need no reading.
    pub(crate) fn of(self, values: ColumnValues) -> Self {
        Self { values, written: None, ..self }
    }

    fn finish(self) -> (Column, Option<Numbers>) {
        (Column { name: self.name, values: self.values }, self.written)
    }
}

/// Columns that are complete; and, if one of them is a target of numbers and no other is, how these are written.
pub(crate) fn finish(growing: impl IntoIterator<Item = Growing>) -> (Vec<Column>, Option<Numbers>) {
    let mut targets = 0;
    let mut target = None;
    let mut columns = Vec::new();
    for growing in growing {
        targets += usize::from(growing.spelled);
        let (column, written) = growing.finish();
        target = written.or(target);
        columns.push(column);
    }
    (columns, target.filter(|_| targets == 1))
}
