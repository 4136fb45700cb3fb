//! Shift and divisor of a column of numbers.

/// How numbers are scaled. Categories and bags of words never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// Images and sparse matrices as [`UnitRange`](Self::UnitRange), other numbers as
    /// [`Standardize`](Self::Standardize).
    #[default]
    Auto,
    /// As they are.
    None,
    /// Each column to [0, 1]. Images are divided by the greatest value of all pixels, the columns of sparse
    /// matrices by their greatest absolute value: a zero stays a zero.
    UnitRange,
    /// Each column to mean 0 and standard deviation 1. The columns of sparse matrices are divided by their
    /// standard deviation only: a zero stays a zero.
    Standardize,
}

/// (x − shift) / divisor for each input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputScales {
    /// One for all inputs, one for each, or none if there is nothing to subtract.
    pub shifts: Vec<f32>,
    /// One for all inputs, one for each, or none if there is nothing to divide by.
    pub divisors: Vec<f32>,
}

/// What is known of a column of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) mean: f64,
    /// Standard deviation, of all and not of a sample.
    pub(super) deviation: f64,
}

impl Summary {
    /// Of no numbers at all, the one of a single zero.
    pub(super) fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let (mut count, mut sum) = (0u64, 0.0);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for number in numbers.clone() {
            count += 1;
            sum += number;
            min = min.min(number);
            max = max.max(number);
        }
        if count == 0 {
            return Self { min: 0.0, max: 0.0, mean: 0.0, deviation: 0.0 };
        }
        let mean = sum / count as f64;
        let squares: f64 = numbers.map(|number| (number - mean) * (number - mean)).sum();
        // Of equal numbers, the rounding of the mean must not pass for a deviation.
        let deviation = if min == max { 0.0 } else { (squares / count as f64).sqrt() };
        Self { min, max, mean, deviation }
    }

    /// Shift and divisor that give mean 0 and standard deviation 1.
    pub(super) fn standardize(&self) -> (f64, f64) {
        (self.mean, or_one(self.deviation))
    }

    /// Shift and divisor that give least value 0 and greatest 1.
    pub(super) fn unit_range(&self) -> (f64, f64) {
        (self.min, or_one(self.max - self.min))
    }
}

/// A divisor that leaves numbers as they are where there is nothing to divide by.
pub(super) fn or_one(divisor: f64) -> f64 {
    if divisor == 0.0 { 1.0 } else { divisor }
}
