//! The first pass over text tables: is there a header, and what does each column hold?

use std::path::Path;

use super::csv::Source;
use super::csv_record::Record;
use super::evidence::{Evidence, Found};
use super::header::{Top, is_header};
use super::table::{self, Role, TableOptions};
use crate::budget::of_text;
use crate::expected::made_up_name;
use crate::quote::quoted;
use crate::{DataError, Expected};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// What the first pass found of a file.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// Whether the first row names the columns.
    pub(crate) header: bool,
    /// Examples.
    pub(crate) rows: usize,
}

/// The first pass over text tables of the same columns, each of which may come in blocks: checks that rows are of equal
/// length, and finds what every column holds in all of them.
pub(crate) struct Scanner<'a> {
    options: &'a TableOptions,
    /// Of the first file.
    names: Vec<String>,
    header: bool,
    /// Which columns have no name where others have.
    unnamed: Vec<bool>,
    /// What was seen below the headers of the files that are done.
    seen: Vec<Evidence>,
    /// Of the file that is gone through.
    tops: Vec<Top>,
    below: Vec<Evidence>,
    /// The line of its first row.
    top: String,
    rows: usize,
    /// Files that are done.
    files: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(options: &'a TableOptions) -> Self {
        let (names, seen, tops, below) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (unnamed, top) = (Vec::new(), String::new());
        Self { options, names, header: false, unnamed, seen, tops, below, top, rows: 0, files: 0 }
    }

    /// Goes through the rows of a block; gives the number of its bytes that were whole rows.
    ///
    /// A column that cannot be used is told before all of a large file is read.
    pub(crate) fn see(&mut self, source: &Source) -> Result<usize, DataError> {
        let mut records = source.records();
        let mut record = Record::default();
        let mut last = record.start();
        while source.next(&mut records, &mut record)? {
            last = record.start();
            if self.rows == 0 {
                self.begin(source, &record)?;
            } else {
                self.row(source, &record)?;
            }
            self.rows += 1;
        }
        if source.ends {
            source.check_closed(last)?;
        } else if self.below.iter().any(Evidence::is_enough) {
            let silent = TableOptions { notices: crate::Notices::default(), ..self.options.clone() };
            let header = is_header(&self.tops, &self.below, &silent);
            let (names, unnamed) = self.named(header);
            table::roles(source.path, &names, &unnamed, &self.below, 1, &silent)?;
        }
        Ok(records.whole())
    }

    fn begin(&mut self, source: &Source, record: &Record) -> Result<(), DataError> {
        let of_column = (size_of::<Top>() + 2 * size_of::<Evidence>()) as u64;
        let bytes = record.cells().map(|cell| of_column + of_text(cell.len())).sum();
        source.budget.take(bytes, || source.line(record))?;
        self.top = source.line(record);
        self.tops = (0..record.len())
            .map(|at| source.cell(record, at, || made_up_name(at)).map(Top::new))
            .collect::<Result<_, _>>()?;
        self.below = vec![Evidence::default(); record.len()];
        Ok(())
    }

    fn row(&mut self, source: &Source, record: &Record) -> Result<(), DataError> {
        if record.len() != self.tops.len() {
            let expected = format!("{} cells, as in the first row", self.tops.len());
            let text = String::from_utf8_lossy(record.cell(0));
            let found = match record.len() {
                1 if text.trim_start().starts_with('#') => {
                    format!("1: {}\nhint: comments are not read: delete such lines", quoted(&text))
                }
                1 => format!("1: {}", quoted(&text)),
                more => format!("{more}, the first of them {}", quoted(&text)),
            };
            return Err(source.malformed(source.line(record), expected, found));
        }
        let empty = source.empty_above(record);
        if self.tops.len() == 1 && empty > 0 {
            let place = source.path.display().to_string();
            let what = "empty lines passed over, though in a single column each may be a missing value";
            self.options.notices.count(&place, what, empty, &format!("above {}", source.line(record)));
        }
        for ((cell, top), below) in record.cells().zip(&mut self.tops).zip(&mut self.below) {
            let found = |text: &str| Found::new(source.path, source.line(record), text);
            match std::str::from_utf8(cell) {
                Ok(cell) => {
                    top.see(cell);
                    below.add(&self.options.cells, cell, found);
                }
                Err(_) => below.add_garbled(|| found(&format!("\"{}\"", cell.escape_ascii()))),
            }
        }
        Ok(())
    }

    /// The names of the columns, and which of them have none.
    fn named(&self, header: bool) -> (Vec<String>, Vec<bool>) {
        let by_position = self.options.expected.as_ref().is_some_and(|expected| {
            matches!(**expected, Expected::Table { .. }) && expected.is_by_position()
        });
        let name = |(at, top): (usize, &Top)| {
            let named = header && !top.first.is_empty() && !by_position;
            if named { top.first.clone() } else { made_up_name(at) }
        };
        let unnamed = self.tops.iter().map(|top| header && top.first.is_empty()).collect();
        (self.tops.iter().enumerate().map(name).collect(), unnamed)
    }

    /// What was found in all blocks of the file at `path`.
    pub(crate) fn end_file(&mut self, path: &Path) -> Result<Scan, DataError> {
        if self.rows == 0 {
            return Err(DataError::malformed(path, "line 1", "a table", "an empty file"));
        }
        let first = self.seen.is_empty();
        let header = if first || self.options.header.is_some() {
            is_header(&self.tops, &self.below, self.options)
        } else {
            self.header
        };
        if !header {
            for (top, below) in self.tops.iter().zip(&mut self.below) {
                below.add(&self.options.cells, &top.first, |text| Found::new(path, self.top.clone(), text));
            }
        }
        let (names, unnamed) = self.named(header);
        if first {
            (self.names, self.header, self.unnamed) = (names, header, unnamed);
            self.seen = vec![Evidence::default(); self.tops.len()];
        } else if names != self.names {
            let expected = format!("the columns {}, as in the first file", table::listed(&self.names));
            return Err(DataError::malformed(path, "header", expected, table::listed(&names)));
        }
        for (seen, below) in self.seen.iter_mut().zip(self.below.drain(..)) {
            seen.merge(below);
        }
        self.files += 1;
        let rows = std::mem::take(&mut self.rows) - usize::from(header);
        Ok(Scan { header, rows })
    }

    /// What all files hold; `path` is the first.
    pub(crate) fn finish(self, path: &Path) -> Result<Vec<Planned>, DataError> {
        let roles = table::roles(path, &self.names, &self.unnamed, &self.seen, self.files, self.options)?;
        let plan = |(name, role)| Planned { name, role };
        Ok(self.names.into_iter().zip(roles).map(plan).collect())
    }
}
