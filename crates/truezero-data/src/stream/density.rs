//! Whether the matrices of all files together are so full that zeros are kept: the form that the whole would have in
//! memory, whatever the form of each file.

use crate::Raw;
use crate::formats::DENSE_FROM;

/// Counts the values that are not zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Density {
    active: f64,
    all: f64,
}

/// The form of the whole.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Active,
    Dense,
}

impl Density {
    pub(super) fn add(&mut self, raw: &Raw) {
        self.count(raw.features.active(), raw.examples(), raw.features.width());
    }

    /// Counts the values of so many examples, of which so many are not zero.
    pub(super) fn count(&mut self, active: usize, examples: usize, width: usize) {
        self.all += examples as f64 * width as f64;
        self.active += active as f64;
    }

    pub(super) fn form(self) -> Form {
        if self.active >= DENSE_FROM * self.all { Form::Dense } else { Form::Active }
    }
}

impl Form {
    /// A piece in the form of the whole; a table stays as it is.
    pub(super) fn of(self, raw: Raw) -> Raw {
        let features = raw.features.in_form(matches!(self, Self::Dense));
        Raw { features, ..raw }
    }
}
