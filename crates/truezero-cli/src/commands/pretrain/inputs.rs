//! Examples to pre-train on, gathered in one batch.

use std::borrow::Cow;

use truezero_sparse::{Batch, DenseBatch};

/// Inputs, and which of them are for what.
pub struct Inputs<'a> {
    pub batch: Cow<'a, Batch>,
    pub train: Vec<usize>,
    pub validation: Vec<usize>,
    /// Whose rows `validation` may name.
    first: &'a Batch,
}

impl<'a> Inputs<'a> {
    /// Examples `train` of a batch.
    pub fn new(batch: &'a Batch, train: &[usize]) -> Self {
        Self { batch: Cow::Borrowed(batch), train: train.to_vec(), validation: Vec::new(), first: batch }
    }

    /// All examples of another batch as well.
    pub fn train_on(&mut self, more: &Batch) {
        let first = self.batch.examples();
        self.batch.to_mut().append(more);
        self.train.extend(first..self.batch.examples());
    }

    /// Examples that tell when to stop, of the first batch or another one.
    pub fn stop_by(&mut self, batch: &Batch, rows: &[usize]) {
        if std::ptr::eq(batch, self.first) {
            self.validation = rows.to_vec();
            return;
        }
        let mut chosen = Batch::Dense(DenseBatch::default());
        chosen.copy_from(batch, rows);
        let first = self.batch.examples();
        self.batch.to_mut().append(&chosen);
        self.validation = (first..self.batch.examples()).collect();
    }
}
