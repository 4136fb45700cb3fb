//! Text tables: cells separated by commas, semicolons or tabs, one example on each line.
//!
//! ```text
//! age,colour,review,label          age: numbers; colour: categories; review: text, if asked for
//! 41,red,"good, I think",yes       what a cell means: see [`cell`](crate::cell)
//! ```

use std::path::Path;

use csv::{ByteRecord, Position, Reader};

use super::csv_dialect::{Dialect, reader};
use super::csv_scan::{Planned, Scanner};
use super::encoding::Decoding;
use super::evidence::ENCODING_HINT;
use super::growing::{self, Growing, HINT};
use super::table::{self, TableOptions};
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
    let mut bytes = Vec::new();
    let raw = input.rest()?;
    let path = input.path();
    Decoding::new(options.encoding).append(&raw, &mut bytes, true, |expected, found| {
        DataError::malformed(path, "text", expected, found)
    })?;
    drop(raw);
    let Dialect { delimiter, skip } = Dialect::of(path, &bytes, options)?;
    let lines_before = u64::from(skip > 0);
    let source = Source { path, bytes: &bytes[skip..], delimiter, lines_before, ends: true };
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
    let mut record = ByteRecord::new();
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
        for (at, column) in &mut growing {
            let text = source.cell(&record, *at, || planned[*at].name.clone())?;
            if let Err(expected) = column.push(cells, text) {
                let place = format!("{}, column {:?}", source.line(&record), planned[*at].name);
                let found = format!("{}\n{HINT}", quoted(text.trim()));
                return Err(source.malformed(place, expected, found));
            }
        }
        lines.push(record.position().map_or(0, |position| source.line_number(position)));
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
}

/// The records of a block that are known to be whole.
pub(crate) struct Records<'a> {
    reader: Reader<&'a [u8]>,
    /// The record after the one that was given last, if it is known already.
    ahead: Option<ByteRecord>,
    whole: usize,
}

impl Records<'_> {
    /// Bytes of the records that were given.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }
}

impl<'a> Source<'a> {
    pub(crate) fn records(&self) -> Records<'a> {
        Records { reader: reader(self.delimiter, self.bytes), ahead: None, whole: 0 }
    }

    /// Reads the next record; false at the end.
    pub(crate) fn next(&self, records: &mut Records, record: &mut ByteRecord) -> Result<bool, DataError> {
        if self.ends {
            let found = self.read(&mut records.reader, record)?;
            records.whole = self.bytes.len();
            return Ok(found);
        }
        if records.ahead.is_none() {
            let mut first = ByteRecord::new();
            if !self.read(&mut records.reader, &mut first)? {
                return Ok(false);
            }
            records.ahead = Some(first);
        }
        let mut following = ByteRecord::new();
        if !self.read(&mut records.reader, &mut following)? {
            return Ok(false);
        }
        records.whole = following.position().map_or(0, |position| position.byte() as usize);
        *record = records.ahead.replace(following).expect("it was read before");
        Ok(true)
    }

    fn read(&self, reader: &mut Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, DataError> {
        reader.read_byte_record(record).map_err(|error| {
            self.malformed(self.line_at(reader.position()), "a row of cells", error.to_string())
        })
    }

    /// A cell as text; `name` says which column it stands in.
    pub(crate) fn cell<'r>(
        &self,
        record: &'r ByteRecord,
        at: usize,
        name: impl FnOnce() -> String,
    ) -> Result<&'r str, DataError> {
        std::str::from_utf8(&record[at]).map_err(|_| {
            let place = format!("{}, column {:?}", self.line(record), name());
            let found = format!("\"{}\"\nhint: {ENCODING_HINT}", record[at].escape_ascii());
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
    pub(crate) fn line(&self, record: &ByteRecord) -> String {
        record.position().map_or_else(|| "end".to_owned(), |position| self.line_at(position))
    }

    /// The line a record starts on; its position is given before the empty lines that precede it.
    pub(crate) fn line_at(&self, position: &Position) -> String {
        format!("line {}", self.line_number(position))
    }

    fn line_number(&self, position: &Position) -> u64 {
        let rest = self.bytes.get(position.byte() as usize..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        self.lines_before + position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
    }

    /// Demands that a quoted cell ends before the file does: `last` is the record read last.
    pub(crate) fn check_closed(&self, last: &Position) -> Result<(), DataError> {
        let record = self.bytes.get(last.byte() as usize..).unwrap_or_default();
        let even = record.split(|&byte| byte == b'"').count() % 2 == 1;
        let opens = |pair: &[u8]| pair[1] == b'"' && (pair[0] == self.delimiter || pair[0] == b'\n');
        let quoted = record.first() == Some(&b'"') || record.windows(2).any(opens);
        if even || !quoted {
            return Ok(());
        }
        Err(self.malformed(self.line_at(last), "a closing quote", "the end of the file"))
    }
}
