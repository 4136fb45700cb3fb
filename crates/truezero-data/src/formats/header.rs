//! Whether the first row of a text table names its columns.

use super::evidence::Evidence;
use super::table::TableOptions;
use crate::cell::{Cell, CellRules};
use crate::quote::short;
use crate::{Expected, Notice, Notices};

/// So many names 0, 1, 2 … are a header, as libraries write it where columns have no names. Fewer may be data.
const COUNTED: usize = 3;
/// So many cells of a first row are shown.
const SHOWN: usize = 5;
/// In so many characters.
const MOST_SHOWN: usize = 60;

/// The first row, as notices call it.
const PLACE: &str = "first line";

/// A column as far as its name is in question.
#[derive(Clone, Debug)]
pub(crate) struct Top {
    /// Its cell in the first row.
    pub(crate) first: String,
    /// Whether this stands in another row, too.
    pub(crate) recurs: bool,
    /// Its cell in the row below, if there is one.
    pub(crate) second: Option<String>,
}

impl Top {
    pub(crate) fn new(first: &str) -> Self {
        Self { first: first.trim().to_owned(), recurs: false, second: None }
    }

    /// Its next cell below the first row.
    pub(crate) fn see(&mut self, cell: &str) {
        let cell = cell.trim();
        self.recurs |= cell == self.first;
        if self.second.is_none() {
            self.second = Some(cell.to_owned());
        }
    }

    fn is_word(&self) -> bool {
        matches!(CellRules::default().cell(&self.first), Cell::Word(_) | Cell::Gap(_))
    }
}

/// Whether the first row names the columns: as is said; else as training found it; else if a column that is asked for
/// stands there, if a word stands there above numbers, or if the names count the columns. Where there are words only, it
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
    let counted = if options.expected.is_some() {
        counts_by_position(columns, &options.notices)
    } else {
        columns.len() >= COUNTED && first.iter().enumerate().all(|(at, name)| *name == at.to_string())
    };
    if counted {
        let ends = [first.first(), first.last()].map(|name| name.copied().unwrap_or_default());
        let message = format!("taken for a header, as it counts the columns: {} to {}", ends[0], ends[1]);
        options.notices.tell(Notice::new(PLACE, message).hint("--header=false reads it as data"));
        return true;
    }
    let words = columns.iter().all(|column| column.is_word() && !column.recurs);
    words && !matches!(options.expected.as_deref(), Some(Expected::Matrix { .. }))
}

/// Whether numbers in the first row of data for a model that tells columns by position count them, as a library writes
/// that has no names for them: from 0 or 1, also as 0.0, 1.0 …. As data may begin so too, one or two such numbers do
/// only if they stand nowhere else in their columns and the row below does not go on with the count. Other numbers that
/// may be names are told of.
fn counts_by_position(columns: &[Top], notices: &Notices) -> bool {
    let numbers: Option<Vec<f64>> = columns.iter().map(|column| column.first.parse().ok()).collect();
    // A single row is data, or nothing would be.
    let Some(numbers) = numbers.filter(|_| columns.iter().all(|column| column.second.is_some())) else {
        return false;
    };
    let counts =
        [0.0, 1.0].iter().any(|from| numbers.iter().zip(0..).all(|(&it, at)| it == from + f64::from(at)));
    let unique = columns.iter().all(|column| !column.recurs);
    let next = |(column, number): (&Top, &f64)| {
        column.second.as_ref().and_then(|cell| cell.parse::<f64>().ok()) == Some(number + 1.0)
    };
    let goes_on = columns.iter().zip(&numbers).any(next);
    if counts && (columns.len() >= COUNTED || (unique && !goes_on)) {
        return true;
    }
    let distinct = (1..numbers.len()).all(|at| !numbers[..at].contains(&numbers[at]));
    let whole = numbers.iter().all(|number| number.fract() == 0.0);
    if distinct && whole && (counts || unique) && !(columns.len() == 1 && goes_on) {
        let shown =
            columns.iter().take(SHOWN).map(|column| column.first.as_str()).collect::<Vec<_>>().join(",");
        let more = if columns.len() > SHOWN { ",…" } else { "" };
        let message =
            format!("{}{more} is read as data, though it may name the columns", short(&shown, MOST_SHOWN));
        notices.tell(
            Notice::new(PLACE, message).hint("--header=true takes it for a header, --header=false for data"),
        );
    }
    false
}
