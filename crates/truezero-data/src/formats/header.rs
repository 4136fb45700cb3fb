//! Whether the first row of a text table names its columns.

use super::evidence::Evidence;
use super::table::TableOptions;
use crate::cell::{Cell, CellRules};
use crate::{Expected, Notice};

/// So many names 0, 1, 2 … are a header, as libraries write it where columns have no names. Fewer may be data.
const COUNTED: usize = 3;

/// A column as far as its name is in question.
#[derive(Clone, Debug)]
pub(crate) struct Top {
    /// Its cell in the first row.
    pub(crate) first: String,
    /// Whether this stands in another row, too.
    pub(crate) recurs: bool,
}

impl Top {
    pub(crate) fn new(first: &str) -> Self {
        Self { first: first.trim().to_owned(), recurs: false }
    }

    fn is_word(&self) -> bool {
        matches!(CellRules::default().cell(&self.first), Cell::Word(_) | Cell::Gap(_))
    }
}

/// Whether the first row names the columns: as is said; else as training found it; else if a column that is asked for
/// stands there, if a word stands there above numbers, or if the names are 0, 1, 2 …. Where there are words only, it
/// does if none stands in its column again.
pub(crate) fn is_header(columns: &[Top], below: &[Evidence], options: &TableOptions) -> bool {
    if let Some(said) = options.header {
        return said;
    }
    if options.expected.as_ref().is_some_and(|expected| !expected.is_by_position()) {
        return true;
    }
    let first: Vec<&str> = columns.iter().map(|column| column.first.as_str()).collect();
    let targets = options.targets(&first);
    let named = [&options.text, &options.columns, &options.ignore];
    let asked =
        |name: &&str| targets.contains(name) || named.iter().any(|list| list.iter().any(|it| it == name));
    if first.iter().any(asked) {
        return true;
    }
    let above_numbers = |(column, below): (&Top, &Evidence)| column.is_word() && below.is_of_numbers();
    if columns.iter().zip(below).any(above_numbers) {
        return true;
    }
    if columns.len() >= COUNTED && first.iter().enumerate().all(|(at, name)| *name == at.to_string()) {
        let message = format!("taken for a header, as it counts the columns: 0 to {}", columns.len() - 1);
        options.notices.tell(Notice::new("first line", message).hint("--header=false reads it as data"));
        return true;
    }
    let words = columns.iter().all(|column| column.is_word() && !column.recurs);
    words && !matches!(options.expected.as_deref(), Some(Expected::Matrix { .. }))
}
