//! The specification of every kernel: plain loops, one formula each.
//!
//! The fast kernels must return these very bits. What fixes them is the order in which each single
//! output is accumulated, always with fused multiply-add (one rounding):
//! - forward: from the bias, over active inputs in rising order;
//! - update: from the weight, over examples in rising order;
//! - another rule than plain descent: the gradient from zero, over examples in rising order, then the rule;
//! - backward: in 16 lanes (lane = output mod 16), each over rising outputs, then [`sum_lanes`].
//!
//! Skipping a zero leaves every result as it is: fma(0, w, a) = a. There are two exceptions: a sum that is −0.0 becomes 0.0
//! where a zero is multiplied, so that a bias of −0.0 may give an output of either sign; and a zero times an infinite
//! weight (or error, or NaN) is NaN. Neither comes out of a training that has not diverged.

use crate::pointwise::logistic_cost;
use crate::{ActiveBatch, DenseBatch, LANES, Line, LineRule, PANEL, PackedWeights, Pointwise, padded};

/// The sum of 16 lanes, folded in halves: 8 + 8, 4 + 4, 2 + 2, 1 + 1.
pub fn sum_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]` over active inputs i.
pub fn forward(x: &ActiveBatch, w: &PackedWeights, bias: &[f32], out: &mut DenseBatch) {
    out.reset(x.examples(), w.outputs());
    for s in 0..x.examples() {
        let (indices, values) = x.example(s);
        for j in 0..w.outputs() {
            let mut sum = bias[j];
            for (&i, &value) in indices.iter().zip(values) {
                sum = value.mul_add(w.get(i as usize, j), sum);
            }
            out.row_mut(s)[j] = sum;
        }
    }
}

/// `errors[s,i] = Σ_j W[i,j] δ[s,j]` for active inputs i, zero for all others.
pub fn backward(x: &ActiveBatch, w: &PackedWeights, delta: &DenseBatch, errors: &mut DenseBatch) {
    errors.reset(x.examples(), w.inputs());
    for s in 0..x.examples() {
        for &i in x.example(s).0 {
            let mut lanes = [0.0; LANES];
            for j in 0..w.outputs() {
                lanes[j % LANES] = w.get(i as usize, j).mul_add(delta.row(s)[j], lanes[j % LANES]);
            }
            errors.row_mut(s)[i as usize] = sum_lanes(lanes);
        }
    }
}

/// `W[i,j] += Σ_s (−rate · x[s,i]) δ[s,j]` over the examples s in which i is active.
pub fn sgd(x: &ActiveBatch, w: &mut PackedWeights, delta: &DenseBatch, rate: f32) {
    for s in 0..x.examples() {
        let (indices, values) = x.example(s);
        for (&i, &value) in indices.iter().zip(values) {
            let factor = -rate * value;
            for panel in 0..w.panels() {
                let columns = w.columns(panel);
                let piece = w.piece_mut(panel, i as usize);
                for (weight, &d) in piece.iter_mut().zip(&delta.row(s)[columns]) {
                    *weight = factor.mul_add(d, *weight);
                }
            }
        }
    }
}

/// `G[i,j] = Σ_s x[s,i] δ[s,j]` for one input i, from zero, over examples in rising order.
pub fn row_gradient(x: &ActiveBatch, i: usize, delta: &DenseBatch) -> Vec<f32> {
    let mut gradient = vec![0.0; delta.width()];
    for s in 0..x.examples() {
        let (indices, values) = x.example(s);
        if let Ok(at) = indices.binary_search(&(i as u32)) {
            for (g, &d) in gradient.iter_mut().zip(delta.row(s)) {
                *g = values[at].mul_add(d, *g);
            }
        }
    }
    gradient
}

/// A step by a rule of the rows that are touched; the weights are the first of the matrices.
pub fn update<const M: usize>(
    x: &ActiveBatch,
    delta: &DenseBatch,
    mut matrices: [&mut PackedWeights; M],
    rule: &impl LineRule<M>,
) {
    let mut touched = x.indices().to_vec();
    touched.sort_unstable();
    touched.dedup();
    for i in touched {
        let mut gradient = row_gradient(x, i as usize, delta);
        gradient.resize(padded(gradient.len()), 0.0);
        follow(&gradient, i as usize, &mut matrices, rule);
    }
}

/// A step by a rule of one row, along a gradient that is padded with zeros.
///
/// # Panics
/// If there is no such row, or the gradient is shorter than a row.
pub fn follow<const M: usize>(
    gradient: &[f32],
    row: usize,
    matrices: &mut [&mut PackedWeights; M],
    rule: &impl LineRule<M>,
) {
    for j in (0..matrices[0].outputs()).step_by(LANES) {
        let real = LANES.min(matrices[0].outputs() - j);
        let state: [Line; M] = std::array::from_fn(|m| {
            let mut line = [0.0; LANES];
            (0..real).for_each(|lane| line[lane] = matrices[m].get(row, j + lane));
            line
        });
        let line = gradient[j..j + LANES].try_into().expect("a line of the gradient");
        for (matrix, line) in matrices.iter_mut().zip(rule.apply(line, state)) {
            let panel = j / PANEL;
            matrix.piece_mut(panel, row)[j % PANEL..][..real].copy_from_slice(&line[..real]);
        }
    }
}

/// `Σ_i Σ_j (Σ_s x[s,i] δ[s,j])²`. (Faster ways agree up to rounding.)
pub fn squared_norm(x: &ActiveBatch, delta: &DenseBatch) -> f64 {
    let square = |value: f32| f64::from(value) * f64::from(value);
    (0..x.width()).flat_map(|i| row_gradient(x, i, delta)).map(square).sum()
}

/// `h = sign · max(0, x)` in place, and the list of what is active. NaN counts as active, so that it
/// reaches the cost and is noticed.
pub fn rectify(pre: &mut DenseBatch, signs: Option<&[f32]>, active: &mut ActiveBatch) {
    active.reset(pre.width());
    for s in 0..pre.examples() {
        let row = pre.row_mut(s);
        for (j, x) in row.iter_mut().enumerate() {
            *x = if *x <= 0.0 { 0.0 } else { *x * signs.map_or(1.0, |signs| signs[j]) };
        }
        active.push(row.iter().enumerate().map(|(j, &x)| (j as u32, x)));
    }
}

/// The list of the non-zeros of a dense batch.
pub fn extract(dense: &DenseBatch, active: &mut ActiveBatch) {
    active.reset(dense.width());
    for s in 0..dense.examples() {
        active.push(dense.row(s).iter().enumerate().map(|(j, &x)| (j as u32, x)));
    }
}

/// `h = sign · f(x)` in place; `slopes[s,j] = sign · f'(x)`.
pub fn activate(function: Pointwise, signs: Option<&[f32]>, pre: &mut DenseBatch, slopes: &mut DenseBatch) {
    slopes.reset(pre.examples(), pre.width());
    for s in 0..pre.examples() {
        for j in 0..pre.width() {
            let sign = signs.map_or(1.0, |signs| signs[j]);
            let (value, slope) = function.value_and_slope(pre.row(s)[j]);
            pre.row_mut(s)[j] = sign * value;
            slopes.row_mut(s)[j] = sign * slope;
        }
    }
}

