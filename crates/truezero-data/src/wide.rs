//! Values that 32 bits do not hold (Unix seconds, long decimal fractions): kept in 64 bits until they are scaled,
//! so that what differs in the data still differs in the network.

use truezero_sparse::{ActiveBatch, Batch, BatchError, DenseBatch, memory};

use crate::Features;

/// Whether 32 bits hold a number exactly.
pub(crate) fn is_single(number: f64) -> bool {
    f64::from(number as f32) == number
}

/// Values one after the other: in 32 bits as long as these hold each of them, then all in 64.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Single(Vec::new())
    }
}

impl Values {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Single(numbers) => numbers.len(),
            Self::Double(numbers) => numbers.len(),
        }
    }

    /// Keeps the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        match self {
            Self::Single(numbers) => numbers.truncate(count),
            Self::Double(numbers) => numbers.truncate(count),
        }
    }

    /// Writes one over another.
    pub(crate) fn copy(&mut self, from: usize, to: usize) {
        match self {
            Self::Single(numbers) => numbers[to] = numbers[from],
            Self::Double(numbers) => numbers[to] = numbers[from],
        }
    }

    /// These as the values of compressed sparse rows, checked.
    pub(crate) fn rows(
        self,
        width: usize,
        offsets: Vec<usize>,
        indices: Vec<u32>,
    ) -> Result<Features, BatchError> {
        Ok(match self {
            Self::Single(values) => {
                let batch = ActiveBatch::from_parts(width, offsets, indices, values)?;
                Features::Matrix(Batch::Active(batch))
            }
            Self::Double(values) => Features::Wide(WideBatch::from_parts(width, offsets, indices, values)?),
        })
    }

    pub(crate) fn get(&self, at: usize) -> f64 {
        match self {
            Self::Single(numbers) => f64::from(numbers[at]),
            Self::Double(numbers) => numbers[at],
        }
    }

    pub(crate) fn push(&mut self, number: f64) {
        if let Self::Single(numbers) = self {
            if is_single(number) {
                return numbers.push(number as f32);
            }
            *self = Self::Double(numbers.iter().copied().map(f64::from).collect());
        }
        if let Self::Double(numbers) = self {
            numbers.push(number);
        }
    }
}

/// A matrix of 64-bit numbers, in the two forms of [`Batch`].
#[derive(Clone, Debug, PartialEq)]
pub struct WideBatch {
    width: usize,
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// All numbers, row after row.
    Dense { examples: usize, values: Vec<f64> },
    /// Of each row, those that are not zero.
    Active { offsets: Vec<usize>, indices: Vec<u32>, values: Vec<f64> },
}

impl From<Batch> for WideBatch {
    fn from(batch: Batch) -> Self {
        let (width, examples) = (batch.width(), batch.examples());
        let form = match batch {
            Batch::Dense(batch) => {
                let mut values = memory::room(examples.saturating_mul(width));
                (0..examples).for_each(|row| values.extend(batch.row(row).iter().copied().map(f64::from)));
                Form::Dense { examples, values }
            }
            Batch::Active(batch) => Form::Active {
                offsets: batch.offsets().to_vec(),
                indices: batch.indices().to_vec(),
                values: batch.values().iter().copied().map(f64::from).collect(),
            },
        };
        Self { width, form }
    }
}

impl WideBatch {
    /// Rows of `width` numbers each, one after the other.
    ///
    /// # Panics
    /// If the last row is not complete, or the width is 0.
    pub fn from_rows(width: usize, values: Vec<f64>) -> Self {
        assert!(width > 0 && values.len().is_multiple_of(width), "whole rows of at least one number");
        Self { width, form: Form::Dense { examples: values.len() / width, values } }
    }

