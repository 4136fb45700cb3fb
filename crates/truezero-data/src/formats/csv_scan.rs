//! The first pass over a text table: is there a header, and what does each column hold?

use std::path::Path;

use csv::{ByteRecord, Position};

use super::csv::Source;
use super::table::{MAX_COLUMNS, TableOptions};
use crate::DataError;

/// Words for a missing value, besides an empty cell and NaN; in any case.
const MISSING: [&str; 4] = ["na", "n/a", "null", "?"];

/// What a cell holds.
pub(crate) enum Cell<'a> {
    /// Nothing.
    Missing,
    /// A number, perhaps infinite.
    Number(f64),
    /// Anything else, without surrounding spaces.
    Word(&'a str),
}

impl<'a> Cell<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let text = text.trim();
        if text.is_empty() || MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Self::Missing;
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_nan() => Self::Missing,
            Ok(number) => Self::Number(number),
            Err(_) => Self::Word(text),
        }
    }
}

/// What a column was seen to hold below the first row.
struct Seen {
    /// Its cell in the first row.
    first: String,
    /// Whether the first row's cell stands in another row, too.
    recurs: bool,
    values: Values,
}

/// What a column was seen to hold.
#[derive(Default)]
struct Values {
    numbers: bool,
    words: bool,
    /// Where the first infinite number stands, and how it is written.
    infinite: Option<(String, String)>,
}

impl Values {
    fn add(&mut self, cell: &str, line: impl FnOnce() -> String) {
        match Cell::new(cell) {
            Cell::Missing => {}
            Cell::Word(_) => self.words = true,
            Cell::Number(number) => {
                self.numbers = true;
                if number.is_infinite() && self.infinite.is_none() {
                    self.infinite = Some((line(), cell.trim().to_owned()));
                }
            }
        }
    }
}

/// What the first pass found.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// Whether the first row names the columns.
    pub(crate) header: bool,
    /// Names of the columns.
    pub(crate) names: Vec<String>,
    /// Whether each column holds numbers only.
    pub(crate) numeric: Vec<bool>,
    /// Examples.
    pub(crate) rows: usize,
}

/// The first pass over a text table, which may come in blocks: checks that rows are of equal length and UTF-8, and
/// that columns of numbers are finite.
pub(crate) struct Scanner<'a> {
    options: &'a TableOptions,
    columns: Vec<Seen>,
    /// The line of the first row.
    top: String,
    rows: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(options: &'a TableOptions) -> Self {
        Self { options, columns: Vec::new(), top: "line 1".to_owned(), rows: 0 }
    }

    /// Goes through the rows of a block; gives the number of its bytes that were whole rows.
    pub(crate) fn see(&mut self, source: &Source) -> Result<usize, DataError> {
        let mut records = source.records();
        let mut record = ByteRecord::new();
        let mut last = Position::new();
        while source.next(&mut records, &mut record)? {
            last = position(&record);
            if self.rows == 0 {
                self.begin(source, &record)?;
            } else {
                self.row(source, &record)?;
            }
            self.rows += 1;
        }
        if source.ends {
            source.check_closed(&last)?;
        }
        Ok(records.whole())
    }

    fn begin(&mut self, source: &Source, record: &ByteRecord) -> Result<(), DataError> {
        if record.len() > MAX_COLUMNS {
            let expected = format!("at most {MAX_COLUMNS} cells");
            return Err(source.malformed(source.line(record), expected, record.len().to_string()));
        }
        self.top = source.line(record);
        for at in 0..record.len() {
            let first = source.cell(record, at, || format!("column {}", at + 1))?.to_owned();
            self.columns.push(Seen { first, recurs: false, values: Values::default() });
        }
        Ok(())
    }

    fn row(&mut self, source: &Source, record: &ByteRecord) -> Result<(), DataError> {
        if record.len() != self.columns.len() {
            let expected = format!("{} cells, as in the first row", self.columns.len());
            return Err(source.malformed(source.line(record), expected, record.len().to_string()));
        }
        for at in 0..self.columns.len() {
            let name = || provisional_name(&self.columns, at, self.options);
            let cell = source.cell(record, at, name)?;
            let column = &mut self.columns[at];
            column.recurs |= cell == column.first;
            column.values.add(cell, || source.line(record));
        }
        Ok(())
    }

    /// What was found in all blocks of the file at `path`.
    pub(crate) fn finish(self, path: &Path) -> Result<Scan, DataError> {
        let Self { options, columns, top, rows } = self;
        if rows == 0 {
            return Err(DataError::malformed(path, "line 1", "a table", "an empty file"));
        }
        let header = options.header.unwrap_or_else(|| is_header(&columns, options));
        let mut names = Vec::with_capacity(columns.len());
        let mut numeric = Vec::with_capacity(columns.len());
        for (at, column) in columns.into_iter().enumerate() {
            let mut values = column.values;
            let written = column.first.trim();
            let named = header && !written.is_empty();
            names.push(if named { written.to_owned() } else { format!("column {}", at + 1) });
            if !header {
                values.add(&column.first, || top.clone());
            }
            numeric.push(!values.words);
            let text = options.text.contains(&names[at]);
            if let Some((line, number)) = values.infinite.as_ref().filter(|_| numeric[at] && !text) {
                let place = format!("{line}, column {:?}", names[at]);
                return Err(DataError::malformed(path, place, "a finite number", number.as_str()));
            }
        }
        Ok(Scan { header, names, numeric, rows: rows - usize::from(header) })
    }
}

fn position(record: &ByteRecord) -> Position {
    record.position().cloned().unwrap_or_else(Position::new)
}

/// The name an error gives a column before it is known whether there is a header.
fn provisional_name(columns: &[Seen], at: usize, options: &TableOptions) -> String {
    match Cell::new(&columns[at].first) {
        Cell::Word(name) if options.header != Some(false) => name.to_owned(),
        _ => format!("column {}", at + 1),
    }
}

/// Whether the first row names the columns: it does if a column that is asked for stands there, or if a
/// word stands there above numbers. Where there are words only, it does if none stands in its column
/// again.
fn is_header(columns: &[Seen], options: &TableOptions) -> bool {
    let first: Vec<&str> = columns.iter().map(|column| column.first.trim()).collect();
    let targets = options.targets(&first);
    let asked = |name: &&str| targets.contains(name) || options.text.iter().any(|text| text == name);
    if first.iter().any(asked) {
        return true;
    }
    let word = |column: &Seen| matches!(Cell::new(&column.first), Cell::Word(_));
    let above_numbers = |column: &Seen| word(column) && column.values.numbers && !column.values.words;
    columns.iter().any(above_numbers) || columns.iter().all(|column| word(column) && !column.recurs)
}
