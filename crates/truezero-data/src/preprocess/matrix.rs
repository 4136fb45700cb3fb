//! Rules for a matrix of numbers: examples × columns without names.

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use super::MAX_WIDTH;
use super::scaling::{InputScales, Scaling, Summary, or_one};
use crate::DataError;
use crate::formats::spread;

/// Width and scaling of a matrix.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixPlan {
    width: usize,
    scaling: MatrixScaling,
}

/// x → (x − shift) / divisor.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum MatrixScaling {
    /// As they are.
    None,
    /// The same for all columns.
    Whole { divisor: f32 },
    /// One divisor for each column; no shift.
    Divided { divisors: Vec<f32> },
    /// Shift and divisor for each column.
    Shifted { shifts: Vec<f32>, divisors: Vec<f32> },
}

impl MatrixPlan {
    pub(super) fn fit(
        batch: &Batch,
        rows: &[usize],
        scaling: Scaling,
        image: bool,
    ) -> Result<Self, DataError> {
        let width = batch.width();
        if !(1..=MAX_WIDTH).contains(&width) {
            let expected = format!("a width from 1 to {MAX_WIDTH}");
            return Err(DataError::unsuitable("inputs", expected, width.to_string()));
        }
        let scaling = match (scaling, batch) {
            (Scaling::None, _) => MatrixScaling::None,
            (Scaling::Auto | Scaling::UnitRange, _) if image => {
                MatrixScaling::Whole { divisor: greatest(batch, rows) }
            }
            (Scaling::Auto | Scaling::UnitRange, Batch::Active(batch)) => {
                MatrixScaling::Divided { divisors: greatest_of_columns(batch, rows) }
            }
            (Scaling::Standardize, Batch::Active(batch)) => {
                MatrixScaling::Divided { divisors: deviations(batch, rows) }
            }
            (Scaling::Auto | Scaling::Standardize, Batch::Dense(batch)) => {
                shifted(batch, rows, Summary::standardize)
            }
            (Scaling::UnitRange, Batch::Dense(batch)) => shifted(batch, rows, Summary::unit_range),
        };
        let plan = Self { width, scaling };
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(DataError::unsuitable("inputs", "finite numbers that can be scaled", flaw)),
        }
    }

    /// Rules that were fitted elsewhere and may have a flaw.
    pub(super) fn given(width: usize, scales: &InputScales) -> Self {
        let of_columns = |values: &[f32], default: f32| match values {
            [] => vec![default; width],
            [one] => vec![*one; width],
            each => each.to_vec(),
        };
        let divisors = || of_columns(&scales.divisors, 1.0);
        let scaling = match (&scales.shifts[..], &scales.divisors[..]) {
            _ if !(1..=MAX_WIDTH).contains(&width) => MatrixScaling::None,
            ([], []) => MatrixScaling::None,
            ([], &[divisor]) => MatrixScaling::Whole { divisor },
            ([], _) => MatrixScaling::Divided { divisors: divisors() },
            (shifts, _) => MatrixScaling::Shifted { shifts: of_columns(shifts, 0.0), divisors: divisors() },
        };
        Self { width, scaling }
    }

    pub(super) fn scales(&self) -> InputScales {
        let (shifts, divisors): (&[f32], &[f32]) = match &self.scaling {
            MatrixScaling::None => (&[], &[]),
            MatrixScaling::Whole { divisor } => (&[], std::slice::from_ref(divisor)),
            MatrixScaling::Divided { divisors } => (&[], divisors),
            MatrixScaling::Shifted { shifts, divisors } => (shifts, divisors),
        };
        InputScales { shifts: shifts.to_owned(), divisors: divisors.to_owned() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Scales a matrix, in place where it keeps its form: only a sparse matrix of which every column is to be
    /// shifted, which takes a model trained on a dense one, becomes dense.
    pub(super) fn apply(&self, mut batch: Batch) -> Result<Batch, DataError> {
        let width = batch.width();
        // A sparse file knows its width from the greatest index in it, which may be one of a few examples.
        let wide = if matches!(batch, Batch::Active(_)) { width > self.width } else { width != self.width };
        if wide {
            let expected = format!("{} columns, as in training", self.width);
            return Err(DataError::unsuitable("inputs", expected, width.to_string()));
        }
        if let Batch::Active(active) = &mut batch {
            active.widen(self.width);
            if let MatrixScaling::Shifted { .. } = self.scaling {
                batch = Batch::Dense(spread(active, active.examples()));
            }
        }
        match &mut batch {
            Batch::Dense(batch) => self.scale_dense(batch)?,
            Batch::Active(batch) => self.scale_active(batch)?,
        }
        Ok(batch)
    }

    fn scale_dense(&self, batch: &mut DenseBatch) -> Result<(), DataError> {
        for example in 0..batch.examples() {
            let row = batch.row_mut(example);
            match &self.scaling {
                MatrixScaling::None => {}
                MatrixScaling::Whole { divisor } => row.iter_mut().for_each(|value| *value /= divisor),
                MatrixScaling::Divided { divisors } => {
                    row.iter_mut().zip(divisors).for_each(|(value, divisor)| *value /= divisor);
                }
                MatrixScaling::Shifted { shifts, divisors } => {
                    for ((value, shift), divisor) in row.iter_mut().zip(shifts).zip(divisors) {
                        *value = (*value - shift) / divisor;
                    }
                }
            }
            if let Some(column) = row.iter().position(|value| !value.is_finite()) {
                return Err(not_finite(example, column, row[column]));
            }
        }
        Ok(())
    }

    fn scale_active(&self, batch: &mut ActiveBatch) -> Result<(), DataError> {
        let mut wrong = None;
        batch.retain(|example, column, value| {
            match &self.scaling {
                MatrixScaling::Whole { divisor } => *value /= divisor,
                MatrixScaling::Divided { divisors } => *value /= divisors[column as usize],
                MatrixScaling::None | MatrixScaling::Shifted { .. } => {}
            }
            if !value.is_finite() && wrong.is_none() {
                wrong = Some(not_finite(example, column as usize, *value));
            }
            *value != 0.0 // the smallest numbers may become zero
        });
        wrong.map_or(Ok(()), Err)
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        if !(1..=MAX_WIDTH).contains(&self.width) {
            return Some(format!("a width of {}", self.width));
        }
        let (shifts, divisors): (Option<&[f32]>, &[f32]) = match &self.scaling {
            MatrixScaling::None => return None,
            MatrixScaling::Whole { divisor } => (None, std::slice::from_ref(divisor)),
            MatrixScaling::Divided { divisors } => (None, divisors),
            MatrixScaling::Shifted { shifts, divisors } => (Some(shifts), divisors),
        };
        let whole = matches!(self.scaling, MatrixScaling::Whole { .. });
        let lengths =
            [if whole { self.width } else { divisors.len() }, shifts.map_or(self.width, <[_]>::len)];
        if let Some(length) = lengths.iter().find(|&&length| length != self.width) {
            return Some(format!("scales of {length} columns for {}", self.width));
        }
        if let Some(divisor) = divisors.iter().find(|divisor| !(divisor.is_finite() && **divisor > 0.0)) {
            return Some(format!("a scale of {divisor}"));
        }
        let shift = shifts.unwrap_or_default().iter().find(|shift| !shift.is_finite());
        shift.map(|shift| format!("a mean of {shift}"))
    }
}

fn not_finite(example: usize, column: usize, found: f32) -> DataError {
    let place = format!("example {}, column {}", example + 1, column + 1);
    DataError::unsuitable(place, "a finite 32-bit number after scaling", found.to_string())
}

/// The greatest absolute value in the rows.
fn greatest(batch: &Batch, rows: &[usize]) -> f32 {
    let of = |values: &[f32]| values.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
    let of_row = |&row: &usize| match batch {
        Batch::Dense(batch) => of(batch.row(row)),
        Batch::Active(batch) => of(batch.example(row).1),
    };
    or_one(f64::from(rows.iter().map(of_row).fold(0.0, f32::max))) as f32
}

/// The greatest absolute value of each column in the rows.
fn greatest_of_columns(batch: &ActiveBatch, rows: &[usize]) -> Vec<f32> {
    let mut greatest = vec![0.0f32; batch.width()];
    for &row in rows {
        let (indices, values) = batch.example(row);
        for (&index, value) in indices.iter().zip(values) {
            let greatest = &mut greatest[index as usize];
            *greatest = greatest.max(value.abs());
        }
    }
    greatest.into_iter().map(|greatest| or_one(f64::from(greatest)) as f32).collect()
}

/// The standard deviation of each column in the rows, zeros included.
fn deviations(batch: &ActiveBatch, rows: &[usize]) -> Vec<f32> {
    let (width, examples) = (batch.width(), rows.len() as f64);
    let active = || {
        rows.iter().flat_map(|&row| {
            let (indices, values) = batch.example(row);
            indices.iter().map(|&index| index as usize).zip(values.iter().copied())
        })
    };
    let mut means = vec![0.0; width];
    let mut counts = vec![0usize; width];
    let mut firsts = vec![0.0f32; width];
    let mut equal = vec![true; width];
    for (column, value) in active() {
        if counts[column] == 0 {
            firsts[column] = value;
        }
        equal[column] &= value == firsts[column];
        means[column] += f64::from(value) / examples;
        counts[column] += 1;
    }
    let mut squares = vec![0.0; width];
    for (column, value) in active() {
        squares[column] += (f64::from(value) - means[column]).powi(2);
    }
    let deviation = |column: usize| {
        let zeros = rows.len() - counts[column];
        if zeros == 0 && equal[column] {
            return 1.0;
        }
        let squares = squares[column] + zeros as f64 * means[column].powi(2);
        or_one((squares / examples).sqrt()) as f32
    };
    (0..width).map(deviation).collect()
}

/// Shift and divisor of each column.
fn shifted(batch: &DenseBatch, rows: &[usize], scale: impl Fn(&Summary) -> (f64, f64)) -> MatrixScaling {
    let column = |column: usize| rows.iter().map(move |&row| f64::from(batch.row(row)[column]));
    let scales = (0..batch.width()).map(|at| scale(&Summary::of(column(at))));
    let (shifts, divisors) = scales.map(|(shift, divisor)| (shift as f32, divisor as f32)).unzip();
    MatrixScaling::Shifted { shifts, divisors }
}
