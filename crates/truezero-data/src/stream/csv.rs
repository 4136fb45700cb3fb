//! Text tables, block by block.

use std::path::{Path, PathBuf};

use super::{BYTES_OF_VALUE, Kind, PIECE_VALUES, Shard};
use crate::formats::csv::{Filled, Source, fill, strip_mark};
use crate::formats::csv_dialect::delimiter;
use crate::formats::csv_scan::{Scan, Scanner};
use crate::formats::table::{self, TableOptions};
use crate::read::MAX_LINE;
use crate::{DataError, Input, Raw};

/// What all files of the stream together tell of one.
#[derive(Debug)]
pub(super) struct Known {
    scan: Scan,
    delimiter: u8,
}

/// Goes through all files.
pub(super) fn scan(paths: &[PathBuf], options: &TableOptions) -> Result<Vec<Shard>, DataError> {
    let mut all: Vec<Known> = Vec::with_capacity(paths.len());
    for path in paths {
        let mut blocks = Blocks::open(path, PIECE_VALUES * BYTES_OF_VALUE)?;
        let mut scanner = Scanner::new(options);
        while blocks.fill()? {
            let whole = scanner.see(&blocks.source())?;
            blocks.take(whole);
        }
        let scan = scanner.finish(path)?;
        table::check_names(path, &scan.names, options)?;
        if let Some(first) = all.first()
            && first.scan.names != scan.names
        {
            let expected = format!("the columns {}, as in the first file", table::listed(&first.scan.names));
            return Err(DataError::malformed(path, "header", expected, table::listed(&scan.names)));
        }
        all.push(Known { scan, delimiter: blocks.delimiter.unwrap_or(b',') });
    }
    // A column holds numbers if it does so in all files.
    let columns = all.first().map_or(0, |known| known.scan.numeric.len());
    let numeric: Vec<bool> =
        (0..columns).map(|column| all.iter().all(|known| known.scan.numeric[column])).collect();
    let shard = |(path, mut known): (&PathBuf, Known)| {
        known.scan.numeric.clone_from(&numeric);
        Shard { path: path.clone(), examples: known.scan.rows, kind: Kind::Csv(known) }
    };
    Ok(paths.iter().zip(all).map(shard).collect())
}

/// A file read block by block; each begins with a row.
struct Blocks {
    input: Input<'static>,
    bytes: Vec<u8>,
    /// So many more are read at a time.
    size: usize,
    delimiter: Option<u8>,
    lines_before: u64,
    ends: bool,
}

impl Blocks {
    fn open(path: &Path, size: usize) -> Result<Self, DataError> {
        let input = Input::open(path)?;
        Ok(Self { input, bytes: Vec::new(), size, delimiter: None, lines_before: 0, ends: false })
    }

    /// Reads on; false if there is nothing left.
    fn fill(&mut self) -> Result<bool, DataError> {
        if self.ends {
            return Ok(false);
        }
        let (first, before) = (self.delimiter.is_none(), self.bytes.len());
        if before as u64 > MAX_LINE {
            let (place, expected) =
                (format!("line {}", self.lines_before + 1), format!("at most {MAX_LINE} bytes"));
            return Err(self.input.malformed(place, expected, "a longer row"));
        }
        self.input.take_up_to(&mut self.bytes, self.size as u64)?;
        self.ends = self.bytes.len() - before < self.size;
        if first {
            strip_mark(&mut self.bytes);
            self.delimiter = Some(delimiter(self.input.path(), &self.bytes));
        }
        Ok(true)
    }

    fn source(&self) -> Source<'_> {
        Source {
            path: self.input.path(),
            bytes: &self.bytes,
            delimiter: self.delimiter.unwrap_or(b','),
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
        Ok(Self { blocks: Blocks::open(path, size)?, known, options, begun: false })
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        while self.blocks.fill()? {
            self.blocks.delimiter = Some(self.known.delimiter);
            let source = self.blocks.source();
            let header = self.known.scan.header && !self.begun;
            let Filled { rows, columns, target, whole } =
                fill(&source, &self.known.scan, self.options, header)?;
            let first = usize::from(header);
            let raw = (rows > 0).then(|| {
                let line = |row: usize| source.line_of(first + row);
                table::finish(source.path, rows, columns, target, self.options, line)
            });
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
