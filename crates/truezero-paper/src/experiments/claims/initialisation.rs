//! Right after a symmetric initialisation half of the rectifiers are zero; logistic units sit at 1/2.

use serde_json::json;
use truezero::Network;
use truezero_sparse::Batch;

use super::bench::{ACTIVATIONS, Bench, LOGISTIC, RECTIFIER, active, codes};
use super::claim::{Claim, Verdict, percent};
use crate::experiments::setting::list;
use crate::result::{Axis, BarSeries, Bars, Plot};

/// What counts as "about 50 %".
const TOLERANCE: f64 = 0.05;
/// What counts as "at 1/2".
const NEAR_HALF: std::ops::RangeInclusive<f32> = 0.4..=0.6;

/// Of an untrained network.
pub(super) struct Shares {
    /// Fraction of exact zeros in each hidden layer.
    pub(super) zeros: Vec<f64>,
    /// Fraction of outputs near 1/2 in each hidden layer.
    pub(super) near_half: Vec<f64>,
}

pub(super) fn shares(network: &Network, inputs: &Batch) -> Shares {
    let (mut zeros, mut near_half) = (Vec::new(), Vec::new());
    for code in codes(network, inputs) {
        let cells = (code.examples() * code.width()).max(1) as f64;
        let rows = || (0..code.examples()).map(|example| code.row(example));
        zeros.push(1.0 - rows().map(active).sum::<usize>() as f64 / cells);
        let near = |row: &[f32]| row.iter().filter(|h| NEAR_HALF.contains(*h)).count();
        near_half.push(rows().map(near).sum::<usize>() as f64 / cells);
    }
    Shares { zeros, near_half }
}

pub(super) fn measure(bench: &Bench<'_>) -> Claim {
    let count = bench.sizes.untrained;
    let means = ACTIVATIONS.map(|activation| {
        let mut mean = Shares {
            zeros: vec![0.0; bench.sizes.hidden.len()],
            near_half: vec![0.0; bench.sizes.hidden.len()],
        };
        for seed in 0..count as u64 {
            let network = bench.untrained(&bench.sizes.hidden, activation, bench.runner.settings.seed + seed);
            let own = shares(&network, &bench.sample.inputs);
            for (sum, share) in [(&mut mean.zeros, own.zeros), (&mut mean.near_half, own.near_half)] {
                sum.iter_mut().zip(share).for_each(|(sum, share)| *sum += share / count as f64);
            }
        }
        mean
    });
    let average = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    let zeros = &means[RECTIFIER].zeros;
    let near_half = average(&means[LOGISTIC].near_half);
    let figures = [0, 1, 2, 3].map(|at| percent(average(&means[at].zeros)));
    let layers: Vec<String> = zeros.iter().map(|&share| percent(share)).collect();
    let verdict = Verdict::of(
        zeros.iter().all(|share| (share - 0.5).abs() <= TOLERANCE),
        near_half > 0.5,
        format!(
            "{} % of the rectifiers of layers 1 to {} are exactly zero; {} % of the logistic outputs lie within \
             0.1 of 1/2",
            list(&layers),
            layers.len(),
            percent(near_half)
        ),
    );
    let series = |name: &str, shares: &[f64]| BarSeries {
        name: name.to_owned(),
        values: shares.iter().map(|share| 100.0 * share).collect(),
        errors: Vec::new(),
    };
    Claim {
        name: "initialisation",
        statement: "After a symmetric initialisation about half of the rectifiers are zero, while logistic units sit \
                at 1/2.",
        measure: format!("exact zeros in the hidden layers of {count} untrained networks, %"),
        figures,
        curve: ("rectifier, zeros by layer", zeros.clone()),
        verdict,
        plots: vec![Plot::Bars(Bars {
            title: "Untrained networks".to_owned(),
            x: "hidden layer".to_owned(),
            y: Axis::new("share of the values, %"),
            categories: (1..=zeros.len()).map(|layer| layer.to_string()).collect(),
            series: vec![
                series("rectifier: exactly zero", zeros),
                series("logistic: within 0.1 of 1/2", &means[LOGISTIC].near_half),
            ],
        })],
        note: None,
        values: json!({
            "zeros": means.iter().map(|shares| &shares.zeros).collect::<Vec<_>>(),
            "logistic_near_half": means[LOGISTIC].near_half,
        }),
    }
}
