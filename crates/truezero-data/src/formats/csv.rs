//! Text tables: cells separated by commas, semicolons or tabs, one example on each line.
//!
//! ```text
//! age,colour,review,label          age: numbers; colour: categories; review: text, if asked for
//! 41,red,"good, I think",yes       what a cell means: see [`cell`](crate::cell)
//! ```

use std::path::Path;

use super::csv_dialect::Dialect;
use super::csv_record::{Record, Records, Start, Wrong};
use super::csv_scan::{Planned, Scanner};
use super::encoding::Decoding;
use super::evidence::ENCODING_HINT;
use super::growing::{self, Growing, HINT};
use super::table::{self, TableOptions};
use crate::budget::Budget;
use crate::places::Lines;
use crate::quote::quoted;
use crate::{Column, DataError, Input, Numbers, Places, Raw};

/// Reads a text table, gzipped or not.
///
/// # Errors
/// If the file cannot be read, a row has more or fewer cells than the first, a cell is not UTF-8, a number
/// is infinite, there are no examples, or a column that is asked for is missing or has missing targets.
pub fn read(path: &Path, options: &TableOptions) -> Result<Raw, DataError> {
    parse(Input::open(path)?, options)
}

/// As [`read`], from an open file or bytes in memory.
///
/// # Errors
/// As [`read`].
pub fn parse(mut input: Input, options: &TableOptions) -> Result<Raw, DataError> {
    let raw = input.rest()?;
    let (path, budget) = (input.path(), input.budget());
    let bytes = Decoding::new(options.encoding)
        .whole(raw, budget, |expected, found| DataError::malformed(path, "text", expected, found))?;
    let Dialect { delimiter, skip } = Dialect::of(path, &bytes, options)?;
    let lines_before = u64::from(skip > 0);
    let source = Source { path, bytes: &bytes[skip..], delimiter, lines_before, ends: true, budget };
    let mut scanner = Scanner::new(options);
    scanner.see(&source)?;
    let scan = scanner.end_file(path)?;
    let planned = scanner.finish(path)?;
    let filled = fill(&source, &planned, options, scan.header)?;
    filled.finish(path, options)
}

/// What the second pass makes of a block.
pub(crate) struct Filled {
    /// Rows that are whole.
    pub(crate) rows: usize,
    /// Their cells, each as what its column holds.
    pub(crate) columns: Vec<Column>,
    /// The column of the target with how its numbers are written, if it is one column of numbers.
    pub(crate) target: Option<Numbers>,
    /// Where they begin.
    lines: Lines,
    /// Bytes that the rows took.
    pub(crate) whole: usize,
}

impl Filled {
    /// The examples, of which there is one at least.
    pub(crate) fn finish(self, path: &Path, options: &TableOptions) -> Result<Raw, DataError> {
        let places = Places::lines(path, self.lines);
        table::finish(path, self.rows, self.columns, self.target, options, places)
    }
}

/// The second pass over a block.
pub(crate) fn fill(
    source: &Source,
    planned: &[Planned],
    options: &TableOptions,
    header: bool,
) -> Result<Filled, DataError> {
    let mut growing: Vec<(usize, Growing)> = Vec::new();
    for (at, Planned { name, role }) in planned.iter().enumerate() {
        growing.extend(Growing::new(name, *role).map(|column| (at, column)));
    }
    let cells = options.cells_expected();
    let mut records = source.records();
    let mut record = Record::default();
    if header {
        source.next(&mut records, &mut record)?;
    }
    let (mut rows, mut lines) = (0, Lines::default());
    while source.next(&mut records, &mut record)? {
        if record.len() != planned.len() {
            // The file has changed since the first pass.
            let expected = format!("{} cells, as before", planned.len());
            return Err(source.malformed(source.line(&record), expected, record.len().to_string()));
        }
        let bytes = growing.iter().map(|(at, column)| column.bytes_of(record.cell(*at).len())).sum();
        source.budget.take(bytes, || source.line(&record))?;
        for (at, column) in &mut growing {
            let text = source.cell(&record, *at, || planned[*at].name.clone())?;
            if let Err(expected) = column.push(cells, text) {
                let place = format!("{}, column {:?}", source.line(&record), planned[*at].name);
                let found = format!("{}\n{HINT}", quoted(text.trim()));
                return Err(source.malformed(place, expected, found));
            }
        }
        lines.push(source.line_number(record.start()));
        rows += 1;
    }
    let (columns, target) = growing::finish(growing.into_iter().map(|(_, column)| column));
    Ok(Filled { rows, columns, target, lines, whole: records.whole() })
}

