//! A column of a table as it grows cell by cell.

use super::table::Role;
use crate::cell::Cell;
use crate::{CellRules, Column, ColumnKind, ColumnValues};

/// What can be done about a cell that does not suit its column.
pub(crate) const HINT: &str =
    "hint: --na-values takes words for missing values, --decimal reads numbers in another notation";

/// A column so far.
pub(crate) struct Growing {
    name: String,
    values: ColumnValues,
    /// Whether words keep their spelling, as labels do.
    spelled: bool,
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
        Some(Self { name: name.to_owned(), values, spelled })
    }

    /// Adds a cell; an error says what was expected.
    pub(crate) fn push(&mut self, cells: &CellRules, text: &str) -> Result<(), &'static str> {
        match &mut self.values {
            ColumnValues::Numbers(numbers) => numbers.push(cells.number(text)?),
            ColumnValues::Categories(words) if self.spelled => {
                let missing = matches!(cells.cell(text), Cell::Missing);
                words.push((!missing).then(|| text.trim().to_owned()));
            }
            ColumnValues::Categories(words) => words.push(cells.word(text).map(Into::into)),
            ColumnValues::Text(texts) => texts.push(cells.text(text).to_owned()),
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Column {
        Column { name: self.name, values: self.values }
    }
}