    /// Compressed sparse rows, checked; values that are zero are dropped.
    ///
    /// # Errors
    /// If offsets fall, or indices do not rise within a row or reach the width.
    pub fn from_parts(
        width: usize,
        offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, BatchError> {
        if indices.len() != values.len() {
            return Err(BatchError::Lengths { indices: indices.len(), values: values.len() });
        }
        ActiveBatch::check_rows(width, &offsets, &indices)?;
        if !values.contains(&0.0) {
            return Ok(Self { width, form: Form::Active { offsets, indices, values } });
        }
        let mut kept = Self::empty(width);
        for row in offsets.windows(2) {
            let row = row[0]..row[1];
            kept.push(indices[row.clone()].iter().copied().zip(values[row].iter().copied()));
        }
        Ok(kept)
    }

    /// No rows yet, of which only what is not zero will be kept.
    pub(crate) fn empty(width: usize) -> Self {
        Self { width, form: Form::Active { offsets: vec![0], indices: Vec::new(), values: Vec::new() } }
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        match &self.form {
            Form::Dense { examples, .. } => *examples,
            Form::Active { offsets, .. } => offsets.len() - 1,
        }
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether zeros are kept, too.
    pub fn is_dense(&self) -> bool {
        matches!(self.form, Form::Dense { .. })
    }

    /// Number of values that are not zero.
    pub fn active(&self) -> usize {
        match &self.form {
            Form::Dense { values, .. } => values.iter().filter(|&&value| value != 0.0).count(),
            Form::Active { values, .. } => values.len(),
        }
    }

    /// Calls `visit` with the column and the value of what is kept of an example.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn each(&self, example: usize, mut visit: impl FnMut(usize, f64)) {
        match &self.form {
            Form::Dense { values, .. } => {
                let row = &values[example * self.width..(example + 1) * self.width];
                row.iter().enumerate().for_each(|(column, &value)| visit(column, value));
            }
            Form::Active { offsets, indices, values } => {
                let row = offsets[example]..offsets[example + 1];
                let row = indices[row.clone()].iter().zip(&values[row]);
                row.for_each(|(&column, &value)| visit(column as usize, value));
            }
        }
    }

    /// Appends a row; of a sparse matrix, what is zero is left out.
    ///
    /// # Panics
    /// If the columns do not rise below the width.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = (u32, f64)>) {
        match &mut self.form {
            Form::Dense { examples, values } => {
                let start = values.len();
                values.resize(start + self.width, 0.0);
                row.into_iter().for_each(|(column, value)| values[start + column as usize] = value);
                *examples += 1;
            }
            Form::Active { offsets, indices, values } => {
                for (column, value) in row.into_iter().filter(|&(_, value)| value != 0.0) {
                    debug_assert!((column as usize) < self.width, "column {column} of {}", self.width);
                    indices.push(column);
                    values.push(value);
                }
                offsets.push(indices.len());
            }
        }
    }

