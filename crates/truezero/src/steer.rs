//! Steering the L1 penalty to a target sparsity.
//!
//! After each mini-batch ln λ moves in proportion to how far the smoothed mean sparsity of the
//! hidden layers is from the target: too few zeros, and the penalty grows. Acting on the logarithm
//! keeps λ positive and makes one gain fit penalties of any size.

/// How far ln λ moves per mini-batch for a sparsity that is off by 1.
const GAIN: f64 = 0.05;
/// Weight of the newest mini-batch in the smoothed sparsity.
const SMOOTHING: f64 = 0.05;
/// λ is kept within these.
const BOUNDS: (f64, f64) = (1e-9, 1.0);
/// Where λ starts if it is given as 0, from which no factor would lead away.
const START: f64 = 1e-6;

/// An epoch whose sparsity is this close to the target may give the final weights.
pub(crate) const TOLERANCE: f64 = 0.01;

/// Moves λ towards a target sparsity.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steering {
    target: f64,
    l1: f64,
    smoothed: Option<f64>,
}

impl Steering {
    pub(crate) fn new(target: f32, l1: f32) -> Self {
        let start = if l1 > 0.0 { f64::from(l1) } else { START };
        Self { target: f64::from(target), l1: start, smoothed: None }
    }

    /// The penalty for the next mini-batch.
    pub(crate) fn l1(&self) -> f32 {
        self.l1 as f32
    }

    /// Takes note of the mean sparsity of a mini-batch.
    pub(crate) fn see(&mut self, sparsity: f64) {
        let before = self.smoothed.unwrap_or(sparsity);
        let smoothed = before + SMOOTHING * (sparsity - before);
        self.smoothed = Some(smoothed);
        self.l1 = (self.l1 * (GAIN * (self.target - smoothed)).exp()).clamp(BOUNDS.0, BOUNDS.1);
    }

    /// How far a sparsity is from the target, counted as none within the tolerance.
    pub(crate) fn distance(&self, sparsity: f64) -> f64 {
        let distance = (sparsity - self.target).abs();
        if distance <= TOLERANCE { 0.0 } else { distance }
    }
}
