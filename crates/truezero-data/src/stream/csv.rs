//! Text tables, block by block.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{BYTES_OF_VALUE, Kind, PIECE_VALUES, Shard};
use crate::budget::Budget;
use crate::formats::csv::{Source, fill};
use crate::formats::csv_dialect::Dialect;
use crate::formats::csv_scan::{Planned, Scan, Scanner};
use crate::formats::encoding::Decoding;
use crate::formats::table::TableOptions;
use crate::read::MAX_LINE;
use crate::{DataError, Input, Raw};

/// What all files of the stream together tell of one.
#[derive(Debug)]
pub(super) struct Known {
    scan: Scan,
    columns: Arc<Vec<Planned>>,
    delimiter: u8,
}

/// Goes through all files.
pub(super) fn scan(paths: &[PathBuf], options: &TableOptions) -> Result<Vec<Shard>, DataError> {
    let mut scanner = Scanner::new(options);
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let mut blocks = Blocks::open(path, options, PIECE_VALUES * BYTES_OF_VALUE)?;
        while blocks.fill()? {
            let whole = scanner.see(&blocks.source(&blocks.budget()))?;
            blocks.take(whole);
        }
        files.push((path, scanner.end_file(path)?, blocks.delimiter()));
    }
    let Some((first, ..)) = files.first() else { return Ok(Vec::new()) };
    let columns = Arc::new(scanner.finish(first)?);
    let shard = |(path, scan, delimiter): (&PathBuf, Scan, u8)| {
        let known = Known { scan, columns: columns.clone(), delimiter };
        Shard { path: path.clone(), examples: known.scan.rows, kind: Kind::Csv(known) }
    };
    Ok(files.into_iter().map(shard).collect())
}

/// Bytes in which a mark before a text fits.
const BYTES_OF_MARK: usize = 4;

/// A file read block by block; each begins with a row.
struct Blocks {
    input: Input<'static>,
    decoding: Decoding,
    bytes: Vec<u8>,
    piece: Vec<u8>,
    /// So many more are read at a time.
    size: usize,
    /// The delimiter among them is told by the first block.
    options: TableOptions,
    begun: bool,
    lines_before: u64,
    ends: bool,
}

impl Blocks {
    fn open(path: &Path, options: &TableOptions, size: usize) -> Result<Self, DataError> {
        let (input, size) = (Input::open(path)?, size.max(BYTES_OF_MARK));
        let decoding = Decoding::new(options.encoding);
        let (bytes, piece, options) = (Vec::new(), Vec::new(), options.clone());
        Ok(Self { input, decoding, bytes, piece, size, options, begun: false, lines_before: 0, ends: false })
    }

    /// Reads on; false if there is nothing left.
    fn fill(&mut self) -> Result<bool, DataError> {
        if self.ends {
            return Ok(false);
        }
        if self.bytes.len() as u64 > MAX_LINE {
            let (place, expected) =
                (format!("line {}", self.lines_before + 1), format!("at most {MAX_LINE} bytes"));
            return Err(self.input.malformed(place, expected, "a longer row"));
        }
        self.piece.clear();
        self.input.take_up_to(&mut self.piece, self.size as u64)?;
        self.ends = self.piece.len() < self.size;
        let input = &self.input;
        self.decoding.append(&self.piece, &mut self.bytes, self.ends, |expected, found| {
            input.malformed(format!("after line {}", self.lines_before), expected, found)
        })?;
        if !self.begun {
            self.begun = true;
            let dialect = Dialect::of(self.input.path(), &self.bytes, &self.options)?;
            self.options.delimiter.get_or_insert(dialect.delimiter);
            self.take(dialect.skip);
        }
        Ok(true)
    }

    fn delimiter(&self) -> u8 {
        self.options.delimiter.unwrap_or(b',')
    }

    /// What may be made of what is there now.
    fn budget(&self) -> Budget {
        Budget::new(self.input.path(), self.bytes.len() as u64)
    }

    fn source<'a>(&'a self, budget: &'a Budget) -> Source<'a> {
        Source {
            budget,
            path: self.input.path(),
            bytes: &self.bytes,
            delimiter: self.delimiter(),
            lines_before: self.lines_before,
            ends: self.ends,
        }
    }

    /// Lets go of the first bytes.
    fn take(&mut self, count: usize) {
        let lines = self.bytes[..count].split(|&byte| byte == b'\n').count() - 1;
        self.lines_before += lines as u64;
        self.bytes.drain(..count);
    }
}

/// Reads a file in pieces.
pub(super) struct Reader<'a> {
    blocks: Blocks,
    known: &'a Known,
    options: &'a TableOptions,
    begun: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn open(
        path: &Path,
        known: &'a Known,
        options: &'a TableOptions,
        size: usize,
    ) -> Result<Self, DataError> {
        let mut blocks = Blocks::open(path, options, size)?;
        blocks.options.delimiter = Some(known.delimiter);
        Ok(Self { blocks, known, options, begun: false })
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        while self.blocks.fill()? {
            let budget = self.blocks.budget();
            let source = self.blocks.source(&budget);
            let header = self.known.scan.header && !self.begun;
            let filled = fill(&source, &self.known.columns, self.options, header)?;
            let whole = filled.whole;
            let raw = (filled.rows > 0).then(|| filled.finish(source.path, self.options));
            // The header may be whole where no row is.
            self.begun |= whole > 0;
            self.blocks.take(whole);
            if let Some(raw) = raw {
                return raw.map(Some);
            }
        }
        Ok(None)
    }
}
