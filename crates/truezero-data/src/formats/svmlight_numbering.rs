//! Which columns the indices of an svmlight file stand for.

use std::path::Path;

use crate::{Expected, Notice, Notices};

/// How an svmlight file counts its columns, which the file itself does not say. Found in the training
/// file and given again for later files, so that a column keeps its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Numbering {
    /// The index of the first column: 0 or 1.
    pub first: u32,
    /// Number of columns.
    pub width: usize,
}

impl Numbering {
    /// Tells that a file whose smallest and largest index are these has columns that the model never saw.
    pub(crate) fn tell_of_others(self, path: &Path, range: Option<(u32, u32)>, notices: &Notices) {
        let last = u64::from(self.first) + self.width as u64;
        if let Some((_, largest)) = range.filter(|&(_, largest)| u64::from(largest) >= last) {
            let message = format!(
                "columns up to index {largest}, of which those beyond {} are left out, as they were not there in training",
                last.saturating_sub(1)
            );
            notices.tell(Notice::new(path.display().to_string(), message));
        }
    }

    /// Of a file with these least and greatest indices: the first column is 1 if no index is 0, as scikit-learn guesses.
    /// The last columns of a model may occur in none of a few examples.
    pub(crate) fn guess(range: Option<(u32, u32)>, expected: Option<&Expected>) -> Self {
        let first = u32::from(range.is_some_and(|(smallest, _)| smallest > 0));
        let width = range.map_or(0, |(_, largest)| (largest - first) as usize + 1);
        let known = if let Some(Expected::Matrix { width, .. }) = expected { *width } else { 0 };
        Self { first, width: width.max(known) }
    }
}
