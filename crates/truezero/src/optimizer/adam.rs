//! Adam. Without decay, all steps that a row missed are made at once:
//!
//! In the k-th of them m is β₁ᵏ m and v is β₂ᵏ v, so that a weight moves by m Σ_k a_k / (b_k √v + ε) in all, with
//! a_k = η β₁ᵏ / (1 − β₁ᵗ), b_k = √(β₂ᵏ / (1 − β₂ᵗ)) and t the number of the step. The a_k and b_k are the same for
//! all weights that have missed the same steps, and the b_k are nearly equal where the a_k are not yet negligible. About
//! their mean b, weighted by the a_k, each quotient is a geometric series, and the sum is
//!
//! ```text
//! A r (1 + u² (c₂ − u (c₃ − u c₄))),   r = 1 / (b √v + ε),  u = b √v r < 1,
//! A = Σ a_k,  c_j = Σ a_k (b_k / b − 1)ʲ / A
//! ```
//!
//! up to terms of fifth order. Where these would not be negligible (among the first steps, when the b_k fall fast) the
//! missed steps are taken in several groups, in the extreme one by one.

use std::collections::HashMap;
use std::ops::Range;

use truezero_sparse::{LANES, Line, LineRule};

use super::{Constants, NEGLIGIBLE_MOMENT, UpdateRule, flushed};

/// A first moment this small, relative to where it started, moves no weight any more.
const FADED: f64 = 1e-10;

/// What may be neglected of a movement by missed steps, relative to it.
const NEGLIGIBLE: f64 = 3e-7;

/// How far the mean of a group is from its b_k, at most, as a part of their distance from the first: about so much.
const OFF_MEAN: f64 = 0.6;

/// `m ← β₁ m + (1−β₁) g;  v ← β₂ v + (1−β₂) g²;  w ← w − η m̂ / (√v̂ + ε)`.
#[derive(Clone, Debug)]
pub(super) struct Adam {
    constants: Constants,
    /// 1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ) by step t, from 0 on, up to where both are 1 for ever.
    corrections: Vec<[f64; 2]>,
    /// For the present number of steps and each number of steps that some row has seen, where its groups are.
    plans: HashMap<u64, Range<usize>>,
    planned_for: u64,
    groups: Vec<Group>,
}

/// Missed steps that are made at once.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// A.
    sum: f32,
    /// b.
    mean: f32,
    /// c₂, c₃ and c₄.
    spread: [f32; 3],
}

/// 1 / (1 − βᵗ).
fn correction(beta: f32, step: u64) -> f64 {
    (1.0 - f64::from(beta).powf(step as f64)).recip()
}

impl Adam {
    pub(super) fn new(constants: Constants) -> Self {
        Self {
            constants,
            corrections: vec![[f64::INFINITY; 2]],
            plans: HashMap::new(),
            planned_for: 0,
            groups: Vec::new(),
        }
    }

    /// Whether missed steps need not be made one by one: their only gradient would be the decay's, and m fades faster
    /// than √v, so that no movement grows.
    fn is_closed(&self) -> bool {
        let optimizer = &self.constants.optimizer;
        optimizer.weight_decay == 0.0 && optimizer.beta1 < optimizer.beta2.sqrt()
    }

    fn extend_corrections(&mut self, steps: u64) {
        let optimizer = self.constants.optimizer;
        while (self.corrections.len() as u64) <= steps && self.corrections.last() != Some(&[1.0; 2]) {
            let step = self.corrections.len() as u64;
            self.corrections.push([correction(optimizer.beta1, step), correction(optimizer.beta2, step)]);
        }
    }

    fn corrections(&self, step: u64) -> [f64; 2] {
        self.corrections[(step as usize).min(self.corrections.len() - 1)]
    }

