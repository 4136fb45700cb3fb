//! Fits the scales of a matrix.

use truezero_sparse::Batch;

use crate::preprocess::MAX_WIDTH;
use crate::preprocess::matrix::{MatrixPlan, MatrixScaling};
use crate::preprocess::scaling::{LIMIT, Range, Scaling, Summary, Summing, or_one, rounded};
use crate::{DataError, ImageShape, WideBatch};

/// What is collected of a matrix; the form of its first piece decides what.
#[derive(Debug)]
pub(super) struct MatrixFitter {
    width: usize,
    image: Option<ImageShape>,
    examples: usize,
    collected: Collected,
}

#[derive(Debug)]
enum Collected {
    Nothing,
    /// The greatest absolute value of all.
    Greatest(f64),
    /// The range of each column of a sparse matrix.
    Ranges(Vec<Range>),
    /// Of each column of a sparse matrix, the values that are not zero.
    Active(Vec<Summing>),
    /// Of each column, all values; and what is to become of them.
    All(Vec<Summing>, fn(&Summary) -> (f64, f64)),
}

impl MatrixFitter {
    pub(super) fn new(
        matrix: Matrix<'_>,
        scaling: Scaling,
        image: Option<ImageShape>,
    ) -> Result<Self, DataError> {
        let (width, dense) = (matrix.width(), matrix.is_dense());
        if !(1..=MAX_WIDTH).contains(&width) {
            let expected = format!("a width from 1 to {MAX_WIDTH}");
            return Err(DataError::unsuitable("inputs", expected, width.to_string()));
        }
        let sums = || vec![Summing::default(); width];
        let collected = match (scaling, dense) {
            (Scaling::None, _) => Collected::Nothing,
            (Scaling::Auto | Scaling::UnitRange, _) if image.is_some() => Collected::Greatest(0.0),
            (Scaling::Auto | Scaling::UnitRange, false) => Collected::Ranges(vec![Range::default(); width]),
            (Scaling::Standardize, false) => Collected::Active(sums()),
            (Scaling::Auto | Scaling::Standardize, true) => Collected::All(sums(), Summary::standardize),
            (Scaling::UnitRange, true) => Collected::All(sums(), Summary::unit_range),
        };
        Ok(Self { width, image, examples: 0, collected })
    }

    pub(super) fn wants_more(&self) -> bool {
        matches!(self.collected, Collected::Active(_) | Collected::All(..))
    }

    pub(super) fn turn(&mut self) {
        let examples = self.examples as u64;
        match &mut self.collected {
            Collected::Active(sums) => sums.iter_mut().for_each(|sum| sum.turn(examples)),
            Collected::All(sums, _) => sums.iter_mut().for_each(|sum| sum.turn(sum.count())),
            Collected::Nothing | Collected::Greatest(_) | Collected::Ranges(_) => {}
        }
    }

    pub(super) fn see(&mut self, matrix: Matrix<'_>, rows: &[usize], second: bool) -> Result<(), DataError> {
        if matrix.width() != self.width {
            let expected = format!("{} columns, as before", self.width);
            return Err(DataError::unsuitable("inputs", expected, matrix.width().to_string()));
        }
        if !second {
            self.examples += rows.len();
        }
        match &mut self.collected {
            Collected::Greatest(greatest) if !second => {
                matrix.each(rows, |_, value| *greatest = greatest.max(value.abs()));
            }
            Collected::Ranges(ranges) if !second => {
                matrix.each(rows, |column, value| ranges[column].add(value));
            }
            Collected::Active(sums) => {
                matrix.each(rows, |column, value| {
                    if value != 0.0 {
                        sums[column].add(value);
                    }
                });
            }
            Collected::All(..) if !matrix.is_dense() => {
                let expected = "rows in which zeros are kept, as before";
                return Err(DataError::unsuitable("inputs", expected, "active values only"));
            }
            Collected::All(sums, _) => matrix.each(rows, |column, value| sums[column].add(value)),
            Collected::Nothing | Collected::Greatest(_) | Collected::Ranges(_) => {}
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<MatrixPlan, DataError> {
        let examples = self.examples as u64;
        let (scaling, limit) = match self.collected {
            Collected::Nothing => (MatrixScaling::None, None),
            Collected::Greatest(greatest) => {
                (MatrixScaling::Whole { divisor: rounded((0.0, or_one(greatest))).1 }, None)
            }
            Collected::Ranges(ranges) => {
                let scaling = of_sparse(ranges.into_iter().map(|range| range.divide(examples)));
                // What is divided by the greatest number is within limits.
                let limit = matches!(scaling, MatrixScaling::Shifted { .. }).then_some(LIMIT);
                (scaling, limit)
            }
            Collected::Active(sums) => {
                (of_sparse(sums.into_iter().map(|sum| sum.with_zeros(examples).divide())), Some(LIMIT))
            }
            Collected::All(sums, scale) => {
                let (shifts, divisors) = sums.into_iter().map(|sum| rounded(scale(&sum.summary()))).unzip();
                (MatrixScaling::Shifted { shifts, divisors }, Some(LIMIT))
            }
        };
        let plan = MatrixPlan::fitted(self.width, scaling, limit, self.image);
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(DataError::unsuitable("inputs", "finite numbers that can be scaled", flaw)),
        }
    }
}

/// The scaling of a sparse matrix, from shift and divisor of each column; few have a shift.
fn of_sparse(scales: impl Iterator<Item = (f64, f64)>) -> MatrixScaling {
    let (shifts, divisors): (Vec<f64>, Vec<f64>) = scales.map(rounded).unzip();
    if shifts.iter().all(|&shift| shift == 0.0) {
        return MatrixScaling::Divided { divisors };
    }
    MatrixScaling::Shifted { shifts, divisors }
}

/// A matrix in either width of its numbers.
#[derive(Clone, Copy)]
pub(super) enum Matrix<'a> {
    Single(&'a Batch),
    Wide(&'a WideBatch),
}

impl Matrix<'_> {
    fn width(self) -> usize {
        match self {
            Self::Single(batch) => batch.width(),
            Self::Wide(batch) => batch.width(),
        }
    }

    /// Whether zeros are kept, too.
    fn is_dense(self) -> bool {
        match self {
            Self::Single(batch) => matches!(batch, Batch::Dense(_)),
            Self::Wide(batch) => batch.is_dense(),
        }
    }

    /// Calls `visit` with the column and the value of what is kept of these rows.
    fn each(self, rows: &[usize], mut visit: impl FnMut(usize, f64)) {
        for &row in rows {
            match self {
                Self::Single(Batch::Dense(batch)) => {
                    let values = batch.row(row).iter().enumerate();
                    values.for_each(|(column, &value)| visit(column, f64::from(value)));
                }
                Self::Single(Batch::Active(batch)) => {
                    let (columns, values) = batch.example(row);
                    let values = columns.iter().zip(values);
                    values.for_each(|(&column, &value)| visit(column as usize, f64::from(value)));
                }
                Self::Wide(batch) => batch.each(row, &mut visit),
            }
        }
    }
}
