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
    /// matrices by their greatest absolute value: a zero stays a zero. Only a sparse column whose numbers lie close
    /// together, far from zero, is shifted, too: 32 bits would not tell them apart.
    UnitRange,
    /// Each column to mean 0 and standard deviation 1. The columns of sparse matrices are divided by their
    /// standard deviation only: a zero stays a zero, but for columns as above.
    Standardize,
}

/// Numbers that were shifted, or divided by a standard deviation, are taken for this where they are greater, and for its
/// negative where they are less. A few numbers far from all others would otherwise drive the whole network apart.
pub const LIMIT: f64 = 8.0;

/// (x − shift) / divisor for each input, within limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputScales {
    /// One for all inputs, one for each, or none if there is nothing to subtract.
    pub shifts: Vec<f64>,
    /// One for all inputs, one for each, or none if there is nothing to divide by.
    pub divisors: Vec<f64>,
    /// The greatest absolute value of an input: what is scaled beyond it is taken for it. `None` if there is none.
    pub limit: Option<f64>,
}

/// Greatest absolute value of numbers that are to have a standard deviation: sums of the squares of more would be infinite.
pub(super) const GREATEST: f64 = 1e140;

/// So much of a unit of an input may be lost to rounding before it is scaled.
const LOSS: f64 = 1.0 / 4096.0;

/// Whether numbers about as large as a shift, rounded to 32 bits, would change an input by more than 1/4096, as Unix
/// seconds of a few days would.
fn needs_double(shift: f64, divisor: f64) -> bool {
    is_lost(shift, divisor) || !(shift as f32).is_finite() || !(divisor as f32).is_normal()
}

/// Whether 32 bits, at a distance from zero, would lose differences that are small beside a range.
fn is_lost(distance: f64, range: f64) -> bool {
    distance.abs() * f64::from(f32::EPSILON) / 2.0 > LOSS * range
}

/// A shift and a divisor in 32 bits where these are enough: other programs can then scale in 32 bits as we do.
pub(super) fn rounded((shift, divisor): (f64, f64)) -> (f64, f64) {
    if needs_double(shift, divisor) {
        return (shift, divisor);
    }
    (f64::from(shift as f32), f64::from(divisor as f32))
}

impl InputScales {
    /// Shift and divisor of each input that has its own, or of all.
    fn each(&self) -> impl Iterator<Item = (f64, f64)> {
        let of = |values: &[f64], at: usize, default: f64| match values {
            [] => default,
            [one] => *one,
            each => each[at],
        };
        let count = self.shifts.len().max(self.divisors.len());
        (0..count).map(move |at| (of(&self.shifts, at, 0.0), of(&self.divisors, at, 1.0)))
    }

    /// The same in 32 bits, input by input, where these are enough.
    #[must_use]
    pub fn rounded(self) -> Self {
        let (shifts, divisors) = self.each().map(rounded).unzip();
        let kept = |numbers, of: &[f64]| if of.is_empty() { Vec::new() } else { numbers };
        Self { shifts: kept(shifts, &self.shifts), divisors: kept(divisors, &self.divisors), ..self }
    }

    /// Whether what is to be scaled needs 64 bits: 32 would lose differences that matter.
    pub fn need_double(&self) -> bool {
        self.each().any(|(shift, divisor)| needs_double(shift, divisor))
    }
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

/// A [`Summary`] in the making. All numbers are added twice: with the mean known, in the second pass, the squares of
/// the distances from it lose nothing to rounding. Where some turn out to lie beyond the limit, all are added a third
/// time, and mean and deviation become those of the others: a single number far away would else set the scale of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summing {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    /// Known from the second pass on.
    mean: Option<f64>,
    squares: f64,
    /// From the third pass on.
    within: Option<Within>,
}

/// Of the numbers within limits, in one pass.
#[derive(Clone, Copy, Debug, Default)]
struct Within {
    least: f64,
    greatest: f64,
    count: u64,
    mean: f64,
    squares: f64,
    /// Of these, the ones that are not zero.
    active: u64,
    /// Numbers outside the limits, and the first of them.
    beyond: u64,
    example: f64,
}

impl Within {
    fn add(&mut self, number: f64) {
        if number < self.least || number > self.greatest {
            if self.beyond == 0 {
                self.example = number;
            }
            self.beyond += 1;
            return;
        }
        // Welford's recurrence: the mean is not known before.
        self.count += 1;
        self.active += u64::from(number != 0.0);
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    /// Whether what lies beyond is odd. It is not where the others are equal, or mostly zeros beside which all other
    /// numbers are rare: that is what such a column has to tell.
    fn is_odd(&self) -> bool {
        self.squares > 0.0 && self.beyond > 0 && self.beyond.saturating_mul(ORDINARY) <= self.active
    }
}

/// For each number that is left out of mean and deviation there are so many others at least, besides zeros.
const ORDINARY: u64 = 10;

/// Numbers that are left out of mean and deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outliers {
    pub(super) count: u64,
    /// One of them.
    pub(super) example: f64,
}

impl Default for Summing {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { count: 0, sum: 0.0, min, max, mean: None, squares: 0.0, within: None }
    }
}

