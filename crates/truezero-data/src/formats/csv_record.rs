//! The records of a text table, one at a time, in memory that is bounded: a row may be as long as a line may be, and have
//! as many cells as a table columns.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::table::MAX_COLUMNS;
use crate::DataError;
use crate::budget::Budget;
use crate::read::MAX_LINE;

/// Bytes of cells that there is room for at first.
const FIRST_BYTES: usize = 1 << 10;
/// Cells that there is room for at first.
const FIRST_CELLS: usize = 1 << 6;

/// Where a record starts, before the empty lines that precede it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) byte: usize,
    /// Counted from 1.
    pub(crate) line: u64,
}

impl Start {
    /// The line of the text on which the record itself begins.
    pub(crate) fn line_in(self, text: &[u8]) -> u64 {
        let rest = text.get(self.byte..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        self.line + empty.filter(|&&byte| byte == b'\n').count() as u64
    }
}

/// The cells of a row.
#[derive(Debug)]
pub(crate) struct Record {
    cells: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    length: usize,
    start: Start,
}

impl Default for Record {
    fn default() -> Self {
        Self { cells: Vec::new(), ends: Vec::new(), length: 0, start: Start { byte: 0, line: 1 } }
    }
}

impl Record {
    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn start(&self) -> Start {
        self.start
    }

    /// A cell.
    ///
    /// # Panics
    /// If there is no such cell.
    pub(crate) fn cell(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.cells[start..self.ends[..self.length][at]]
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.length).map(|at| self.cell(at))
    }
}

/// What is wrong with a record.
pub(crate) enum Wrong {
    /// It is too long: what was expected, what was found.
    Long(String, &'static str),
    /// It takes too much memory.
    Memory(DataError),
}

/// The records of a text, of any length.
pub(crate) struct Records<'a> {
    reader: Reader,
    bytes: &'a [u8],
    at: usize,
    /// Bytes of the records that were read.
    whole: usize,
    /// Whether the text ends here; if not, its last record may go on.
    ends: bool,
}

impl<'a> Records<'a> {
    pub(crate) fn new(delimiter: u8, bytes: &'a [u8], ends: bool) -> Self {
        Self { reader: ReaderBuilder::new().delimiter(delimiter).build(), bytes, at: 0, whole: 0, ends }
    }

    /// Bytes of the records that were read: what follows is not whole, or not read yet.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    /// Reads the next record; false if no other is whole.
    pub(crate) fn read(&mut self, record: &mut Record, budget: &Budget) -> Result<bool, Wrong> {
        record.start = Start { byte: self.at, line: self.reader.line() };
        record.length = 0;
        let (mut written, mut cells) = (0, 0);
        loop {
            let rest = &self.bytes[self.at..];
            if rest.is_empty() && !self.ends {
                return Ok(false);
            }
            let (result, read, wrote, ended) =
                self.reader.read_record(rest, &mut record.cells[written..], &mut record.ends[cells..]);
            self.at += read;
            written += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    let most = MAX_LINE as usize;
                    let long = || Wrong::Long(format!("a row of at most {MAX_LINE} bytes"), "a longer one");
                    grow(&mut record.cells, FIRST_BYTES, most, budget, long)?;
                }
                ReadRecordResult::OutputEndsFull => {
                    let long = || Wrong::Long(format!("at most {MAX_COLUMNS} cells"), "more");
                    grow(&mut record.ends, FIRST_CELLS, MAX_COLUMNS, budget, long)?;
                }
                ReadRecordResult::Record => {
                    record.length = cells;
                    self.whole = self.at;
                    return Ok(true);
                }
                ReadRecordResult::End => {
                    self.whole = self.at;
                    return Ok(false);
                }
            }
        }
    }
}

/// Makes a vector longer, up to `most` values.
fn grow<T: Clone + Default>(
    vector: &mut Vec<T>,
    first: usize,
    most: usize,
    budget: &Budget,
    long: impl FnOnce() -> Wrong,
) -> Result<(), Wrong> {
    if vector.len() >= most {
        return Err(long());
    }
    let more = vector.len().max(first).min(most - vector.len());
    budget.reserve(vector, more, "row").map_err(Wrong::Memory)?;
    vector.resize(vector.len() + more, T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn budget(most: u64) -> Budget {
        Budget::up_to(Path::new("t"), most)
    }

    fn read(text: &str, ends: bool) -> Vec<(Vec<String>, usize, u64)> {
        let mut records = Records::new(b',', text.as_bytes(), ends);
        let mut record = Record::default();
        let mut found = Vec::new();
        while records.read(&mut record, &budget(1 << 20)).is_ok_and(|found| found) {
            let cells = record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            found.push((cells, record.start().byte, record.start().line));
        }
        found
    }

    #[test]
    fn records_are_cells_with_their_place() {
        let cells = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let text = "a,\"b\nc\"\n\n1,2,3\r\n4";
        let expected =
            [(cells(&["a", "b\nc"]), 0, 1), (cells(&["1", "2", "3"]), 8, 3), (cells(&["4"]), 15, 4)];
        assert_eq!(read(text, true), expected);
        assert_eq!(read(text, false), expected[..2], "the last one may go on");
        assert_eq!(read("", true), []);
        let mut records = Records::new(b',', text.as_bytes(), false);
        while records.read(&mut Record::default(), &budget(1 << 20)).is_ok_and(|found| found) {}
        assert_eq!(records.whole(), 15, "what may go on is left");
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_is_there() {
        let wide = ",".repeat(MAX_COLUMNS);
        let wrong = Records::new(b',', wide.as_bytes(), true).read(&mut Record::default(), &budget(1 << 30));
        assert!(matches!(wrong, Err(Wrong::Long(expected, "more")) if expected == "at most 1048576 cells"));
        let long = "a".repeat(1 << 12);
        let wrong = Records::new(b',', long.as_bytes(), true).read(&mut Record::default(), &budget(1 << 11));
        assert!(matches!(wrong, Err(Wrong::Memory(_))));
    }
}
