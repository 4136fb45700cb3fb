//! Steering the L1 penalty to a target sparsity.
//!
//! After each mini-batch ln λ moves in proportion to how far the smoothed mean sparsity of the
//! hidden layers is from the target: too few zeros, and the penalty grows. Acting on the logarithm
//! keeps λ positive and makes one gain fit penalties of any size.
//!
//! Units that a penalty has silenced do not return when it is lifted, so the target must not be
//! overshot: on the last points before it a brake takes hold, and what is applied falls to zero
//! just beyond it.
//!
//! A target that is out of reach would drive the penalty up until nothing is left of the network. So the cost is
//! watched: when a quarter of what was learned is undone while the penalty grew, the target is given up, and λ goes back to
//! where it started and stays there.

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
/// Weight of the newest mini-batch in the smoothed cost.
const COST_SMOOTHING: f64 = 0.01;
/// The target is given up when so much of what was learned is undone …
const UNDONE: f64 = 0.25;
/// … if what was learned is at least so much of the cost of having learned nothing: less is not told from chance.
const LEARNED: f64 = 0.1;

/// Moves λ towards a target sparsity.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steering {
    target: f64,
    l1: f64,
    smoothed: Option<f64>,
    /// Smoothed cost of an example.
    #[serde(default)]
    cost: Option<f64>,
    /// The lowest smoothed cost, and λ then.
    #[serde(default)]
    cheapest: Option<(f64, f64)>,
    /// λ as it was given.
    #[serde(default)]
    start: f32,
    #[serde(default)]
    given_up: bool,
}

impl Steering {
    pub(crate) fn new(target: f32, l1: f32) -> Self {
        let (target, start) = (f64::from(target), l1);
        let l1 = if l1 > 0.0 { f64::from(l1) } else { START };
        Self { target, l1, smoothed: None, cost: None, cheapest: None, start, given_up: false }
    }

    /// Whether the target was given up.
    pub(crate) fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// Goes back to an earlier state; the target stays, which may have been moved since, or given up.
    pub(crate) fn go_back_to(&mut self, earlier: &Self) {
        if !self.given_up {
            *self = Self { target: self.target, ..earlier.clone() };
        }
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
        let target = f64::from(target);
        *self = Self { target, cost: None, cheapest: None, given_up: false, ..self.clone() };
    }

    /// The penalty for the next mini-batch.
    pub(crate) fn l1(&self) -> f32 {
        if self.given_up {
            return self.start;
        }
        let free = self
            .smoothed
            .map_or(1.0, |smoothed| (self.target + BRAKE_TO - smoothed) / (BRAKE_FROM + BRAKE_TO));
        (self.l1 * free.clamp(0.0, 1.0)) as f32
    }

    /// Takes note of the mean sparsity of a mini-batch.
    pub(crate) fn see(&mut self, sparsity: f64) {
        if self.given_up {
            return;
        }
        let before = self.smoothed.unwrap_or(sparsity);
        let smoothed = before + SMOOTHING * (sparsity - before);
        self.smoothed = Some(smoothed);
        self.l1 = (self.l1 * (GAIN * (self.target - smoothed)).exp()).clamp(BOUNDS.0, BOUNDS.1);
    }

    /// Takes note of the mean cost of an example in a mini-batch; `unlearned` is what it is without having learned
    /// anything. Says whether the target is given up now.
    pub(crate) fn see_cost(&mut self, cost: f64, unlearned: f64) -> bool {
        if self.given_up {
            return false;
        }
        // From what an untrained network costs, so that a few easy examples at the start are no lowest cost.
        let before = self.cost.unwrap_or(unlearned);
        let now = before + COST_SMOOTHING * (cost - before);
        self.cost = Some(now);
        let l1 = f64::from(self.l1());
        match self.cheapest {
            Some((lowest, then)) if now >= lowest => {
                let learned = unlearned - lowest;
                let undone = now - lowest;
                if l1 > then && learned > LEARNED * unlearned && undone > UNDONE * learned {
                    self.given_up = true;
                }
            }
            _ => self.cheapest = Some((now, l1)),
        }
        self.given_up
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
    fn a_target_is_given_up_when_a_quarter_of_what_was_learned_is_undone() {
        let mut steering = Steering::new(0.8, 1e-4);
        let mut train = |cost: f64, mini_batches: usize| {
            let mut given_up = 0;
            for _ in 0..mini_batches {
                steering.see(0.5);
                given_up += usize::from(steering.see_cost(cost, 2.0));
            }
            (steering.l1(), given_up)
        };
        let (then, _) = train(0.5, 1000);
        let (later, given_up) = train(0.8, 1000);
        assert!(later > then && given_up == 0, "less than a quarter is undone: {then} {later}");
        assert_eq!(train(1.9, 1000), (1e-4, 1), "told once, and back where it was");
        assert_eq!(train(0.5, 1000), (1e-4, 0), "steered no longer");
        steering.aim(0.7);
        assert!(!steering.has_given_up());
    }

    #[test]
    fn costs_that_rise_for_other_reasons_do_not_end_steering() {
        let mut steering = Steering::new(0.8, 1e-4);
        for (cost, sparsity) in [(0.5, 0.5), (0.5, 0.9), (1.9, 0.9)] {
            for _ in 0..1000 {
                steering.see(sparsity);
                assert!(!steering.see_cost(cost, 2.0), "λ was lowered meanwhile");
            }
        }
        let mut steering = Steering::new(0.8, 1e-4);
        for cost in [1.9, 2.0] {
            for _ in 0..1000 {
                steering.see(0.5);
                assert!(!steering.see_cost(cost, 2.0), "hardly anything was learned");
            }
        }
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
