//! NPY files, some rows at a time.

use std::path::{Path, PathBuf};

use super::density::{Density, Form};
use super::{Kind, PIECE_VALUES, Shard};
use crate::formats::npy::Rows;
use crate::{DataError, ImageShape, Input, Raw};

/// Goes through all files.
pub(super) fn scan(paths: &[PathBuf], image: Option<ImageShape>) -> Result<Vec<Shard>, DataError> {
    let mut counts = Vec::with_capacity(paths.len());
    let mut density = Density::default();
    for path in paths {
        let mut rows = Rows::open(Input::open(path)?, image)?;
        counts.push(rows.left());
        while let Some(raw) = next(&mut rows, PIECE_VALUES)? {
            density.add(&raw);
        }
    }
    let form = density.form();
    let shard =
        |(path, examples): (&PathBuf, usize)| Shard { path: path.clone(), examples, kind: Kind::Npy(form) };
    Ok(paths.iter().zip(counts).map(shard).collect())
}

fn next(rows: &mut Rows<'_>, values: usize) -> Result<Option<Raw>, DataError> {
    let count = (values / rows.width().max(1)).max(1);
    rows.read(count)
}

/// Reads a file in pieces.
pub(super) struct Reader {
    rows: Rows<'static>,
    form: Form,
    values: usize,
}

impl Reader {
    pub(super) fn open(
        path: &Path,
        form: Form,
        image: Option<ImageShape>,
        values: usize,
    ) -> Result<Self, DataError> {
        Ok(Self { rows: Rows::open(Input::open(path)?, image)?, form, values })
    }
}

impl super::Reader for Reader {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        Ok(next(&mut self.rows, self.values)?.map(|raw| self.form.of(raw)))
    }
}
