//! Examples as a plain array.

use crate::aligned::{AlignedVec, padded};

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
    ///
    /// If there is not enough memory, this unwinds as far as [`memory::catch`](crate::memory::catch).
    pub fn zeros(examples: usize, width: usize) -> Self {
        let stride = padded(width);
        // More than there are addresses for is refused there.
        let data = AlignedVec::zeros(examples.saturating_mul(stride));
        Self { examples, width, stride, data }
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
        let stride = padded(width);
        self.data.resize(examples.saturating_mul(stride));
        (self.examples, self.width, self.stride) = (examples, width, stride);
        self.data.fill(0.0);
    }

    /// As [`reset`](Self::reset), but leaves values as they are, for a caller that writes all of them,
    /// padding included.
    pub(crate) fn reshape(&mut self, examples: usize, width: usize) {
        let stride = padded(width);
        self.data.resize(examples.saturating_mul(stride));
        (self.examples, self.width, self.stride) = (examples, width, stride);
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

    /// Appends the examples of another batch of the same width.
    pub fn append(&mut self, other: &Self) {
        let before = self.padded().len();
        self.examples += other.examples;
        self.data.resize(self.examples * self.stride);
        self.data[before..before + other.padded().len()].copy_from_slice(other.padded());
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
