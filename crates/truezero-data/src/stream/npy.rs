//! NPY files, some rows at a time.

use std::path::{Path, PathBuf};

use truezero_sparse::Batch;

use super::{Kind, PIECE_VALUES, Shard};
use crate::formats::DENSE_FROM;
use crate::formats::npy::Rows;
use crate::{DataError, Features, Input, Raw};

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
            let Features::Matrix(batch) = &raw.features else { continue };
            all += batch.examples() as f64 * batch.width() as f64;
            active += match batch {
                Batch::Active(batch) => batch.active() as f64,
                Batch::Dense(batch) => {
                    let of_row = |row| batch.row(row).iter().filter(|&&value| value != 0.0).count();
                    (0..batch.examples()).map(of_row).sum::<usize>() as f64
                }
            };
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
        if let Features::Matrix(batch) = raw.features {
            raw.features =
                Features::Matrix(if self.known.dense { batch.into_dense() } else { batch.into_active() });
        }
        Ok(Some(raw))
    }
}