    /// Appends the examples of another matrix of the same width.
    ///
    /// # Panics
    /// If the width is another.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.width, other.width, "widths of matrices put together");
        if other.is_dense() {
            self.spread(self.examples() + other.examples());
        }
        let mut row = Vec::new();
        for example in 0..other.examples() {
            row.clear();
            other.each(example, |column, value| row.push((column as u32, value)));
            self.push(row.iter().copied());
        }
    }

    /// Makes all numbers be kept, with room for so many rows.
    pub(crate) fn spread(&mut self, rows: usize) {
        if self.is_dense() {
            return;
        }
        let values = memory::room(rows.saturating_mul(self.width));
        let mut dense = Self { width: self.width, form: Form::Dense { examples: 0, values } };
        let mut row = Vec::new();
        for example in 0..self.examples() {
            row.clear();
            self.each(example, |column, value| row.push((column as u32, value)));
            dense.push(row.iter().copied());
        }
        *self = dense;
    }

    /// The same with all numbers kept, or with those only that are not zero.
    #[must_use]
    pub(crate) fn in_form(mut self, dense: bool) -> Self {
        if dense {
            self.spread(self.examples());
        } else if self.is_dense() {
            let mut active = Self::empty(self.width);
            for example in 0..self.examples() {
                let mut row = Vec::new();
                self.each(example, |column, value| row.push((column as u32, value)));
                active.push(row);
            }
            self = active;
        }
        self
    }

    /// What `map` makes of each value that is kept, by its column; what it makes a zero is kept no more where the matrix
    /// is sparse.
    pub(crate) fn map(self, map: impl Fn(usize, f64) -> f32) -> Batch {
        let (width, examples) = (self.width, self.examples());
        match self.form {
            Form::Dense { values, .. } => {
                let mut batch = DenseBatch::zeros(examples, width);
                for (example, from) in values.chunks_exact(width).enumerate() {
                    let to = batch.row_mut(example).iter_mut().zip(from).enumerate();
                    to.for_each(|(column, (to, &from))| *to = map(column, from));
                }
                Batch::Dense(batch)
            }
            Form::Active { offsets, indices, values } => {
                let mapped = indices.iter().zip(values).map(|(&column, value)| map(column as usize, value));
                let mapped = mapped.collect();
                let batch = ActiveBatch::from_parts(width, offsets, indices, mapped);
                Batch::Active(batch.expect("rows that were checked"))
            }
        }
    }

    /// The numbers rounded to 32 bits.
    #[must_use]
    pub fn narrow(self) -> Batch {
        self.map(|_, value| value as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: f64 = 1_700_000_001.0;

    fn rows(batch: &WideBatch) -> Vec<Vec<(usize, f64)>> {
        let row = |example| {
            let mut row = Vec::new();
            batch.each(example, |column, value| row.push((column, value)));
            row
        };
        (0..batch.examples()).map(row).collect()
    }

    #[test]
    fn numbers_are_wide_from_the_first_on_that_needs_it() {
        let mut numbers = Values::default();
        numbers.push(0.5);
        assert_eq!(numbers, Values::Single(vec![0.5]));
        numbers.push(SECOND);
        numbers.push(1.0);
        assert_eq!(numbers, Values::Double(vec![0.5, SECOND, 1.0]));
    }

    #[test]
    fn both_forms_hold_the_same() {
        let dense = WideBatch::from_rows(2, vec![SECOND, 0.0, 0.0, 0.1]);
        let parts = WideBatch::from_parts(2, vec![0, 2, 3], vec![0, 1, 1], vec![SECOND, 0.0, 0.1]).unwrap();
        assert_eq!(rows(&parts), [vec![(0, SECOND)], vec![(1, 0.1)]]);
        assert_eq!(dense.clone().in_form(false), parts);
        assert_eq!(parts.clone().in_form(true), dense);
        assert_eq!((dense.active(), parts.active()), (2, 2));
        let shifted = |_, value: f64| (value - SECOND) as f32;
        let Batch::Dense(batch) = dense.map(shifted) else { panic!("a dense batch") };
        assert_eq!(batch.row(0)[0], 0.0);
        let Batch::Active(batch) = parts.map(shifted) else { panic!("active values") };
        assert_eq!(batch.example(0), (&[][..], &[][..]), "a value that became zero");
    }

    #[test]
    fn rows_are_put_together_whatever_their_form() {
        let dense = WideBatch::from_rows(2, vec![SECOND, 0.0]);
        let active = dense.clone().in_form(false);
        for first in [&dense, &active] {
            for second in [&dense, &active] {
                let mut both = first.clone();
                both.append(second);
                let expected = WideBatch::from_rows(2, vec![SECOND, 0.0, SECOND, 0.0]);
                assert_eq!(both.in_form(true), expected);
            }
        }
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        assert!(WideBatch::from_parts(2, vec![0, 1], vec![2], vec![1.0]).is_err());
        assert!(WideBatch::from_parts(2, vec![0, 2], vec![1, 0], vec![1.0, 1.0]).is_err());
        assert!(WideBatch::from_parts(2, vec![0, 1], vec![0], vec![]).is_err());
    }
}
