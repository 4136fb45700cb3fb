//! The base rate: the prediction that ignores the inputs. It is the frequency of each class or label, or the mean of
//! each quantity; a network that costs more has learned nothing that is of use.

use truezero_data::Targets;

use crate::cost::{Cost, half_deviance};
use crate::evaluate::Examples;

/// Mean `cost`, on `examples`, of predicting what is so often the case, or is so on average, on `train`. Weights of
/// examples count in both. Infinite if something occurs that never does on `train`.
///
/// # Panics
/// If the targets are of different kinds.
pub(crate) fn base_cost(cost: Cost, train: Examples<'_>, examples: Examples<'_>) -> f64 {
    let means = means(train);
    mean_cost(examples, |row| match &examples.data.targets {
        Targets::Classes { labels, .. } => -means[labels[row] as usize].ln(),
        Targets::Labels(labels) => {
            let of = |(&y, &p): (&f32, &f64)| {
                let y = f64::from(y);
                // 0 ln 0 is 0 here.
                let part = |share: f64, p: f64| if share == 0.0 { 0.0 } else { -share * p.ln() };
                part(y, p) + part(1.0 - y, 1.0 - p)
            };
            labels.row(row).iter().zip(&means).map(of).sum()
        }
        Targets::Quantities(quantities) => {
            let of = |(&y, &mean): (&f32, &f64)| match cost {
                Cost::Poisson => half_deviance(f64::from(y), mean.ln()),
                _ => 0.5 * (f64::from(y) - mean).powi(2),
            };
            quantities.row(row).iter().zip(&means).map(of).sum()
        }
    })
}

/// Mean `cost`, on `examples`, of a network whose outputs are all zero, as they nearly are before any training.
pub(crate) fn cost_of_zeros(cost: Cost, examples: Examples<'_>) -> f64 {
    mean_cost(examples, |row| match &examples.data.targets {
        Targets::Classes { classes, .. } => (*classes as f64).ln(),
        Targets::Labels(labels) => std::f64::consts::LN_2 * labels.width() as f64,
        Targets::Quantities(quantities) => {
            let of = |&y: &f32| match cost {
                Cost::Poisson => half_deviance(f64::from(y), 0.0),
                _ => 0.5 * f64::from(y) * f64::from(y),
            };
            quantities.row(row).iter().map(of).sum()
        }
    })
}

fn weight(Examples { data, .. }: Examples<'_>, row: usize) -> f64 {
    data.weights.as_ref().map_or(1.0, |weights| f64::from(weights[row]))
}

/// As an evaluation has it: weighted costs, divided by the number of examples that count.
fn mean_cost(examples: Examples<'_>, cost: impl Fn(usize) -> f64) -> f64 {
    // A weight of 0 leaves an example out, whatever it would cost.
    let of = |&row: &usize| match weight(examples, row) {
        0.0 => 0.0,
        weight => weight * cost(row),
    };
    examples.rows.iter().map(of).sum::<f64>() / examples.counted().max(1) as f64
}

/// For each output the weighted mean of the targets.
fn means(examples: Examples<'_>) -> Vec<f64> {
    let targets = &examples.data.targets;
    let mut sums = vec![0.0; targets.outputs()];
    let mut total = 0.0;
    for &row in examples.rows {
        let weight = weight(examples, row);
        total += weight;
        match targets {
            Targets::Classes { labels, .. } => sums[labels[row] as usize] += weight,
            Targets::Labels(values) | Targets::Quantities(values) => {
                sums.iter_mut().zip(values.row(row)).for_each(|(sum, &y)| *sum += weight * f64::from(y));
            }
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= if total > 0.0 { total } else { 1.0 });
    sums
}

#[cfg(test)]
mod tests {
    use truezero_data::Dataset;
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;

    fn data(targets: Targets, weights: Option<Vec<f32>>) -> Dataset {
        let inputs = Batch::Dense(DenseBatch::zeros(targets.examples(), 1));
        Dataset { inputs, targets, weights }
    }

    fn base(data: &Dataset) -> f64 {
        let rows: Vec<usize> = (0..data.examples()).collect();
        let examples = Examples { data, rows: &rows };
        base_cost(Cost::for_task(data.targets.task()), examples, examples)
    }

    #[test]
    fn a_majority_of_94_percent_costs_its_entropy() {
        let labels = (0..100).map(|row| u32::from(row < 6)).collect();
        let cost = base(&data(Targets::Classes { labels, classes: 2 }, None));
        let entropy = -(0.94 * 0.94_f64.ln() + 0.06 * 0.06_f64.ln());
        assert!((cost - entropy).abs() < 1e-12 && (cost - 0.227).abs() < 1e-3, "{cost}");
        let labels: Vec<f32> = (0..100).map(|row| f32::from(u8::from(row < 6))).collect();
        let as_label = base(&data(Targets::Labels(DenseBatch::from_rows(1, &labels)), None));
        assert!((as_label - entropy).abs() < 1e-12, "{as_label}");
    }

    #[test]
    fn quantities_cost_half_their_variance_and_weights_count() {
        let targets = |values: &[f32]| Targets::Quantities(DenseBatch::from_rows(1, values));
        assert_eq!(base(&data(targets(&[1.0, 3.0, 5.0]), None)), 0.5 * 8.0 / 3.0);
        let weighted = data(targets(&[1.0, 3.0, 7.0]), Some(vec![2.0, 2.0, 0.0]));
        assert_eq!(
            base(&weighted),
            0.5 * 4.0 / 2.0,
            "the mean is 2, and 4 is divided by the 2 examples that count"
        );
    }

    #[test]
    fn counts_cost_half_their_deviance_from_the_mean() {
        let counts = data(Targets::Quantities(DenseBatch::from_rows(1, &[0.0, 4.0])), None);
        let examples = Examples { data: &counts, rows: &[0, 1] };
        // (2 + (2 - 4 + 4 ln 2)) / 2, and (1 + (1 - 4 + 4 ln 4)) / 2
        let ln_2 = std::f64::consts::LN_2;
        assert!((base_cost(Cost::Poisson, examples, examples) - 2.0 * ln_2).abs() < 1e-12);
        assert!((cost_of_zeros(Cost::Poisson, examples) - (4.0 * ln_2 - 1.0)).abs() < 1e-12);
    }

    #[test]
    fn what_never_occurs_in_training_costs_without_limit() {
        const COST: Cost = Cost::SoftmaxCrossEntropy;
        let all = data(Targets::Classes { labels: vec![0, 0, 1], classes: 3 }, None);
        let examples = |rows| Examples { data: &all, rows };
        assert_eq!(base_cost(COST, examples(&[0, 1]), examples(&[2])), f64::INFINITY);
        assert_eq!(base_cost(COST, examples(&[0, 1]), examples(&[0])), 0.0);
        assert_eq!(cost_of_zeros(COST, examples(&[0, 1, 2])), 3.0_f64.ln());
    }
}
