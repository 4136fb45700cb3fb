//! Plain descent; with a decay λ, a step that a row missed multiplies its weights by 1 − η λ.

use truezero_sparse::{LANES, Line, LineRule};

use super::{Constants, UpdateRule};

/// `w ← w − η (g + λ w)`.
#[derive(Clone, Debug)]
pub(super) struct Sgd {
    constants: Constants,
    /// `powers[k]`: what k missed steps multiply a weight by.
    powers: Vec<f64>,
}

impl Sgd {
    pub(super) fn new(constants: Constants) -> Self {
        Self { constants, powers: vec![1.0] }
    }
}

impl UpdateRule<1> for Sgd {
    fn step(&self, _: u64, scale: f32, decay: f32) -> impl LineRule<1> {
        Step { rate: self.constants.rate, scale, decay }
    }

    fn prepare(&mut self, seen: impl Iterator<Item = u64>, steps: u64) {
        let Constants { rate, optimizer } = self.constants;
        let factor = 1.0 - f64::from(rate) * f64::from(optimizer.weight_decay);
        let longest = seen.map(|seen| steps - seen).max().unwrap_or(0) as usize;
        while self.powers.len() <= longest {
            self.powers.push(factor * self.powers[self.powers.len() - 1]);
        }
    }

    fn missed(&self, seen: u64, steps: u64) -> impl LineRule<1> {
        Missed(self.powers[(steps - seen) as usize] as f32)
    }
}

struct Step {
    rate: f32,
    scale: f32,
    decay: f32,
}

impl LineRule<1> for Step {
    #[inline(always)]
    fn apply(&self, gradient: Line, [mut w]: [Line; 1]) -> [Line; 1] {
        for lane in 0..LANES {
            w[lane] -= self.rate * (self.scale * gradient[lane] + self.decay * w[lane]);
        }
        [w]
    }
}

struct Missed(f32);

impl LineRule<1> for Missed {
    #[inline(always)]
    fn apply(&self, _: Line, [mut w]: [Line; 1]) -> [Line; 1] {
        for lane in 0..LANES {
            w[lane] *= self.0;
        }
        [w]
    }
}