/// A text table in memory, or a block of one that begins with a row.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) bytes: &'a [u8],
    pub(crate) delimiter: u8,
    /// Lines of the file before this block.
    pub(crate) lines_before: u64,
    /// Whether the file ends with this block. If not, its last row may go on in the next one, and is left for that.
    pub(crate) ends: bool,
    /// What may be made of the file.
    pub(crate) budget: &'a Budget,
}

impl<'a> Source<'a> {
    pub(crate) fn records(&self) -> Records<'a> {
        Records::new(self.delimiter, self.bytes, self.ends)
    }

    /// Reads the next record; false at the end.
    pub(crate) fn next(&self, records: &mut Records, record: &mut Record) -> Result<bool, DataError> {
        records.read(record, self.budget).map_err(|wrong| match wrong {
            Wrong::Long(expected, found) => self.malformed(self.line(record), expected, found),
            Wrong::Memory(error) => error,
        })
    }

    /// A cell as text; `name` says which column it stands in.
    pub(crate) fn cell<'r>(
        &self,
        record: &'r Record,
        at: usize,
        name: impl FnOnce() -> String,
    ) -> Result<&'r str, DataError> {
        std::str::from_utf8(record.cell(at)).map_err(|_| {
            let place = format!("{}, column {:?}", self.line(record), name());
            let found = format!("\"{}\"\nhint: {ENCODING_HINT}", record.cell(at).escape_ascii());
            self.malformed(place, "UTF-8", found)
        })
    }

    pub(crate) fn malformed(
        &self,
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::malformed(self.path, place, expected, found)
    }

    /// The line a record starts on.
    pub(crate) fn line(&self, record: &Record) -> String {
        self.line_at(record.start())
    }

    /// The line a record starts on; it is said to start before the empty lines that precede it.
    pub(crate) fn line_at(&self, start: Start) -> String {
        format!("line {}", self.line_number(start))
    }

    /// Empty lines between a record and the one above it.
    pub(crate) fn empty_above(&self, record: &Record) -> usize {
        let start = record.start().byte;
        let above = self.bytes.get(start..).unwrap_or_default();
        let ends = above.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let lines = ends.filter(|&&byte| byte == b'\n').count();
        // The second half of the line end of the record above, which may be in another block.
        let half = above.first() == Some(&b'\n') && (start == 0 || self.bytes[start - 1] == b'\r');
        lines - usize::from(half)
    }

    fn line_number(&self, start: Start) -> u64 {
        self.lines_before + start.line_in(self.bytes)
    }

    /// Demands that a quoted cell ends before the file does; `last` says where the record read last starts.
    pub(crate) fn check_closed(&self, last: Start) -> Result<(), DataError> {
        let record = self.bytes.get(last.byte..).unwrap_or_default();
        let even = record.split(|&byte| byte == b'"').count() % 2 == 1;
        let opens = |pair: &[u8]| pair[1] == b'"' && (pair[0] == self.delimiter || pair[0] == b'\n');
        let quoted = record.first() == Some(&b'"') || record.windows(2).any(opens);
        if even || !quoted {
            return Ok(());
        }
        Err(self.malformed(self.line_at(last), "a closing quote", "the end of the file"))
    }
}
