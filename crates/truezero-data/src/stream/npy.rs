//! NPY files, some rows at a time.

use std::path::{Path, PathBuf};

use super::{Kind, PIECE_VALUES, Shard};
use crate::formats::DENSE_FROM;
use crate::formats::npy::Rows;
use crate::{DataError, Input, Raw};

/// What all files of the stream together tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Whether so many values are not zero that all are kept.
    dense: bool,
}

/// Goes through all files.
pub(super) fn scan(paths: &[PathBuf]) -> Result<Vec<Shard>, DataError> {
    let mut counts = Vec::with_capacity(paths.len());
    let (mut active, mut all) = (0.0, 0.0);
    for path in paths {
        let mut rows = Rows::open(Input::open(path)?)?;
        counts.push(rows.left());
        while let Some(raw) = next(&mut rows, PIECE_VALUES)? {
            all += raw.examples() as f64 * rows.width() as f64;
            active += raw.features.active() as f64;
        }
    }
    let known = Known { dense: active >= DENSE_FROM * all };
    let shard =
        |(path, examples): (&PathBuf, usize)| Shard { path: path.clone(), examples, kind: Kind::Npy(known) };
    Ok(paths.iter().zip(counts).map(shard).collect())
}

fn next(rows: &mut Rows<'_>, values: usize) -> Result<Option<Raw>, DataError> {
    let count = (values / rows.width().max(1)).max(1);
    rows.read(count)
}

/// Reads a file in pieces.
pub(super) struct Reader {
    rows: Rows<'static>,
    known: Known,
    values: usize,
}

impl Reader {
    pub(super) fn open(path: &Path, known: Known, values: usize) -> Result<Self, DataError> {
        Ok(Self { rows: Rows::open(Input::open(path)?)?, known, values })
    }
}

impl super::Reader for Reader {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        let Some(mut raw) = next(&mut self.rows, self.values)? else { return Ok(None) };
        raw.features = raw.features.in_form(self.known.dense);
        Ok(Some(raw))
    }
}
