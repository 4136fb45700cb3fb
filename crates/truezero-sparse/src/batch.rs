//! Batches of examples: active values (compressed sparse rows) or a plain dense array.
//!
//! A bag of words, an image on a black background, a hidden layer of rectifiers and an error
//! propagated back through rectifiers are all an [`ActiveBatch`]. A batch in which nearly every
//! value is active is a [`DenseBatch`].

use crate::aligned::{AlignedVec, padded};

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
        if u32::try_from(width).is_err() {
            return Err(BatchError::Width { found: width });
        }
        if indices.len() != values.len() {
            return Err(BatchError::Lengths { indices: indices.len(), values: values.len() });
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
        let mut batch = Self { width, offsets, indices, values };
        if batch.values.contains(&0.0) {
            batch.retain(|_, _, value| *value != 0.0);
        }
        Ok(batch)
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

    /// Gives every example more units, none of them active.
    ///
    /// # Panics
    /// If `width` is below the present one.
    pub fn widen(&mut self, width: usize) {
        assert!(width >= self.width, "{width} is narrower than {}", self.width);
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

/// Examples as a plain array, row after row. Rows are padded with zeros to a multiple of 16 values,
/// so that each starts on a cache line.
#[derive(Clone, Debug, Default)]
pub struct DenseBatch {
    examples: usize,
    width: usize,
    stride: usize,
    data: AlignedVec,
}

impl DenseBatch {
    /// `examples` rows of `width` zeros.
    pub fn zeros(examples: usize, width: usize) -> Self {
        let stride = padded(width);
        Self { examples, width, stride, data: AlignedVec::zeros(examples * stride) }
    }

    /// A batch from rows one after the other, without padding.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows.
    pub fn from_rows(width: usize, values: &[f32]) -> Self {
        let examples = values.len().checked_div(width).unwrap_or(0);
        assert_eq!(examples * width, values.len(), "expected whole rows of {width} values");
        let mut batch = Self::zeros(examples, width);
        for example in 0..examples {
            batch.row_mut(example).copy_from_slice(&values[example * width..][..width]);
        }
        batch
    }

    /// Makes this `examples` rows of `width` zeros, reusing the memory.
    pub fn reset(&mut self, examples: usize, width: usize) {
        (self.examples, self.width, self.stride) = (examples, width, padded(width));
        self.data.resize(examples * self.stride);
        self.data.fill(0.0);
    }

    /// As [`reset`](Self::reset), but leaves values as they are, for a caller that writes all of them,
    /// padding included.
    pub(crate) fn reshape(&mut self, examples: usize, width: usize) {
        (self.examples, self.width, self.stride) = (examples, width, padded(width));
        self.data.resize(examples * self.stride);
    }

    /// Whether both have as many examples and values of each.
    pub(crate) fn has_shape_of(&self, other: &Self) -> bool {
        (self.examples, self.width) == (other.examples, other.width)
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// Number of values of each example.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Distance from the start of a row to the next: the width, rounded up to a multiple of 16.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The values of one example.
    pub fn row(&self, example: usize) -> &[f32] {
        &self.data[example * self.stride..][..self.width]
    }

    /// The values of one example.
    pub fn row_mut(&mut self, example: usize) -> &mut [f32] {
        &mut self.data[example * self.stride..][..self.width]
    }

    /// One example with its padding.
    pub(crate) fn padded_row(&self, example: usize) -> &[f32] {
        &self.data[example * self.stride..][..self.stride]
    }

    /// One example with its padding, which stays zero.
    pub(crate) fn padded_row_mut(&mut self, example: usize) -> &mut [f32] {
        &mut self.data[example * self.stride..][..self.stride]
    }

    /// All rows with their padding, [`stride`](Self::stride) values each.
    pub fn padded(&self) -> &[f32] {
        &self.data[..self.examples * self.stride]
    }

    /// All rows with their padding, which the caller leaves zero.
    pub fn padded_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.examples * self.stride]
    }

    /// `sums[j] = Σ_s self[s,j]`, over rising s.
    pub fn column_sums(&self, sums: &mut Vec<f32>) {
        sums.clear();
        sums.resize(self.width, 0.0);
        for example in 0..self.examples {
            for (sum, value) in sums.iter_mut().zip(self.row(example)) {
                *sum += value;
            }
        }
    }

    /// Makes this a copy of chosen examples of another batch.
    pub fn copy_from(&mut self, source: &Self, examples: &[usize]) {
        self.reset(examples.len(), source.width);
        for (to, &from) in examples.iter().enumerate() {
            self.row_mut(to).copy_from_slice(source.row(from));
        }
    }
}

impl PartialEq for DenseBatch {
    fn eq(&self, other: &Self) -> bool {
        self.has_shape_of(other) && self.padded() == other.padded()
    }
}

/// A batch in the form that suits its density.
#[derive(Clone, Debug, PartialEq)]
pub enum Batch {
    /// Only the non-zeros are kept.
    Active(ActiveBatch),
    /// Every value is kept.
    Dense(DenseBatch),
}

impl Batch {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        match self {
            Self::Active(batch) => batch.examples(),
            Self::Dense(batch) => batch.examples(),
        }
    }

    /// Number of values of each example.
    pub fn width(&self) -> usize {
        match self {
            Self::Active(batch) => batch.width(),
            Self::Dense(batch) => batch.width(),
        }
    }

    /// Makes this a copy of chosen examples of `source`, in its form, reusing memory.
    pub fn copy_from(&mut self, source: &Self, examples: &[usize]) {
        match (&mut *self, source) {
            (Self::Active(to), Self::Active(from)) => {
                to.reset(from.width());
                to.extend_from(from, examples);
            }
            (Self::Dense(to), Self::Dense(from)) => to.copy_from(from, examples),
            (to, Self::Active(from)) => {
                let mut batch = ActiveBatch::new(from.width());
                batch.extend_from(from, examples);
                *to = Self::Active(batch);
            }
            (to, Self::Dense(from)) => {
                let mut batch = DenseBatch::default();
                batch.copy_from(from, examples);
                *to = Self::Dense(batch);
            }
        }
    }

    /// The batch, borrowed in the form it has, as the products take it.
    pub fn view(&self) -> Inputs<'_> {
        match self {
            Self::Active(batch) => Inputs::Active(batch),
            Self::Dense(batch) => Inputs::Dense(batch),
        }
    }
}

/// The inputs of a product, borrowed in the form in which it shall be computed.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a> {
    /// Skip the zeros.
    Active(&'a ActiveBatch),
    /// Multiply everything.
    Dense(&'a DenseBatch),
}

impl Inputs<'_> {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        match self {
            Self::Active(batch) => batch.examples(),
            Self::Dense(batch) => batch.examples(),
        }
    }

    /// Number of values of each example.
    pub fn width(&self) -> usize {
        match self {
            Self::Active(batch) => batch.width(),
            Self::Dense(batch) => batch.width(),
        }
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

    #[test]
    fn copies_of_chosen_examples_keep_the_form() {
        let dense = Batch::Dense(DenseBatch::from_rows(2, &[1.0, 2.0, 3.0, 4.0]));
        let mut copy = Batch::Active(ActiveBatch::new(2));
        copy.copy_from(&dense, &[1]);
        assert_eq!(copy, Batch::Dense(DenseBatch::from_rows(2, &[3.0, 4.0])));
    }
}
