//! Batches of examples: active values (compressed sparse rows) or a plain dense array.
//!
//! A bag of words, an image on a black background, a hidden layer of rectifiers and an error
//! propagated back through rectifiers are all an [`ActiveBatch`]. A batch in which nearly every
//! value is active is a [`DenseBatch`].

mod active;
mod dense;

pub use active::{ActiveBatch, BatchError};
pub use dense::DenseBatch;

use crate::memory;

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

    /// Appends the examples of another batch, which take on the form of this one.
    ///
    /// # Panics
    /// If the widths differ.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.width(), other.width(), "batches of different width");
        let all = memory::numbers(other.examples());
        match (self, other) {
            (Self::Active(to), Self::Active(from)) => to.extend_from(from, &all),
            (Self::Active(to), Self::Dense(from)) => {
                for example in all {
                    to.push((0..).zip(from.row(example).iter().copied()));
                }
            }
            (Self::Dense(to), Self::Dense(from)) => to.append(from),
            (Self::Dense(to), Self::Active(from)) => to.append(&from.to_dense()),
        }
    }

    /// The batch with only its non-zeros.
    #[must_use]
    pub fn into_active(self) -> Self {
        match self {
            Self::Active(_) => self,
            Self::Dense(_) => {
                let mut active = Self::Active(ActiveBatch::new(self.width()));
                active.append(&self);
                active
            }
        }
    }

    /// The batch with every value.
    #[must_use]
    pub fn into_dense(self) -> Self {
        match self {
            Self::Active(batch) => Self::Dense(batch.to_dense()),
            Self::Dense(_) => self,
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
    fn copies_of_chosen_examples_keep_the_form() {
        let dense = Batch::Dense(DenseBatch::from_rows(2, &[1.0, 2.0, 3.0, 4.0]));
        let mut copy = Batch::Active(ActiveBatch::new(2));
        copy.copy_from(&dense, &[1]);
        assert_eq!(copy, Batch::Dense(DenseBatch::from_rows(2, &[3.0, 4.0])));
    }

    #[test]
    fn what_is_appended_takes_on_the_form() {
        let dense = Batch::Dense(DenseBatch::from_rows(2, &[0.0, 2.0, 3.0, 0.0]));
        let mut active = ActiveBatch::new(2);
        active.push([(1, 2.0)]);
        active.push([(0, 3.0)]);
        let active = Batch::Active(active);
        let mut four = dense.clone();
        four.append(&active);
        let rows = [0.0, 2.0, 3.0, 0.0];
        assert_eq!(four, Batch::Dense(DenseBatch::from_rows(2, &[rows, rows].concat())));
        let mut four = active.clone();
        four.append(&dense);
        let Batch::Active(four) = four else { panic!("expected active values") };
        assert_eq!((four.offsets(), four.indices()), (&[0, 1, 2, 3, 4][..], &[1, 0, 1, 0][..]));
    }
}
