//! Rules for a matrix of numbers: examples × columns without names.

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use super::MAX_WIDTH;
use super::scaling::InputScales;
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
pub(super) enum MatrixScaling {
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
    /// Rules as they were found.
    pub(super) fn fitted(width: usize, scaling: MatrixScaling) -> Self {
        Self { width, scaling }
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
