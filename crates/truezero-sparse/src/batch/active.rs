//! Examples as their non-zero values.

use super::DenseBatch;

/// What is wrong with the parts an [`ActiveBatch`] was to be made from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The offsets do not start at 0, fall, or do not end at the number of values.
    #[error("row offsets must rise from 0 to {expected}, found {found} at position {position}")]
    Offsets {
        /// Number of active values.
        expected: usize,
        /// The offending offset.
        found: usize,
        /// Its position.
        position: usize,
    },
    /// Indices and values differ in number.
    #[error("expected one value for each of {indices} indices, found {values}")]
    Lengths {
        /// Number of indices.
        indices: usize,
        /// Number of values.
        values: usize,
    },
    /// An index is not below the width.
    #[error("example {example}: expected an index below {width}, found {index}")]
    IndexTooLarge {
        /// The example it stands in.
        example: usize,
        /// The width of the batch.
        width: usize,
        /// The offending index.
        index: u32,
    },
    /// The indices of an example do not rise.
    #[error("example {example}: expected rising indices, found {next} after {index}")]
    IndexOrder {
        /// The example it stands in.
        example: usize,
        /// An index …
        index: u32,
        /// … and the one after it.
        next: u32,
    },
    /// The width does not fit the 32-bit index.
    #[error("expected a width of at most {max}, found {found}", max = u32::MAX)]
    Width {
        /// The width asked for.
        found: usize,
    },
}