/// `error = slope · (error + penalty · sgn h)` in place, with a penalty for each example.
pub fn slope_errors(
    h: &DenseBatch,
    slopes: &DenseBatch,
    penalty: impl Fn(usize) -> f32,
    errors: &mut DenseBatch,
) {
    for s in 0..errors.examples() {
        for (j, error) in errors.row_mut(s).iter_mut().enumerate() {
            let value = h.row(s)[j];
            let penalty = if value == 0.0 { 0.0 } else { penalty(s).copysign(value) };
            *error = slopes.row(s)[j] * (*error + penalty);
        }
    }
}

/// The same for rectified units: the slope is `scale · sign` where h is not zero, and the error zero
/// where it is.
pub fn rectified_errors(
    h: &DenseBatch,
    signs: Option<&[f32]>,
    scale: f32,
    penalty: impl Fn(usize) -> f32,
    errors: &mut DenseBatch,
) {
    for s in 0..errors.examples() {
        for (j, error) in errors.row_mut(s).iter_mut().enumerate() {
            let value = h.row(s)[j];
            let slope = scale * signs.map_or(1.0, |signs| signs[j]);
            *error = if value == 0.0 { 0.0 } else { slope * (*error + penalty(s).copysign(value)) };
        }
    }
}

/// Pre-activations of labels become `scale · (p − y)` in place; gives the cost of each example, in 16 sums (label mod 16)
/// that are added last.
pub fn logistic_errors(
    outputs: &mut DenseBatch,
    targets: &DenseBatch,
    rows: &[usize],
    scale: impl Fn(usize) -> f32,
) -> Vec<f64> {
    let cost = |(s, &row): (usize, &usize)| {
        let mut sums = [0.0; LANES];
        for (j, o) in outputs.row_mut(s).iter_mut().enumerate() {
            let (cost, error) = logistic_cost(*o, targets.row(row)[j]);
            sums[j % LANES] += f64::from(cost);
            *o = scale(s) * error;
        }
        sums.iter().sum()
    };
    rows.iter().enumerate().map(cost).collect()
}
