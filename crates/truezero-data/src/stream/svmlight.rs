//! svmlight files, some lines at a time.

use std::path::{Path, PathBuf};

use super::{Kind, PIECE_VALUES, Shard};
use crate::budget::Budget;
use crate::formats::svmlight::{self, Labels, Lines, Numbering};
use crate::{DataError, Expected, Input, Notices, Raw};

/// What all files of the stream together tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    numbering: Numbering,
    /// Whether some example has not exactly one label.
    sets: bool,
    /// Whether so many values are not zero that all are kept.
    dense: bool,
    /// Whether any example has a label.
    labelled: bool,
}

/// Goes through all files.
pub(super) fn scan(
    paths: &[PathBuf],
    numbering: Option<Numbering>,
    expected: Option<&Expected>,
    notices: &Notices,
) -> Result<(Vec<Shard>, Option<Numbering>), DataError> {
    let (mut range, mut sets): (Option<(u32, u32)>, _) = (None, false);
    let (mut counts, mut ranges) = (Vec::with_capacity(paths.len()), Vec::with_capacity(paths.len()));
    let (mut active, mut labels) = (0, Labels::default());
    for path in paths {
        let mut lines = Lines::new(Input::open(path)?);
        let (mut count, mut of_file, mut of_range) = (0, Labels::default(), None);
        loop {
            let block = lines.block(PIECE_VALUES, false, &Budget::new(path, 0))?;
            if block.examples() == 0 {
                break;
            }
            count += block.examples();
            active += block.active();
            of_file.add(block.labels());
            sets |= block.has_sets();
            of_range = joined(of_range, block.range());
        }
        of_file.tell(path, notices);
        labels.add(of_file);
        counts.push(count);
        ranges.push(of_range);
        range = joined(range, of_range);
    }
    let numbering = numbering.unwrap_or_else(|| Numbering::guess(range, expected));
    paths.iter().zip(ranges).for_each(|(path, range)| numbering.tell_of_others(path, range, notices));
    let dense = svmlight::is_dense(active, counts.iter().sum(), numbering);
    let shard = |(path, examples): (&PathBuf, usize)| {
        let kind = Kind::Svmlight(Known { numbering, sets, dense, labelled: labels.labelled > 0 });
        Shard { path: path.clone(), examples, kind }
    };
    Ok((paths.iter().zip(counts).map(shard).collect(), Some(numbering)))
}

/// The smallest and the largest index of two parts.
fn joined(a: Option<(u32, u32)>, b: Option<(u32, u32)>) -> Option<(u32, u32)> {
    match (a, b) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (known, new) => known.or(new),
    }
}

/// Reads a file in pieces.
pub(super) struct Reader {
    path: PathBuf,
    lines: Lines<'static>,
    known: Known,
    values: usize,
}

impl Reader {
    pub(super) fn open(path: &Path, known: Known, values: usize) -> Result<Self, DataError> {
        Ok(Self { path: path.to_owned(), lines: Lines::new(Input::open(path)?), known, values })
    }
}

impl super::Reader for Reader {
    fn piece(&mut self) -> Result<Option<Raw>, DataError> {
        let block = self.lines.block(self.values, self.known.sets, &Budget::new(&self.path, 0))?;
        if block.examples() == 0 {
            return Ok(None);
        }
        let mut raw = self.lines.raw(block, self.known.numbering)?;
        raw.features = raw.features.in_form(self.known.dense);
        if !self.known.labelled {
            raw.target = None;
        }
        Ok(Some(raw))
    }
}