/// Examples as their non-zero values: for each, the rising indices of its active units and their
/// values (compressed sparse rows, as scipy's CSR).
///
/// Invariants: offsets rise from 0 to the number of values; the indices of an example rise strictly
/// and stay below the width; no value is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveBatch {
    width: usize,
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl ActiveBatch {
    /// A batch of no examples, each of which would have `width` units.
    pub fn new(width: usize) -> Self {
        Self { width, offsets: vec![0], indices: Vec::new(), values: Vec::new() }
    }

    /// A batch from its parts, checked; values that are zero are dropped.
    ///
    /// # Errors
    /// Any violation of the invariants above, named with its place.
    pub fn from_parts(
        width: usize,
        offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f32>,
    ) -> Result<Self, BatchError> {
        if indices.len() != values.len() {
            return Err(BatchError::Lengths { indices: indices.len(), values: values.len() });
        }
        Self::check_rows(width, &offsets, &indices)?;
        let mut batch = Self { width, offsets, indices, values };
        if batch.values.contains(&0.0) {
            batch.retain(|_, _, value| *value != 0.0);
        }
        Ok(batch)
    }

    /// Checks offsets and indices of rows of active values, whatever the type of these.
    ///
    /// # Errors
    /// Any violation of the invariants above, named with its place.
    pub fn check_rows(width: usize, offsets: &[usize], indices: &[u32]) -> Result<(), BatchError> {
        if u32::try_from(width).is_err() {
            return Err(BatchError::Width { found: width });
        }
        let total = indices.len();
        let bad = |position: usize| BatchError::Offsets {
            expected: total,
            found: offsets.get(position).copied().unwrap_or(0),
            position,
        };
        if offsets.first() != Some(&0) {
            return Err(bad(0));
        }
        if let Some(fall) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(bad(fall + 1));
        }
        if offsets.last() != Some(&total) {
            return Err(bad(offsets.len() - 1));
        }
        for example in 0..offsets.len() - 1 {
            let row = &indices[offsets[example]..offsets[example + 1]];
            if let Some(pair) = row.windows(2).find(|pair| pair[0] >= pair[1]) {
                return Err(BatchError::IndexOrder { example, index: pair[0], next: pair[1] });
            }
            if let Some(&index) = row.last().filter(|&&index| index as usize >= width) {
                return Err(BatchError::IndexTooLarge { example, width, index });
            }
        }
        Ok(())
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of units of each example, active or not.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of active (non-zero) values of all examples.
    pub fn active(&self) -> usize {
        self.indices.len()
    }

    /// Fraction of values that are active; 0 for an empty batch.
    pub fn density(&self) -> f64 {
        let cells = self.examples() * self.width;
        if cells == 0 { 0.0 } else { self.active() as f64 / cells as f64 }
    }

    /// Where each example starts in [`indices`](Self::indices); one more entry than examples.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Indices of the active values of all examples, one after the other.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The active values of all examples, one after the other.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Indices and values of one example.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn example(&self, example: usize) -> (&[u32], &[f32]) {
        let range = self.offsets[example]..self.offsets[example + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Forgets the examples, keeps the memory.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.indices.clear();
        self.values.clear();
    }

    /// As [`clear`](Self::clear), with another width from now on.
    pub fn reset(&mut self, width: usize) {
        self.clear();
        self.width = width;
    }

    /// Appends an example given by its (index, value) pairs in rising order; zeros are skipped.
    ///
    /// # Panics
    /// In debug builds, if the indices do not rise or reach the width.
    pub fn push(&mut self, active: impl IntoIterator<Item = (u32, f32)>) {
        let start = self.indices.len();
        for (index, value) in active {
            if value != 0.0 {
                self.indices.push(index);
                self.values.push(value);
            }
        }
        debug_assert!(self.indices[start..].is_sorted_by(|a, b| a < b), "indices must rise");
        debug_assert!(self.indices[start..].last().is_none_or(|&last| (last as usize) < self.width));
        self.offsets.push(self.indices.len());
    }

    /// Appends copies of chosen examples of another batch of the same width.
    ///
    /// # Panics
    /// If the widths differ or an example does not exist.
    pub fn extend_from(&mut self, source: &Self, examples: &[usize]) {
        assert_eq!(self.width, source.width, "batches of different width");
        for &example in examples {
            let (indices, values) = source.example(example);
            self.indices.extend_from_slice(indices);
            self.values.extend_from_slice(values);
            self.offsets.push(self.indices.len());
        }
    }

    /// The same values as a plain array.
    pub fn to_dense(&self) -> DenseBatch {
        let mut dense = DenseBatch::zeros(self.examples(), self.width);
        for example in 0..self.examples() {
            let (indices, values) = self.example(example);
            let row = dense.row_mut(example);
            for (&index, &value) in indices.iter().zip(values) {
                row[index as usize] = value;
            }
        }
        dense
    }

    /// Keeps the values for which `keep(example, unit, &mut value)` holds; it may change a value,
    /// which must not become zero.
    pub fn retain(&mut self, mut keep: impl FnMut(usize, u32, &mut f32) -> bool) {
        let mut kept = 0;
        let mut start = 0;
        for example in 0..self.examples() {
            let end = self.offsets[example + 1];
            for at in start..end {
                if keep(example, self.indices[at], &mut self.values[at]) {
                    self.indices[kept] = self.indices[at];
                    self.values[kept] = self.values[at];
                    kept += 1;
                }
            }
            start = end;
            self.offsets[example + 1] = kept;
        }
        self.indices.truncate(kept);
        self.values.truncate(kept);
    }

    /// Appends an example given by its rising indices and its values, none of which is zero.
    pub(crate) fn append(&mut self, (indices, values): (&[u32], &[f32])) {
        self.indices.extend_from_slice(indices);
        self.values.extend_from_slice(values);
        self.offsets.push(self.indices.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_checked_and_zeros_dropped() {
        let batch = ActiveBatch::from_parts(4, vec![0, 2, 3], vec![0, 3, 1], vec![1.0, 0.0, 2.0]).unwrap();
        assert_eq!(batch.example(0), (&[0][..], &[1.0][..]));
        assert_eq!(batch.example(1), (&[1][..], &[2.0][..]));
        let error = |offsets: &[usize], indices: &[u32]| {
            ActiveBatch::from_parts(4, offsets.to_vec(), indices.to_vec(), vec![1.0; indices.len()])
                .unwrap_err()
        };
        assert!(matches!(error(&[0, 3], &[0, 1]), BatchError::Offsets { found: 3, .. }));
        assert!(matches!(error(&[0, 2, 1, 2], &[0, 1]), BatchError::Offsets { position: 2, .. }));
        assert!(matches!(error(&[], &[]), BatchError::Offsets { position: 0, .. }));
        assert!(matches!(error(&[0, 2], &[1, 1]), BatchError::IndexOrder { index: 1, next: 1, .. }));
        assert!(matches!(error(&[0, 2], &[1, 4]), BatchError::IndexTooLarge { index: 4, .. }));
    }

    #[test]
    fn retain_keeps_offsets_true() {
        let mut batch = ActiveBatch::new(5);
        batch.push([(0, 1.0), (2, 2.0)]);
        batch.push([]);
        batch.push([(1, 3.0), (4, 4.0)]);
        batch.retain(|_, unit, value| {
            *value *= 2.0;
            unit != 2 && unit != 1
        });
        assert_eq!(batch.offsets(), &[0, 1, 1, 2]);
        assert_eq!(batch.example(2), (&[4][..], &[8.0][..]));
    }
}
