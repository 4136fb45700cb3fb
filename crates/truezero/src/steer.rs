//! Steering the L1 penalty to a target sparsity.
//!
//! After each mini-batch ln λ moves in proportion to how far the smoothed mean sparsity of the
//! hidden layers is from the target: too few zeros, and the penalty grows. Acting on the logarithm
//! keeps λ positive and makes one gain fit penalties of any size.
//!
//! Units that a penalty has silenced do not return when it is lifted, so the target must not be
//! overshot: on the last points before it a brake takes hold, and what is applied falls to zero
//! just beyond it.

/// How far ln λ moves per mini-batch for a sparsity that is off by 1.
const GAIN: f64 = 0.03;
/// Weight of the newest mini-batch in the smoothed sparsity.
const SMOOTHING: f64 = 0.05;
/// The brake takes hold this far below the target …
const BRAKE_FROM: f64 = 0.03;
/// … and is complete this far above it.
const BRAKE_TO: f64 = 0.01;
/// λ is kept within these.
const BOUNDS: (f64, f64) = (1e-9, 1.0);
/// Where λ starts if it is given as 0, from which no factor would lead away.
const START: f64 = 1e-6;

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

    /// λ without the brake, and the smoothed sparsity (NaN before the first mini-batch).
    pub(crate) fn state(&self) -> [f64; 2] {
        [self.l1, self.smoothed.unwrap_or(f64::NAN)]
    }

    /// Puts another state in the place of its own.
    pub(crate) fn set_state(&mut self, l1: f64, smoothed: f64) {
        self.l1 = l1;
        self.smoothed = (!smoothed.is_nan()).then_some(smoothed);
    }

    /// Moves the target; λ goes on from where it is.
    pub(crate) fn aim(&mut self, target: f32) {
        self.target = f64::from(target);
    }

    /// The penalty for the next mini-batch.
    pub(crate) fn l1(&self) -> f32 {
        let free = self
            .smoothed
            .map_or(1.0, |smoothed| (self.target + BRAKE_TO - smoothed) / (BRAKE_FROM + BRAKE_TO));
        (self.l1 * free.clamp(0.0, 1.0)) as f32
    }

    /// Takes note of the mean sparsity of a mini-batch.
    pub(crate) fn see(&mut self, sparsity: f64) {
        let before = self.smoothed.unwrap_or(sparsity);
        let smoothed = before + SMOOTHING * (sparsity - before);
        self.smoothed = Some(smoothed);
        self.l1 = (self.l1 * (GAIN * (self.target - smoothed)).exp()).clamp(BOUNDS.0, BOUNDS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_penalty_grows_below_the_target_and_is_lifted_above_it() {
        let mut steering = Steering::new(0.8, 1e-4);
        assert_eq!(steering.l1(), 1e-4);
        for _ in 0..100 {
            steering.see(0.5);
        }
        let below = steering.l1();
        assert!(below > 2e-4, "{below}");
        for _ in 0..1000 {
            steering.see(0.82);
        }
        assert_eq!(steering.l1(), 0.0);
        for _ in 0..1000 {
            steering.see(0.79);
        }
        assert!(steering.l1() > 0.0 && steering.l1() < below);
    }

    #[test]
    fn the_penalty_stays_within_its_bounds() {
        let mut steering = Steering::new(0.8, 0.0);
        assert_eq!(steering.l1(), START as f32);
        for _ in 0..100_000 {
            steering.see(0.0);
        }
        assert_eq!(steering.l1(), BOUNDS.1 as f32);
        for _ in 0..100_000 {
            steering.see(1.0);
        }
        assert_eq!(steering.l1(), 0.0);
    }
}
