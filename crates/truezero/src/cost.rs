//! Costs: what the outputs o of the last layer are measured by, for a target y.
//!
//! | cost | prediction p | cost of an example | ∂/∂o |
//! |---|---|---|---|
//! | softmax cross-entropy | e^(o_k) / Σ e^(o_l) | −ln p_y | p − 1_y |
//! | logistic cross-entropy | 1 / (1 + e^(−o)) | −Σ y ln p + (1 − y) ln(1 − p) | p − y |
//! | squared error | o | ½ Σ (o − y)² | o − y |
//! | Poisson | e^o | Σ p − y + y ln (y / p) | p − y |
//!
//! The cost of a mini-batch is Σ w c / B over its B examples, w their weights. Examples of weight 0 are none of the B: they
//! are [left out](crate::Examples::counted).

use truezero_data::{Targets, Task};
use truezero_sparse::{DenseBatch, Engine};

use crate::activation::logistic;

/// A cost and the prediction that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// One of several classes.
    SoftmaxCrossEntropy,
    /// Any number of labels.
    LogisticCrossEntropy,
    /// Quantities.
    SquaredError,
    /// Counts, and other quantities of at least 0 whose variance grows with their mean: half the deviance of a Poisson
    /// distribution.
    Poisson,
}

impl Cost {
    /// The cost that suits a task.
    pub fn for_task(task: Task) -> Self {
        match task {
            Task::Classify => Self::SoftmaxCrossEntropy,
            Task::Multilabel => Self::LogisticCrossEntropy,
            Task::Regress => Self::SquaredError,
        }
    }

    /// The task that it is a cost of.
    pub fn task(self) -> Task {
        match self {
            Self::SoftmaxCrossEntropy => Task::Classify,
            Self::LogisticCrossEntropy => Task::Multilabel,
            Self::SquaredError | Self::Poisson => Task::Regress,
        }
    }

    /// Turns pre-activations of the last layer (examples × outputs) into predictions, in place.
    pub fn predict(self, outputs: &mut DenseBatch) {
        for example in 0..outputs.examples() {
            let row = outputs.row_mut(example);
            match self {
                Self::SoftmaxCrossEntropy => {
                    softmax(row);
                }
                Self::LogisticCrossEntropy => row.iter_mut().for_each(|o| *o = logistic(*o)),
                Self::SquaredError => {}
                Self::Poisson => row.iter_mut().for_each(|o| *o = o.exp()),
            }
        }
    }

    /// The summed cost Σ w c of the examples `rows` of `targets`; `outputs` (one row each) become
    /// the errors `scale · w · ∂c/∂o`.
    ///
    /// # Panics
    /// If the targets are not of the kind or shape the outputs ask for.
    pub fn cost_and_errors(
        self,
        engine: &mut Engine,
        outputs: &mut DenseBatch,
        targets: &Targets,
        weights: Option<&[f32]>,
        rows: &[usize],
        scale: f32,
    ) -> f64 {
        assert_eq!(outputs.examples(), rows.len(), "one output row per example");
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        if let (Self::LogisticCrossEntropy, Targets::Labels(targets)) = (self, targets) {
            let mut costs = Vec::new();
            let scale = |example: usize| scale * weight(rows[example]);
            engine.logistic_errors(outputs, targets, rows, scale, &mut costs);
            return rows.iter().zip(costs).map(|(&row, cost)| f64::from(weight(row)) * cost).sum();
        }
        let mut total = 0.0;
        for (example, &row) in rows.iter().enumerate() {
            let weight = weight(row);
            let o = outputs.row_mut(example);
            let cost = match (self, targets) {
                (Self::SoftmaxCrossEntropy, Targets::Classes { labels, .. }) => {
                    let label = labels[row] as usize;
                    let target = o[label];
                    let log_sum = softmax(o);
                    o[label] -= 1.0;
                    log_sum - f64::from(target)
                }
                (Self::SquaredError, Targets::Quantities(targets)) => o
                    .iter_mut()
                    .zip(targets.row(row))
                    .map(|(o, y)| {
                        *o -= y;
                        0.5 * f64::from(*o) * f64::from(*o)
                    })
                    .sum::<f64>(),
                (Self::Poisson, Targets::Quantities(targets)) => {
                    o.iter_mut().zip(targets.row(row)).map(|(o, y)| poisson_cost(o, *y)).sum()
                }
                (cost, targets) => panic!("{cost:?} does not suit {:?} targets", targets.task()),
            };
            o.iter_mut().for_each(|o| *o *= scale * weight);
            total += f64::from(weight) * cost;
        }
        total
    }
}

