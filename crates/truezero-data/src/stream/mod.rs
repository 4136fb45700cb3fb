//! Data larger than memory: files that are read piece after piece, as often as needed.
//!
//! CSV and svmlight files come in blocks of lines, Parquet files in batches of rows, NPY files and NPZ files with a matrix in
//! compressed rows in blocks of rows; other files come whole, one after the other: split into files of bearable size (shards), they can be
//! streamed, too. A first pass finds what only all examples can tell: how many there are, which columns of a text
//! table are numbers, how svmlight columns are counted, whether a matrix is sparse. The pieces are then parts of the
//! very [`Raw`] that reading everything into memory would give.
//!
//! ```no_run
//! # fn main() -> Result<(), truezero_data::DataError> {
//! use truezero_data::{SourceSpec, stream::Stream};
//! let stream = Stream::open(&SourceSpec { target: Some("y".into()), ..SourceSpec::new("data/*.parquet") })?;
//! println!("{} examples", stream.examples());
//! for piece in stream.pieces() {
//!     println!("{} more", piece?.examples());
//! }
//! # Ok(())
//! # }
//! ```

mod arrow;
mod csr;
mod csv;
mod density;
mod held_out;
mod npy;
mod parquet;
mod shards;
mod svmlight;
mod whole;
mod windows;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::formats::TableOptions;
use crate::formats::svmlight::Numbering;
use crate::formats::table::listed;
use crate::image_shape::like;
use crate::quote::quoted;
use crate::source::Format;
use crate::{DataError, Features, Notice, Notices, Raw, RawTarget, SourceSpec, checksum};

pub use held_out::{HeldOut, hold_out, infer_task};
pub use windows::{Prepared, Windows, chosen, class_weights, fit, fit_targets};

/// About so many values are in a piece, unless it is said otherwise: 8 MB of them as 64-bit numbers.
pub const PIECE_VALUES: usize = 1 << 20;
/// So many bytes of text are read for a value.
const BYTES_OF_VALUE: usize = 4;

/// Examples in files, not in memory.
#[derive(Debug)]
pub struct Stream {
    name: String,
    options: TableOptions,
    shards: Vec<Shard>,
    /// Of all shards, if they are given apart from the examples: their file, and what is in it.
    labels: Option<(PathBuf, RawTarget)>,
    numbering: Option<Numbering>,
    /// The column that tells how much each example counts, which is no input.
    weight_column: Option<String>,
    examples: usize,
    /// About so many values are in a piece.
    values: usize,
}

/// A file, and what the first pass found in it.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    examples: usize,
    kind: Kind,
}

/// A format, with what must be known before its files can be read in pieces.
#[derive(Debug)]
enum Kind {
    Csv(csv::Known),
    Svmlight(svmlight::Known),
    Parquet(parquet::Known),
    Arrow(arrow::Known),
    Npy(density::Form),
    Csr(csr::Known),
    /// A file that is read at once.
    Whole(Format, density::Form),
}

