//! Fits the scales of a matrix.

use std::path::Path;

use truezero_sparse::{Batch, memory};

use super::{Pass, tell_of_outliers};
use crate::budget::Budget;
use crate::preprocess::MAX_WIDTH;
use crate::preprocess::matrix::{MatrixPlan, MatrixScaling};
use crate::preprocess::scaling::{GREATEST, LIMIT, Range, Scaling, Summary, Summing, or_one, rounded};
use crate::{DataError, ImageShape, Notices, WideBatch};

/// Bytes of the shift and the divisor of a column: as numbers, and as the text in which a model stores them.
const OF_SCALES: usize = 2 * (size_of::<f64>() + 24);

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
    /// Of each column, all values, which are to have mean 0 and deviation 1.
    All(Vec<Summing>),
    /// Of each column, all values, which are to lie between 0 and 1.
    Between(Vec<Summing>),
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
        let budget = Budget::new(Path::new("inputs"), matrix.bytes());
        let sums = || of_columns::<Summing>(width, &budget);
        let collected = match (scaling, dense) {
            (Scaling::None, _) => Collected::Nothing,
            (Scaling::Auto | Scaling::UnitRange, _) if image.is_some() => Collected::Greatest(0.0),
            (Scaling::Auto | Scaling::UnitRange, false) => Collected::Ranges(of_columns(width, &budget)?),
            (Scaling::Standardize, false) => Collected::Active(sums()?),
            (Scaling::Auto | Scaling::Standardize, true) => Collected::All(sums()?),
            (Scaling::UnitRange, true) => Collected::Between(sums()?),
        };
        Ok(Self { width, image, examples: 0, collected })
    }

    pub(super) fn wants_more(&self, after: Pass) -> bool {
        match &self.collected {
            Collected::Active(_) => after == Pass::First,
            Collected::All(sums) => {
                after == Pass::First || (after == Pass::Second && sums.iter().any(Summing::is_wide))
            }
            Collected::Nothing | Collected::Greatest(_) | Collected::Ranges(_) | Collected::Between(_) => {
                false
            }
        }
    }

    /// A pass begins.
    pub(super) fn turn(&mut self, pass: Pass) {
        let examples = self.examples as u64;
        match (pass, &mut self.collected) {
            (Pass::Second, Collected::Active(sums)) => sums.iter_mut().for_each(|sum| sum.turn(examples)),
            (Pass::Second, Collected::All(sums)) => sums.iter_mut().for_each(|sum| sum.turn(sum.count())),
            (Pass::Third, Collected::All(sums)) => sums.iter_mut().for_each(Summing::turn_again),
            _ => {}
        }
    }

    pub(super) fn see(&mut self, matrix: Matrix<'_>, rows: &[usize], pass: Pass) -> Result<(), DataError> {
        if matrix.width() != self.width {
            let expected = format!("{} columns, as before", self.width);
            return Err(DataError::unsuitable("inputs", expected, matrix.width().to_string()));
        }
        let first = pass == Pass::First;
        if first {
            self.examples += rows.len();
        }
        match &mut self.collected {
            Collected::Greatest(greatest) if first => {
                matrix.each(rows, |_, value| *greatest = greatest.max(value.abs()));
            }
            Collected::Ranges(ranges) if first => {
                matrix.each(rows, |column, value| ranges[column].add(value));
            }
            Collected::Active(sums) if pass != Pass::Third => {
                matrix.each(rows, |column, value| {
                    if value != 0.0 {
                        sums[column].add(value);
                    }
                });
            }
            Collected::All(_) | Collected::Between(_) if !matrix.is_dense() => {
                let expected = "rows in which zeros are kept, as before";
                return Err(DataError::unsuitable("inputs", expected, "active values only"));
            }
            Collected::All(sums) => {
                for &row in rows {
                    let mut far = None;
                    matrix.each(&[row], |column, value| {
                        if value.abs() > GREATEST {
                            far = Some((column, value));
                        }
                        sums[column].add(value);
                    });
                    if let Some((column, value)) = far {
                        let place = format!("example {}, column {}", row + 1, column + 1);
                        let expected = format!("a number up to {GREATEST:e}");
                        return Err(DataError::unsuitable(place, expected, format!("{value:e}")));
                    }
                }
            }
            Collected::Between(sums) if first => matrix.each(rows, |column, value| sums[column].add(value)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn finish(self, notices: &Notices) -> Result<MatrixPlan, DataError> {
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
            Collected::All(sums) => {
                let outliers = (1..).zip(&sums).filter_map(|(column, sum)| {
                    sum.outliers().map(|outliers| (format!("column {column}"), outliers))
                });
                tell_of_outliers(notices, &outliers.collect::<Vec<_>>());
                shifted(sums, Summary::standardize)
            }
            Collected::Between(sums) => shifted(sums, Summary::unit_range),
        };
        let plan = MatrixPlan::fitted(self.width, scaling, limit, self.image);
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(DataError::unsuitable("inputs", "finite numbers that can be scaled", flaw)),
        }
    }
}

/// One of what is collected for each column, if there is memory for it and for the scales that are made of it. A file of
/// a few bytes can name a column of any number.
fn of_columns<T: Clone + Default>(width: usize, budget: &Budget) -> Result<Vec<T>, DataError> {
    let place = || format!("scales of {width} columns");
    budget.take((width as u64).saturating_mul((size_of::<T>() + OF_SCALES) as u64), place)?;
    let mut each = memory::room(width);
    each.resize(width, T::default());
    Ok(each)
}

/// The scaling of columns by their summaries.
fn shifted(sums: Vec<Summing>, scale: fn(&Summary) -> (f64, f64)) -> (MatrixScaling, Option<f64>) {
    let (shifts, divisors) = sums.into_iter().map(|sum| rounded(scale(&sum.summary()))).unzip();
    (MatrixScaling::Shifted { shifts, divisors }, Some(LIMIT))
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

    /// About so many bytes of memory hold it.
    fn bytes(self) -> u64 {
        const OF_ACTIVE: u64 = (size_of::<u32>() + size_of::<f32>()) as u64;
        match self {
            Self::Single(Batch::Dense(batch)) => (batch.examples() * batch.width() * size_of::<f32>()) as u64,
            Self::Single(Batch::Active(batch)) => batch.active() as u64 * OF_ACTIVE,
            Self::Wide(batch) => batch.active() as u64 * OF_ACTIVE,
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
