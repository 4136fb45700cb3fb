//! Fits the scales of a matrix.

use truezero_sparse::Batch;

use crate::DataError;
use crate::preprocess::MAX_WIDTH;
use crate::preprocess::matrix::{MatrixPlan, MatrixScaling};
use crate::preprocess::scaling::{Scaling, Summary, Summing, or_one};

/// What is collected of a matrix; the form of its first piece decides what.
#[derive(Debug)]
pub(super) struct MatrixFitter {
    width: usize,
    examples: usize,
    collected: Collected,
}

#[derive(Debug)]
enum Collected {
    Nothing,
    /// The greatest absolute value of all.
    Greatest(f32),
    /// The greatest absolute value of each column.
    GreatestOfColumns(Vec<f32>),
    /// Of each column of a sparse matrix, the values that are not zero.
    Active(Vec<Summing>),
    /// Of each column, all values; and what is to become of them.
    All(Vec<Summing>, fn(&Summary) -> (f64, f64)),
}

impl MatrixFitter {
    pub(super) fn new(batch: &Batch, scaling: Scaling, image: bool) -> Result<Self, DataError> {
        let width = batch.width();
        if !(1..=MAX_WIDTH).contains(&width) {
            let expected = format!("a width from 1 to {MAX_WIDTH}");
            return Err(DataError::unsuitable("inputs", expected, width.to_string()));
        }
        let sums = || vec![Summing::default(); width];
        let collected = match (scaling, batch) {
            (Scaling::None, _) => Collected::Nothing,
            (Scaling::Auto | Scaling::UnitRange, _) if image => Collected::Greatest(0.0),
            (Scaling::Auto | Scaling::UnitRange, Batch::Active(_)) => {
                Collected::GreatestOfColumns(vec![0.0; width])
            }
            (Scaling::Standardize, Batch::Active(_)) => Collected::Active(sums()),
            (Scaling::Auto | Scaling::Standardize, Batch::Dense(_)) => {
                Collected::All(sums(), Summary::standardize)
            }
            (Scaling::UnitRange, Batch::Dense(_)) => Collected::All(sums(), Summary::unit_range),
        };
        Ok(Self { width, examples: 0, collected })
    }

    pub(super) fn wants_more(&self) -> bool {
        matches!(self.collected, Collected::Active(_) | Collected::All(..))
    }

    pub(super) fn turn(&mut self) {
        let examples = self.examples as u64;
        match &mut self.collected {
            Collected::Active(sums) => sums.iter_mut().for_each(|sum| sum.turn(examples)),
            Collected::All(sums, _) => sums.iter_mut().for_each(|sum| sum.turn(sum.count())),
            Collected::Nothing | Collected::Greatest(_) | Collected::GreatestOfColumns(_) => {}
        }
    }

    pub(super) fn see(&mut self, batch: &Batch, rows: &[usize], second: bool) -> Result<(), DataError> {
        if batch.width() != self.width {
            let expected = format!("{} columns, as before", self.width);
            return Err(DataError::unsuitable("inputs", expected, batch.width().to_string()));
        }
        if !second {
            self.examples += rows.len();
        }
        match &mut self.collected {
            Collected::Greatest(greatest) if !second => {
                each(batch, rows, |_, value| *greatest = greatest.max(value.abs()));
            }
            Collected::GreatestOfColumns(greatest) if !second => {
                each(batch, rows, |column, value| greatest[column] = greatest[column].max(value.abs()));
            }
            Collected::Active(sums) => {
                each(batch, rows, |column, value| {
                    if value != 0.0 {
                        sums[column].add(f64::from(value));
                    }
                });
            }
            Collected::All(sums, _) => match batch {
                Batch::Dense(batch) => {
                    for &row in rows {
                        for (sum, &value) in sums.iter_mut().zip(batch.row(row)) {
                            sum.add(f64::from(value));
                        }
                    }
                }
                Batch::Active(_) => {
                    let expected = "rows in which zeros are kept, as before";
                    return Err(DataError::unsuitable("inputs", expected, "active values only"));
                }
            },
            Collected::Nothing | Collected::Greatest(_) | Collected::GreatestOfColumns(_) => {}
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<MatrixPlan, DataError> {
        let examples = self.examples as u64;
        let scaling = match self.collected {
            Collected::Nothing => MatrixScaling::None,
            Collected::Greatest(greatest) => {
                MatrixScaling::Whole { divisor: or_one(f64::from(greatest)) as f32 }
            }
            Collected::GreatestOfColumns(greatest) => {
                let divisor = |greatest: f32| or_one(f64::from(greatest)) as f32;
                MatrixScaling::Divided { divisors: greatest.into_iter().map(divisor).collect() }
            }
            Collected::Active(sums) => {
                let divisor = |sum: Summing| or_one(sum.with_zeros(examples).deviation) as f32;
                MatrixScaling::Divided { divisors: sums.into_iter().map(divisor).collect() }
            }
            Collected::All(sums, scale) => {
                let scales = sums.into_iter().map(|sum| scale(&sum.summary()));
                let (shifts, divisors) =
                    scales.map(|(shift, divisor)| (shift as f32, divisor as f32)).unzip();
                MatrixScaling::Shifted { shifts, divisors }
            }
        };
        let plan = MatrixPlan::fitted(self.width, scaling);
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(DataError::unsuitable("inputs", "finite numbers that can be scaled", flaw)),
        }
    }
}

/// Calls `visit` with the column and the value of what is kept of these rows.
fn each(batch: &Batch, rows: &[usize], mut visit: impl FnMut(usize, f32)) {
    for &row in rows {
        match batch {
            Batch::Dense(batch) => {
                batch.row(row).iter().enumerate().for_each(|(column, &value)| visit(column, value));
            }
            Batch::Active(batch) => {
                let (columns, values) = batch.example(row);
                columns.iter().zip(values).for_each(|(&column, &value)| visit(column as usize, value));
            }
        }
    }
}
