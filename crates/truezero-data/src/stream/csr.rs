//! Sparse matrices in compressed rows as `scipy.sparse.save_npz` writes them, some rows at a time: the three arrays of the
//! archive are read side by side.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::density::{Density, Form};
use super::{Kind, PIECE_VALUES, Reader as _, Shard};
use crate::formats::npy::{Elements, read_string};
use crate::formats::npz::{Archive, MAGIC, Place};
use crate::formats::npz_sparse::{index, matrix, shape, size};
use crate::{DataError, Raw};

/// Most rows of a piece: rows may be empty.
const MAX_ROWS: usize = 1 << 13;

/// Where the arrays of a file are.
#[derive(Clone, Debug)]
pub(super) struct Known {
    rows: usize,
    width: usize,
    offsets: Place,
    indices: Place,
    values: Place,
    /// That of all files together.
    form: Form,
}

/// Files that hold such matrices; none if one holds anything else.
pub(super) fn scan(paths: &[PathBuf]) -> Result<Option<Vec<Shard>>, DataError> {
    let files = paths.iter().map(of_file).collect::<Result<Option<Vec<_>>, _>>();
    let Some(mut files) = files? else { return Ok(None) };
    let mut density = Density::default();
    for (path, known) in paths.iter().zip(&files) {
        let mut reader = Reader::open(path, known, PIECE_VALUES)?;
        while let Some(raw) = reader.piece()? {
            density.add(&raw);
        }
    }
    files.iter_mut().for_each(|known| known.form = density.form());
    let shard = |(path, known): (&PathBuf, Known)| Shard {
        path: path.clone(),
        examples: known.rows,
        kind: Kind::Csr(known),
    };
    Ok(Some(paths.iter().zip(files).map(shard).collect()))
}

/// A file that holds such a matrix; none if it holds anything else.
fn of_file(path: &PathBuf) -> Result<Option<Known>, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    let size = file.metadata().map_err(DataError::io("read", path))?.len();
    let mut file = BufReader::new(file);
    // An archive that is gzipped as a whole has no places in its file.
    if !file.fill_buf().map_err(DataError::io("read", path))?.starts_with(MAGIC) {
        return Ok(None);
    }
    let mut archive = Archive::new(path, file, size)?;
    if !archive.has("format") || archive.member("format", read_string)? != "csr" {
        return Ok(None);
    }
    let (rows, width) = shape(&mut archive)?;
    let (offsets, indices) = (archive.place("indptr")?, archive.place("indices")?);
    let values = archive.place("data")?;
    Ok(Some(Known { rows, width, offsets, indices, values, form: Form::Active }))
}

/// Reads a file in pieces.
pub(super) struct Reader<'a> {
    path: &'a Path,
    width: usize,
    form: Form,
    offsets: Elements<'static>,
    indices: Elements<'static>,
    values: Elements<'static>,
    /// Where the next rows end among all entries.
    ends: VecDeque<usize>,
    /// Rows and entries so far.
    row: usize,
    entry: usize,
    /// Of all rows.
    entries: usize,
    /// About so many values are in a piece.
    size: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(path: &'a Path, known: &Known, size: usize) -> Result<Self, DataError> {
        let open = |place: &Place| Elements::open(place.open(path)?);
        let (offsets, indices) = (open(&known.offsets)?, open(&known.indices)?);
        let (values, rows) = (open(&known.values)?, known.rows);
        let entries = values.left();
        if indices.left() != entries {
            let expected = format!("as many elements as data.npy, {entries}");
            return Err(DataError::malformed(path, "indices.npy", expected, indices.left().to_string()));
        }
        if offsets.left().checked_sub(1) != Some(rows) {
            let expected = format!("one offset more than the {rows} of shape.npy");
            return Err(DataError::malformed(path, "indptr.npy", expected, offsets.left().to_string()));
        }
        let ends = VecDeque::new();
        let mut reader = Self {
            path,
            width: known.width,
            form: known.form,
            offsets,
            indices,
            values,
            ends,
            row: 0,
            entry: 0,
            entries,
            size,
        };
        // The first offset is where the first row begins.
        reader.read_ends(1)?;
        match reader.ends.pop_front() {
            Some(0) => Ok(reader),
            first => Err(reader.offsets.malformed(0, "0", &first.unwrap_or_default())),
        }
    }

    /// Reads on where rows end.
    fn read_ends(&mut self, count: usize) -> Result<(), DataError> {
        let mut at = self.row + self.ends.len();
        let mut before = self.ends.back().copied().unwrap_or(self.entry);
        for end in self.offsets.read(count, "an offset", size)? {
            at += 1;
            if end < before || end > self.entries {
                let expected = format!("offsets rising from 0 to {}", self.entries);
                return Err(self.offsets.malformed(at, expected, &end));
            }
            self.ends.push_back(end);
            before = end;
        }
        Ok(())
    }

    /// Demands that everything was read.
    fn end(&mut self) -> Result<(), DataError> {
        if self.entry != self.entries {
            let expected = format!("offsets rising from 0 to {}", self.entries);
            return Err(self.offsets.malformed(self.row, expected, &self.entry));
        }
        self.offsets.end()?;
        self.indices.end()?;
        self.values.end()
    }
}

impl super::Reader for Reader<'_> {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        self.read_ends(MAX_ROWS - self.ends.len())?;
        let most = self.entry.saturating_add(self.size);
        let rows = self.ends.iter().take_while(|&&end| end <= most).count().max(1).min(self.ends.len());
        if rows == 0 {
            return self.end().map(|()| None);
        }
        let start = self.entry;
        let offsets: Vec<usize> =
            std::iter::once(0).chain(self.ends.drain(..rows).map(|end| end - start)).collect();
        let count = offsets[rows];
        let (width, below) = (self.width, format!("an index below {}", self.width));
        let indices = self.indices.read(count, &below, |value| index(value, width))?;
        let values = self.values.numbers(count)?;
        let raw = matrix(self.path, width, self.row, offsets, indices, values)?;
        self.row += rows;
        self.entry += count;
        Ok(Some(self.form.of(raw)))
    }
}
