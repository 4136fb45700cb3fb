//! Momentum, Nesterov's too. A step that a row missed is a linear map of (w, v), and k of them are its k-th power.

use truezero_sparse::{LANES, Line, LineRule};

use super::{Constants, Rule, UpdateRule, flushed};

/// `v ← μ v + g;  w ← w − η v`, or Nesterov's `w ← w − η (g + μ v)`.
#[derive(Clone, Debug)]
pub(super) struct Momentum {
    constants: Constants,
    /// `powers[k]`: what k missed steps do.
    powers: Vec<Map>,
}

/// A linear map of (w, v): [ww, wv, vw, vv], w' = ww w + wv v, v' = vw w + vv v.
type Map = [f64; 4];

impl Momentum {
    pub(super) fn new(constants: Constants) -> Self {
        Self { constants, powers: vec![[1.0, 0.0, 0.0, 1.0]] }
    }

    /// What a missed step does: its gradient is the decay λ w alone.
    fn missed_step(&self) -> Map {
        let Constants { rate, optimizer } = self.constants;
        let (rate, decay, mu) =
            (f64::from(rate), f64::from(optimizer.weight_decay), f64::from(optimizer.momentum));
        if optimizer.rule == Rule::Nesterov {
            [1.0 - rate * decay * (1.0 + mu), -rate * mu * mu, decay, mu]
        } else {
            [1.0 - rate * decay, -rate * mu, decay, mu]
        }
    }
}

impl UpdateRule<2> for Momentum {
    fn step(&self, _: u64, scale: f32, decay: f32) -> impl LineRule<2> {
        let Constants { rate, optimizer } = self.constants;
        Step { rate, scale, decay, momentum: optimizer.momentum, nesterov: optimizer.rule == Rule::Nesterov }
    }

    fn prepare(&mut self, seen: impl Iterator<Item = u64>, steps: u64) {
        let [a, b, c, d] = self.missed_step();
        let longest = seen.map(|seen| steps - seen).max().unwrap_or(0) as usize;
        while self.powers.len() <= longest {
            let [ww, wv, vw, vv] = self.powers[self.powers.len() - 1];
            self.powers.push([a * ww + b * vw, a * wv + b * vv, c * ww + d * vw, c * wv + d * vv]);
        }
    }

    fn missed(&self, seen: u64, steps: u64) -> impl LineRule<2> {
        Missed(self.powers[(steps - seen) as usize].map(|entry| entry as f32))
    }
}

struct Step {
    rate: f32,
    scale: f32,
    decay: f32,
    momentum: f32,
    nesterov: bool,
}

impl LineRule<2> for Step {
    #[inline(always)]
    fn apply(&self, gradient: Line, [mut w, mut v]: [Line; 2]) -> [Line; 2] {
        for lane in 0..LANES {
            let g = self.scale * gradient[lane] + self.decay * w[lane];
            v[lane] = flushed(self.momentum * v[lane] + g);
            let ahead = g + self.momentum * v[lane];
            w[lane] -= self.rate * if self.nesterov { ahead } else { v[lane] };
        }
        [w, v]
    }
}

struct Missed([f32; 4]);

impl LineRule<2> for Missed {
    #[inline(always)]
    fn apply(&self, _: Line, [mut w, mut v]: [Line; 2]) -> [Line; 2] {
        let [ww, wv, vw, vv] = self.0;
        for lane in 0..LANES {
            (w[lane], v[lane]) = (ww * w[lane] + wv * v[lane], flushed(vw * w[lane] + vv * v[lane]));
        }
        [w, v]
    }
}