impl Stream {
    /// Finds the files and goes through them once. `spec.data` is a file, a folder of files of one format, or a
    /// pattern (`part-*.csv`) of such files, which come in the order of their names.
    ///
    /// # Errors
    /// If there are none, one violates its format or is not like the others, or there are no examples.
    pub fn open(spec: &SourceSpec) -> Result<Self, DataError> {
        let options = TableOptions::of(spec);
        let (format, paths) = shards::find(&spec.data, spec.format)?;
        if let Some(partition) = paths.iter().find_map(|path| shards::partition(path)) {
            let message = format!("partitions, as {partition}, are not read as columns");
            options.notices.tell(Notice::new(spec.data.clone(), message));
        }
        let (mut shards, numbering) = match format {
            Format::Csv => (csv::scan(&paths, &options)?, None),
            Format::Svmlight => {
                svmlight::scan(&paths, spec.numbering, spec.expected.as_deref(), &spec.notices)?
            }
            Format::Parquet => (parquet::scan(&paths, &options)?, None),
            Format::Arrow => (arrow::scan(&paths, &options)?, None),
            Format::Npy => (npy::scan(&paths, spec.image())?, None),
            other => (whole::scan(&paths, other, &options)?, None),
        };
        shards.retain(|shard| shard.examples > 0);
        let examples = shards.iter().map(|shard| shard.examples).sum();
        if examples == 0 {
            return Err(DataError::unsuitable(format!("examples of {}", spec.data), "at least one", "none"));
        }
        let read = |path: &PathBuf| Ok((path.clone(), crate::source::read_labels(path, examples, spec)?));
        let labels: Option<(PathBuf, RawTarget)> = spec.labels.as_ref().map(read).transpose()?;
        let count = labels.as_ref().map(|(_, labels)| labels.examples());
        if let Some(found) = count.filter(|&found| found != examples) {
            let expected = format!("{examples}, one for each example");
            return Err(DataError::unsuitable(
                format!("targets of {}", spec.data),
                expected,
                found.to_string(),
            ));
        }
        Ok(Self {
            name: spec.data.clone(),
            options,
            shards,
            labels,
            numbering,
            weight_column: None,
            examples,
            values: PIECE_VALUES,
        })
    }

    /// The same examples, with about so many values in a piece.
    #[must_use]
    pub fn in_pieces_of(self, values: usize) -> Self {
        Self { values: values.max(1), ..self }
    }

    /// The same examples, which count as much as this column of a table tells.
    #[must_use]
    pub fn weighted_by(self, column: Option<String>) -> Self {
        Self { weight_column: column, ..self }
    }

    /// What it was called when it was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// Where everything that is told of the stream goes.
    pub fn notices(&self) -> &Notices {
        &self.options.notices
    }

    /// The files, in order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(|shard| shard.path.as_path())
    }

    /// What tells this data from any other: the SHA-256 of the names and contents of its files, in hexadecimal digits.
    /// Sizes and times would be quicker to have, but a copy has another time, and other numbers have the same size.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn checksum(&self) -> Result<String, DataError> {
        let mut all = Sha256::new();
        let labels = self.labels.as_ref().map(|(path, _)| path.as_path());
        for path in self.files().chain(labels) {
            // Not the folder, which may have moved.
            all.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            all.update(checksum::sha256(path)?);
        }
        Ok(checksum::hexadecimal(&all.finalize()))
    }

    /// How the columns of svmlight files are counted.
    pub fn numbering(&self) -> Option<Numbering> {
        self.numbering
    }

    /// All examples, in order, in pieces that are the same each time; a column of weights is still in them.
    pub fn pieces(&self) -> Pieces<'_> {
        self.pieces_from(0).1
    }

    /// The pieces from those of the file on that has the example at a position; and the position of their first.
    fn pieces_from(&self, position: usize) -> (usize, Pieces<'_>) {
        let (mut next, mut given) = (0, 0);
        while let Some(shard) = self.shards.get(next)
            && given + shard.examples <= position
        {
            next += 1;
            given += shard.examples;
        }
        (given, Pieces { stream: self, next, reader: None, given, columns: None })
    }
}

/// The pieces of a [`Stream`]; after an error there are no more.
pub struct Pieces<'a> {
    stream: &'a Stream,
    /// The shard after the one that is being read.
    next: usize,
    reader: Option<Box<dyn Reader + 'a>>,
    /// Examples so far.
    given: usize,
    /// The columns of the first piece, if it is of a table.
    columns: Option<Vec<String>>,
}

/// Reads a file in pieces.
trait Reader {
    /// The next piece; none at the end.
    fn piece(&mut self) -> Result<Option<Raw>, DataError>;
}