    /// Appends the groups of the steps `seen + 1 ..= steps`.
    fn group(&mut self, seen: u64, steps: u64) {
        let (beta1, beta2) =
            (f64::from(self.constants.optimizer.beta1), f64::from(self.constants.optimizer.beta2));
        let mut weight = f64::from(self.constants.rate);
        let (root, mut faded, mut decayed) = (beta2.sqrt(), 1.0, 1.0);
        let mut group: Option<Moments> = None;
        // The movement so far, for √v = 1 and ε = 0, and what has been neglected of it.
        let (mut movement, mut neglected) = (0.0, 0.0);
        for step in seen + 1..=steps {
            let [first, second] = self.corrections(step);
            weight *= beta1;
            faded *= beta1;
            decayed *= root;
            let (a, b) = (weight * first, second.sqrt() * decayed);
            if faded < FADED {
                break;
            }
            movement += a / b;
            neglected += a / b * group.as_ref().map_or(0.0, |group| group.neglected(b));
            if neglected > NEGLIGIBLE * movement {
                self.groups.extend(group.take().map(|group| group.finish()));
                neglected = 0.0;
            }
            group.get_or_insert_with(|| Moments::about(b)).add(a, b);
        }
        self.groups.extend(group.map(|group| group.finish()));
    }
}

/// Sums of a_k (b_k / b − 1)ʲ about the first b of a group.
struct Moments {
    about: f64,
    sums: [f64; 5],
}

impl Moments {
    fn about(b: f64) -> Self {
        Self { about: b, sums: [0.0; 5] }
    }

    /// About what another step would add to the terms of fifth order, relative to its own part of the movement.
    fn neglected(&self, b: f64) -> f64 {
        (OFF_MEAN * (b / self.about - 1.0).abs()).powi(5)
    }

    fn add(&mut self, a: f64, b: f64) {
        let (distance, mut term) = (b / self.about - 1.0, a);
        for sum in &mut self.sums {
            *sum += term;
            term *= distance;
        }
    }

    /// The same about the mean.
    fn finish(&self) -> Group {
        let [_, mean, second, third, fourth] = self.sums.map(|sum| sum / self.sums[0]);
        let c2 = second - mean.powi(2);
        let c3 = third - 3.0 * mean * second + 2.0 * mean.powi(3);
        let c4 = fourth - 4.0 * mean * third + 6.0 * mean.powi(2) * second - 3.0 * mean.powi(4);
        let scale = 1.0 + mean;
        Group {
            sum: self.sums[0] as f32,
            mean: (self.about * scale) as f32,
            spread: [c2 / scale.powi(2), c3 / scale.powi(3), c4 / scale.powi(4)].map(|c| c as f32),
        }
    }
}

impl UpdateRule<3> for Adam {
    fn step(&self, step: u64, scale: f32, decay: f32) -> impl LineRule<3> {
        let optimizer = self.constants.optimizer;
        let corrections = [correction(optimizer.beta1, step), correction(optimizer.beta2, step)];
        Step::new(&self.constants, corrections, scale, decay)
    }

    fn prepare(&mut self, seen: impl Iterator<Item = u64>, steps: u64) {
        self.extend_corrections(steps);
        if self.planned_for != steps {
            self.plans.clear();
            self.groups.clear();
            self.planned_for = steps;
        }
        if self.is_closed() {
            for seen in seen {
                if !self.plans.contains_key(&seen) {
                    let start = self.groups.len();
                    self.group(seen, steps);
                    self.plans.insert(seen, start..self.groups.len());
                }
            }
        }
    }

    fn missed(&self, seen: u64, steps: u64) -> impl LineRule<3> {
        let optimizer = &self.constants.optimizer;
        let power = |beta: f32| f64::from(beta).powf((steps - seen) as f64) as f32;
        Missed {
            adam: self,
            closed: self.is_closed(),
            groups: self.plans.get(&seen).map_or(&[], |groups| &self.groups[groups.clone()]),
            left: [power(optimizer.beta1), power(optimizer.beta2)],
            steps: seen + 1..steps + 1,
        }
    }
}

