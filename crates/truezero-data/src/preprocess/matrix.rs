//! Rules for a matrix of numbers: examples × columns without names.

use truezero_sparse::{Batch, DenseBatch};

use super::MAX_WIDTH;
use super::scaling::InputScales;
use crate::formats::spread;
use crate::{DataError, ImageShape, WideBatch};

/// Width and scaling of a matrix.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixPlan {
    width: usize,
    scaling: MatrixScaling,
    #[serde(default)]
    arithmetic: Arithmetic,
    /// What each row is an image of; not known in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<ImageShape>,
}

/// x → (x − shift) / divisor.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum MatrixScaling {
    /// As they are.
    None,
    /// The same for all columns.
    Whole { divisor: f64 },
    /// One divisor for each column; no shift.
    Divided { divisors: Vec<f64> },
    /// Shift and divisor for each column.
    Shifted { shifts: Vec<f64>, divisors: Vec<f64> },
}

/// How many bits numbers have while they are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Arithmetic {
    /// 32, in files that do not say. Their models were trained so and are to predict as ever.
    #[default]
    Single,
    /// 64: only what is scaled becomes 32 bits wide.
    Double,
}

impl MatrixPlan {
    /// Rules as they were found.
    pub(super) fn fitted(width: usize, scaling: MatrixScaling, image: Option<ImageShape>) -> Self {
        Self { width, scaling, arithmetic: Arithmetic::Double, image }
    }

    /// Rules that were fitted elsewhere and may have a flaw.
    pub(super) fn given(width: usize, scales: &InputScales) -> Self {
        let of_columns = |values: &[f64], default: f64| match values {
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
        Self::fitted(width, scaling, None)
    }

    pub(super) fn scales(&self) -> InputScales {
        let (shifts, divisors): (&[f64], &[f64]) = match &self.scaling {
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

    pub(super) fn image(&self) -> Option<ImageShape> {
        self.image
    }

    fn shifts(&self) -> bool {
        matches!(self.scaling, MatrixScaling::Shifted { .. })
    }

    /// Scales a matrix, in place where it keeps its form: only a sparse matrix of which every column is to be
    /// shifted, which takes a model trained on a dense one, becomes dense.
    pub(super) fn apply(&self, mut batch: Batch) -> Result<Batch, DataError> {
        self.check_width(batch.width(), matches!(batch, Batch::Dense(_)))?;
        if let Batch::Active(active) = &mut batch {
            active.widen(self.width);
            if self.shifts() {
                batch = Batch::Dense(spread(active, active.examples()));
            }
        }
        match &mut batch {
            Batch::Dense(batch) => {
                for example in 0..batch.examples() {
                    for (column, value) in batch.row_mut(example).iter_mut().enumerate() {
                        *value = self.scaled(column, f64::from(*value));
                    }
                }
                check_finite(batch)?;
            }
            Batch::Active(batch) => {
                let mut wrong = None;
                batch.retain(|example, column, value| {
                    *value = self.scaled(column as usize, f64::from(*value));
                    if !value.is_finite() && wrong.is_none() {
                        wrong = Some(not_finite(example, column as usize, *value));
                    }
                    *value != 0.0 // the smallest numbers may become zero
                });
                wrong.map_or(Ok(()), Err)?;
            }
        }
        Ok(batch)
    }

    /// As [`apply`](Self::apply), from numbers of 64 bits.
    pub(super) fn apply_wide(&self, mut batch: WideBatch) -> Result<Batch, DataError> {
        self.check_width(batch.width(), batch.is_dense())?;
        batch.widen(self.width);
        let scaled = if self.shifts() && !batch.is_dense() {
            Batch::Dense(self.spread(&batch))
        } else {
            batch.map(|column, value| self.scaled(column, value))
        };
        match &scaled {
            Batch::Dense(batch) => check_finite(batch)?,
            Batch::Active(batch) => {
                for example in 0..batch.examples() {
                    let (columns, values) = batch.example(example);
                    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                        return Err(not_finite(example, columns[at] as usize, values[at]));
                    }
                }
            }
        }
        Ok(scaled)
    }

    /// A sparse matrix with every column shifted.
    fn spread(&self, batch: &WideBatch) -> DenseBatch {
        let mut dense = DenseBatch::zeros(batch.examples(), self.width);
        for example in 0..batch.examples() {
            let row = dense.row_mut(example);
            row.iter_mut().enumerate().for_each(|(column, value)| *value = self.scaled(column, 0.0));
            batch.each(example, |column, value| row[column] = self.scaled(column, value));
        }
        dense
    }

    fn check_width(&self, width: usize, dense: bool) -> Result<(), DataError> {
        // A sparse file knows its width from the greatest index in it, which may be one of a few examples.
        let fits = if dense { width == self.width } else { width <= self.width };
        if fits {
            return Ok(());
        }
        let expected = match self.image {
            None => format!("{} columns, as in training", self.width),
            Some(shape) => format!("{} columns, as {shape} have", self.width),
        };
        Err(DataError::unsuitable("inputs", expected, width.to_string()))
    }

    fn scaled(&self, column: usize, value: f64) -> f32 {
        let (shift, divisor) = match &self.scaling {
            MatrixScaling::None => (0.0, 1.0),
            MatrixScaling::Whole { divisor } => (0.0, *divisor),
            MatrixScaling::Divided { divisors } => (0.0, divisors[column]),
            MatrixScaling::Shifted { shifts, divisors } => (shifts[column], divisors[column]),
        };
        match self.arithmetic {
            Arithmetic::Single => (value as f32 - shift as f32) / divisor as f32,
            Arithmetic::Double => ((value - shift) / divisor) as f32,
        }
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        if !(1..=MAX_WIDTH).contains(&self.width) {
            return Some(format!("a width of {}", self.width));
        }
        if let Some(image) = self.image.filter(|image| image.values() != Some(self.width)) {
            return Some(format!("{} columns of {image}", self.width));
        }
        let (shifts, divisors): (Option<&[f64]>, &[f64]) = match &self.scaling {
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
        let used = |number: &f64| match self.arithmetic {
            Arithmetic::Single => f64::from(*number as f32),
            Arithmetic::Double => *number,
        };
        let mut divisors = (1..).zip(divisors.iter().map(used));
        if let Some((column, divisor)) =
            divisors.find(|(_, divisor)| !(divisor.is_finite() && *divisor > 0.0))
        {
            let of_column = if whole { String::new() } else { format!(" of column {column}") };
            return Some(format!("a scale of {divisor}{of_column}"));
        }
        let mut shifts = (1..).zip(shifts.unwrap_or_default().iter().map(used));
        let wrong = shifts.find(|(_, shift)| !shift.is_finite());
        wrong.map(|(column, shift)| format!("a mean of {shift} of column {column}"))
    }
}

fn check_finite(batch: &DenseBatch) -> Result<(), DataError> {
    for example in 0..batch.examples() {
        let row = batch.row(example);
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(not_finite(example, column, row[column]));
        }
    }
    Ok(())
}

fn not_finite(example: usize, column: usize, found: f32) -> DataError {
    let place = format!("example {}, column {}", example + 1, column + 1);
    DataError::unsuitable(place, "a finite 32-bit number after scaling", found.to_string())
}