fn open<'a>(shard: &'a Shard, stream: &'a Stream) -> Result<Box<dyn Reader + 'a>, DataError> {
    let (path, options, values) = (&shard.path, &stream.options, stream.values);
    let image = options.expected.as_ref().and_then(|expected| expected.image());
    Ok(match &shard.kind {
        Kind::Csv(known) => {
            Box::new(csv::Reader::open(path, known, options, values.saturating_mul(BYTES_OF_VALUE))?)
        }
        Kind::Svmlight(known) => Box::new(svmlight::Reader::open(path, *known, values)?),
        Kind::Parquet(known) => Box::new(parquet::Reader::open(path, known, options, values)?),
        Kind::Arrow(known) => Box::new(arrow::Reader::new(path, known, options)),
        Kind::Npy(form) => Box::new(npy::Reader::open(path, *form, image, values)?),
        Kind::Csr(known) => Box::new(csr::Reader::open(path, known, values)?),
        Kind::Whole(format, form) => Box::new(whole::Reader::new(path, *format, *form, options)),
    })
}

/// Demands that a table has the columns of the first one, which it sets.
fn check_columns(first: &mut Option<Vec<String>>, raw: &Raw, path: &Path) -> Result<(), DataError> {
    let Features::Table(table) = &raw.features else { return Ok(()) };
    let names = || table.columns.iter().map(|column| &column.name);
    let first = first.get_or_insert_with(|| names().cloned().collect());
    if names().eq(first.iter()) {
        return Ok(());
    }
    let missing = first.iter().find(|name| !names().any(|other| other == *name));
    let found = match (missing, names().find(|name| !first.contains(name))) {
        (Some(name), _) => format!("no column {}", quoted(name)),
        (None, Some(name)) => format!("a column {} more", quoted(name)),
        (None, None) => format!("another order: {}", listed(&names().cloned().collect::<Vec<_>>())),
    };
    let expected = format!("the columns {}, as in the first file", listed(first));
    Err(DataError::malformed(path, "columns", expected, found))
}

impl Pieces<'_> {
    fn read(&mut self) -> Result<Option<Raw>, DataError> {
        loop {
            if let Some(reader) = &mut self.reader
                && let Some(raw) = reader.piece()?
            {
                let Stream { options, shards, .. } = self.stream;
                let path = &shards[self.next - 1].path;
                check_columns(&mut self.columns, &raw, path)?;
                let name = path.display().to_string();
                let image = options.expected.as_ref().and_then(|expected| expected.image());
                return self.labelled(like(raw, image, &name, &options.notices)?).map(Some);
            }
            let Some(shard) = self.stream.shards.get(self.next) else { return self.end() };
            self.next += 1;
            self.reader = Some(open(shard, self.stream)?);
        }
    }

    /// Puts the labels to it that are kept apart.
    fn labelled(&mut self, mut raw: Raw) -> Result<Raw, DataError> {
        let rows: Vec<usize> = (self.given..self.given + raw.examples()).collect();
        self.given += rows.len();
        if self.given > self.stream.examples {
            return self.changed();
        }
        if let Some((_, labels)) = &self.stream.labels {
            if raw.target.is_some() {
                let place = format!("labels of {}", self.stream.name);
                return Err(DataError::unsuitable(
                    place,
                    "data without targets of its own",
                    "data with targets",
                ));
            }
            raw.target = Some(labels.select(&rows));
        }
        Ok(raw)
    }

    fn end(&self) -> Result<Option<Raw>, DataError> {
        if self.given == self.stream.examples { Ok(None) } else { self.changed() }
    }

    fn changed<T>(&self) -> Result<T, DataError> {
        let expected = format!("{} examples, as in the first pass", self.stream.examples);
        Err(DataError::unsuitable(&self.stream.name, expected, format!("{} or more", self.given)))
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Raw, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.read();
        if !matches!(piece, Ok(Some(_))) {
            (self.reader, self.next) = (None, self.stream.shards.len());
            if piece.is_err() {
                // The end that follows is no error of its own.
                self.given = self.stream.examples;
            }
        }
        piece.transpose()
    }
}