impl Summing {
    pub(super) fn add(&mut self, number: f64) {
        if let Some(within) = &mut self.within {
            return within.add(number);
        }
        if let Some(mean) = self.mean {
            self.squares += (number - mean) * (number - mean);
            return;
        }
        self.count += 1;
        self.sum += number;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }

    /// Numbers added so far, in one pass.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The second pass begins; the mean is that of `count` numbers, those that were not added being zeros.
    pub(super) fn turn(&mut self, count: u64) {
        self.mean = Some(if count == 0 { 0.0 } else { self.sum / count as f64 });
    }

    /// After the second pass, whether numbers lie beyond the limit.
    pub(super) fn is_wide(&self) -> bool {
        let Summary { min, max, mean, deviation } = self.summary();
        deviation.is_finite() && (max - mean).max(mean - min) > LIMIT * deviation && deviation > 0.0
    }

    /// The third pass begins.
    pub(super) fn turn_again(&mut self) {
        let Summary { mean, deviation, .. } = self.summary();
        let (least, greatest) = (mean - LIMIT * deviation, mean + LIMIT * deviation);
        self.within = Some(Within { least, greatest, ..Within::default() });
    }

    /// What is left out of the summary.
    pub(super) fn outliers(&self) -> Option<Outliers> {
        let within = self.within.filter(Within::is_odd)?;
        Some(Outliers { count: within.beyond, example: within.example })
    }

    /// After all passes. Of no numbers at all, the summary of a single zero.
    pub(super) fn summary(self) -> Summary {
        let summary = self.with_zeros(self.count);
        match self.within.filter(Within::is_odd) {
            None => summary,
            Some(Within { count, mean, squares, .. }) => {
                Summary { mean, deviation: (squares / count as f64).sqrt(), ..summary }
            }
        }
    }

    /// Of `count` numbers: zeros besides those that were added, in two passes.
    pub(super) fn with_zeros(mut self, count: u64) -> Summary {
        let zeros = count - self.count;
        if zeros > 0 || count == 0 {
            (self.min, self.max) = (self.min.min(0.0), self.max.max(0.0));
        }
        let mean = self.mean.unwrap_or(0.0);
        let squares = self.squares + zeros as f64 * mean * mean;
        // Of equal numbers, the rounding of the mean must not pass for a deviation.
        let equal = self.min == self.max;
        let deviation = if equal { 0.0 } else { (squares / count as f64).sqrt() };
        Summary { min: self.min, max: self.max, mean, deviation }
    }
}

impl Summary {
    /// Shift and divisor for a column of a sparse matrix that is to have standard deviation 1.
    pub(super) fn divide(&self) -> (f64, f64) {
        let close = self.deviation > 0.0 && is_lost(self.mean, self.deviation);
        (if close { self.mean } else { 0.0 }, or_one(self.deviation))
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

/// The least and the greatest number of a column of a sparse matrix, in the making.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    count: u64,
    min: f64,
    max: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Range {
    pub(super) fn add(&mut self, number: f64) {
        self.count += 1;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }

    /// Shift and divisor of a column of `count` numbers, those that were not added being zeros. It is divided by its
    /// greatest absolute value; numbers that lie close together far from zero become 0 to 1.
    pub(super) fn divide(mut self, count: u64) -> (f64, f64) {
        if self.count < count || count == 0 {
            (self.min, self.max) = (self.min.min(0.0), self.max.max(0.0));
        }
        let (greatest, range) = (self.min.abs().max(self.max.abs()), self.max - self.min);
        if range > 0.0 && is_lost(greatest, range) { (self.min, range) } else { (0.0, or_one(greatest)) }
    }
}

/// A number as an input. What is infinite stays so, to be refused; what only becomes so, for 32 bits are too few, does not
/// where there is a limit.
pub(super) fn scaled(number: f64, shift: f64, divisor: f64, limit: Option<f64>) -> f32 {
    let scaled = (number - shift) / divisor;
    match limit {
        Some(limit) if number.is_finite() => scaled.clamp(-limit, limit) as f32,
        _ => scaled as f32,
    }
}

/// What is wrong with a limit, if anything.
pub(super) fn flaw_of_limit(limit: Option<f64>) -> Option<String> {
    let wrong = limit.filter(|&limit| !((limit as f32).is_finite() && limit as f32 > 0.0));
    wrong.map(|limit| format!("a limit of {limit}"))
}

/// A divisor that leaves numbers as they are where there is nothing to divide by.
pub(super) fn or_one(divisor: f64) -> f64 {
    if divisor == 0.0 { 1.0 } else { divisor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_kept_where_they_matter() {
        let (shift, divisor) = (1_700_000_099.5, 57.7);
        assert_eq!(rounded((shift, divisor)), (shift, divisor));
        assert_eq!(rounded((0.1, 3.3)), (f64::from(0.1f32), f64::from(3.3f32)));
        let scales = |shifts: &[f64]| InputScales {
            shifts: shifts.to_vec(),
            divisors: vec![divisor],
            ..InputScales::default()
        };
        assert!(scales(&[0.5, shift]).need_double());
        assert!(!scales(&[0.5, 1987.0]).need_double());
        assert!(!InputScales::default().need_double());
        assert!(InputScales { divisors: vec![1e300], ..InputScales::default() }.need_double());
    }
}
