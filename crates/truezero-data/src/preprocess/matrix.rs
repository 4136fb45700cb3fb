//! Rules for a matrix of numbers: examples × columns without names.

use std::collections::BTreeMap;

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use super::MAX_WIDTH;
use super::scaling::{InputScales, flaw_of_limit, scaled};
use crate::formats::DENSE_FROM;
use crate::{DataError, ImageShape, WideBatch};

/// Width and scaling of a matrix.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixPlan {
    width: usize,
    scaling: MatrixScaling,
    #[serde(default)]
    arithmetic: Arithmetic,
    /// The greatest absolute value of an input. Files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
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
    /// Shift and divisor for each column; of a sparse matrix, most shifts are 0.
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
    pub(super) fn fitted(
        width: usize,
        scaling: MatrixScaling,
        limit: Option<f64>,
        image: Option<ImageShape>,
    ) -> Self {
        Self { width, scaling, arithmetic: Arithmetic::Double, limit, image }
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
        Self::fitted(width, scaling, scales.limit, None)
    }

    pub(super) fn scales(&self) -> InputScales {
        let (shifts, divisors): (&[f64], &[f64]) = match &self.scaling {
            MatrixScaling::None => (&[], &[]),
            MatrixScaling::Whole { divisor } => (&[], std::slice::from_ref(divisor)),
            MatrixScaling::Divided { divisors } => (&[], divisors),
            MatrixScaling::Shifted { shifts, divisors } => (shifts, divisors),
        };
        InputScales { shifts: shifts.to_owned(), divisors: divisors.to_owned(), limit: self.limit }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn image(&self) -> Option<ImageShape> {
        self.image
    }

    /// What becomes of zeros, column by column, where they do not stay zeros.
    fn of_zeros(&self) -> Vec<(u32, f32)> {
        let MatrixScaling::Shifted { .. } = self.scaling else { return Vec::new() };
        let of_zero = |column: usize| (column as u32, self.scaled(column, 0.0));
        (0..self.width).map(of_zero).filter(|&(_, value)| value != 0.0).collect()
    }

    /// Whether a sparse matrix becomes dense.
    pub(super) fn spreads(&self) -> bool {
        self.are_many(self.of_zeros().len())
    }

    /// Whether so many of the columns are worth a plain array.
    fn are_many(&self, columns: usize) -> bool {
        columns as f64 >= DENSE_FROM * self.width as f64
    }

    /// Scales a matrix, in place where its zeros stay zeros.
    pub(super) fn apply(&self, mut batch: Batch) -> Result<Batch, DataError> {
        if matches!((&batch, &self.scaling), (Batch::Active(_), MatrixScaling::Shifted { .. })) {
            return self.apply_wide(batch.into());
        }
        self.check_width(batch.width())?;
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
    pub(super) fn apply_wide(&self, batch: WideBatch) -> Result<Batch, DataError> {
        self.check_width(batch.width())?;
        let of_zeros = if batch.is_dense() { Vec::new() } else { self.of_zeros() };
        let scaled = if of_zeros.is_empty() {
            batch.map(|column, value| self.scaled(column, value))
        } else {
            self.filled(&batch, &of_zeros)
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

    /// A sparse matrix some zeros of which become other numbers.
    fn filled(&self, batch: &WideBatch, of_zeros: &[(u32, f32)]) -> Batch {
        if self.are_many(of_zeros.len()) {
            let mut dense = DenseBatch::zeros(batch.examples(), self.width);
            for example in 0..batch.examples() {
                let row = dense.row_mut(example);
                of_zeros.iter().for_each(|&(column, value)| row[column as usize] = value);
                batch.each(example, |column, value| row[column] = self.scaled(column, value));
            }
            return Batch::Dense(dense);
        }
        let mut active = ActiveBatch::new(self.width);
        let mut row = BTreeMap::new();
        for example in 0..batch.examples() {
            row.clear();
            row.extend(of_zeros.iter().copied());
            batch.each(example, |column, value| {
                row.insert(column as u32, self.scaled(column, value));
            });
            active.push(row.iter().map(|(&column, &value)| (column, value)));
        }
        Batch::Active(active)
    }

    fn check_width(&self, width: usize) -> Result<(), DataError> {
        if width == self.width {
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
            Arithmetic::Double => scaled(value, shift, divisor, self.limit),
        }
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        if !(1..=MAX_WIDTH).contains(&self.width) {
            return Some(format!("a width of {}", self.width));
        }
        if let Some(flaw) = flaw_of_limit(self.limit) {
            return Some(flaw);
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
