//! Whether the matrices of all files together are so full that zeros are kept: the form that the whole would have in
//! memory, whatever the form of each file.

use truezero_sparse::Batch;

use crate::formats::DENSE_FROM;
use crate::{Features, Raw};

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
        let Features::Matrix(batch) = &raw.features else { return };
        self.all += batch.examples() as f64 * batch.width() as f64;
        self.active += match batch {
            Batch::Active(batch) => batch.active() as f64,
            Batch::Dense(batch) => {
                let of_row = |row| batch.row(row).iter().filter(|&&value| value != 0.0).count();
                (0..batch.examples()).map(of_row).sum::<usize>() as f64
            }
        };
    }

    pub(super) fn form(self) -> Form {
        if self.active >= DENSE_FROM * self.all { Form::Dense } else { Form::Active }
    }
}

impl Form {
    /// A piece in the form of the whole; a table stays as it is.
    pub(super) fn of(self, raw: Raw) -> Raw {
        let features = match (raw.features, self) {
            (Features::Matrix(batch), Self::Dense) => Features::Matrix(batch.into_dense()),
            (Features::Matrix(batch), Self::Active) => Features::Matrix(batch.into_active()),
            (table @ Features::Table(_), _) => table,
        };
        Raw { features, ..raw }
    }
}