struct Step {
    /// η / (1 − β₁ᵗ).
    rate: f32,
    /// 1 / (1 − β₂ᵗ).
    second: f32,
    scale: f32,
    decay: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
}

impl Step {
    #[inline(always)]
    fn new(constants: &Constants, corrections: [f64; 2], scale: f32, decay: f32) -> Self {
        let Constants { rate, optimizer } = constants;
        let [first, second] = corrections.map(|correction| correction as f32);
        Self {
            rate: rate * first,
            second,
            scale,
            decay,
            beta1: optimizer.beta1,
            beta2: optimizer.beta2,
            epsilon: optimizer.epsilon,
        }
    }
}

impl LineRule<3> for Step {
    #[inline(always)]
    fn apply(&self, gradient: Line, [mut w, mut m, mut v]: [Line; 3]) -> [Line; 3] {
        for lane in 0..LANES {
            let g = self.scale * gradient[lane] + self.decay * w[lane];
            let first = self.beta1 * m[lane] + (1.0 - self.beta1) * g;
            let second = self.beta2 * v[lane] + (1.0 - self.beta2) * g * g;
            (m[lane], v[lane]) = flushed_pair(first, second);
            w[lane] -= self.rate * m[lane] / ((self.second * v[lane]).sqrt() + self.epsilon);
        }
        [w, m, v]
    }
}

struct Missed<'a> {
    adam: &'a Adam,
    closed: bool,
    groups: &'a [Group],
    /// β₁ᵏ and β₂ᵏ for the k missed steps.
    left: [f32; 2],
    steps: Range<u64>,
}

impl LineRule<3> for Missed<'_> {
    #[inline(always)]
    fn apply(&self, _: Line, state: [Line; 3]) -> [Line; 3] {
        if self.closed { self.at_once(state) } else { self.one_by_one(state) }
    }
}

impl Missed<'_> {
    #[inline(always)]
    fn at_once(&self, [mut w, mut m, mut v]: [Line; 3]) -> [Line; 3] {
        if is_zero(&m) {
            for lane in 0..LANES {
                v[lane] = flushed(self.left[1] * v[lane]);
            }
            return [w, m, v];
        }
        let epsilon = self.adam.constants.optimizer.epsilon;
        let (mut root, mut moved) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            root[lane] = v[lane].sqrt();
        }
        for &Group { sum, mean, spread: [c2, c3, c4] } in self.groups {
            for lane in 0..LANES {
                let deviation = mean * root[lane];
                let r = 1.0 / (deviation + epsilon);
                let u = deviation * r;
                moved[lane] += sum * r * (1.0 + u * u * (c2 - u * (c3 - u * c4)));
            }
        }
        for lane in 0..LANES {
            w[lane] -= moved[lane] * m[lane];
            (m[lane], v[lane]) = flushed_pair(self.left[0] * m[lane], self.left[1] * v[lane]);
        }
        [w, m, v]
    }

    #[inline(always)]
    fn one_by_one(&self, mut state: [Line; 3]) -> [Line; 3] {
        let constants = &self.adam.constants;
        let decay = constants.optimizer.weight_decay;
        for step in self.steps.clone() {
            if decay == 0.0 && is_zero(&state[1]) && is_zero(&state[2]) {
                break;
            }
            let step = Step::new(constants, self.adam.corrections(step), 1.0, decay);
            state = step.apply([0.0; LANES], state);
        }
        state
    }
}

/// The moments m and v without what is negligible. Where v is, m goes with it, whatever ε is: m alone would be divided by
/// ε.
#[inline(always)]
fn flushed_pair(m: f32, v: f32) -> (f32, f32) {
    let none = v < NEGLIGIBLE_MOMENT;
    (if none { 0.0 } else { flushed(m) }, if none { 0.0 } else { v })
}

/// Whether all values are zero, of either sign.
#[inline(always)]
fn is_zero(line: &Line) -> bool {
    let mut bits = 0;
    for lane in 0..LANES {
        bits |= line[lane].to_bits() << 1;
    }
    bits == 0
}