/// Replaces o by softmax(o), without overflow; returns ln Σ e^o.
fn softmax(o: &mut [f32]) -> f64 {
    let max = o.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for o in o.iter_mut() {
        *o = (*o - max).exp();
        sum += f64::from(*o);
    }
    let scale = sum.recip() as f32;
    o.iter_mut().for_each(|o| *o *= scale);
    f64::from(max) + sum.ln()
}

/// Replaces o by p − y; returns the cost.
fn poisson_cost(o: &mut f32, y: f32) -> f64 {
    let cost = half_deviance(f64::from(y), f64::from(*o));
    *o = o.exp() - y;
    cost
}

/// p − y + y ln (y / p), given ln p: half the deviance of a count y from a Poisson distribution of mean p.
pub(crate) fn half_deviance(y: f64, log_p: f64) -> f64 {
    let logarithm = if y > 0.0 { y * (y.ln() - log_p) } else { 0.0 };
    log_p.exp() - y + logarithm
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<(Cost, Targets)> {
        let labels = DenseBatch::from_rows(3, &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        let quantities = DenseBatch::from_rows(3, &[0.5, -2.0, 3.0, 1.0, 0.0, -0.25]);
        vec![
            (Cost::SoftmaxCrossEntropy, Targets::Classes { labels: vec![2, 0], classes: 3 }),
            (Cost::LogisticCrossEntropy, Targets::Labels(labels)),
            (Cost::SquaredError, Targets::Quantities(quantities)),
            (Cost::Poisson, Targets::Quantities(DenseBatch::from_rows(3, &[0.5, 0.0, 3.0, 1.0, 0.0, 2.25]))),
        ]
    }

    #[test]
    fn errors_agree_with_finite_differences() {
        let start = [0.3, -1.2, 2.0, 0.7, 0.1, -0.4];
        let weights = [0.5, 2.0];
        for (cost, targets) in cases() {
            let evaluate = |outputs: &[f32]| {
                let mut batch = DenseBatch::from_rows(3, outputs);
                let engine = &mut Engine::new(1);
                let weights = Some(&weights[..]);
                let total = cost.cost_and_errors(engine, &mut batch, &targets, weights, &[0, 1], 1.0);
                (total, batch)
            };
            let (_, errors) = evaluate(&start);
            for at in 0..start.len() {
                let moved = |by: f32| {
                    let mut outputs = start;
                    outputs[at] += by;
                    evaluate(&outputs).0
                };
                let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                let error = f64::from(errors.row(at / 3)[at % 3]);
                assert!((difference - error).abs() < 1e-3, "{cost:?} {at}: {difference} against {error}");
            }
        }
    }

    #[test]
    fn extreme_outputs_stay_finite() {
        let outputs = [200.0, -200.0, 0.0, -90.0, 90.0, 1e4];
        // The mean of a count that is e^90 is beyond 32 bits, and a cost without limit is divergence.
        for (cost, targets) in cases().into_iter().filter(|(cost, _)| *cost != Cost::Poisson) {
            let mut batch = DenseBatch::from_rows(3, &outputs);
            let engine = &mut Engine::new(1);
            let total = cost.cost_and_errors(engine, &mut batch, &targets, None, &[0, 1], 1.0);
            assert!(total.is_finite() && batch.padded().iter().all(|x| x.is_finite()), "{cost:?}");
            let mut batch = DenseBatch::from_rows(3, &outputs);
            cost.predict(&mut batch);
            assert!(batch.padded().iter().all(|x| x.is_finite()), "{cost:?}");
        }
    }

    #[test]
    fn softmax_predictions_sum_to_one() {
        let mut batch = DenseBatch::from_rows(3, &[1.0, 2.0, 3.0]);
        Cost::SoftmaxCrossEntropy.predict(&mut batch);
        assert!((batch.row(0).iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((batch.row(0)[2] - 0.665_241).abs() < 1e-6);
    }
}
