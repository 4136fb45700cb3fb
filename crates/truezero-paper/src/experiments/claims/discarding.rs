//! Distributed but sparse: codes survive the loss of a good share of their values.

use serde_json::json;
use truezero::layer::Activations;
use truezero::{Network, argmax};
use truezero_data::{Dataset, Targets};
use truezero_sparse::{Batch, DenseBatch, Engine, Inputs};

use super::bench::{ACTIVATIONS, Bench, RECTIFIER};
use super::claim::{Claim, Verdict, percent};
use super::random::Random;
use crate::error::Error;
use crate::experiments::setting::list;
use crate::result::{Axis, Chart, Plot, Series, Style};

/// Shares of the hidden values that are discarded.
pub(super) const SHARES: [f32; 8] = [0.0, 0.1, 0.25, 0.5, 0.75, 0.85, 0.9, 0.95];
/// Positions in [`SHARES`] of "a good share", and of a moderate one.
const GOOD: usize = 3;
const MODERATE: usize = 2;
/// The loss of accuracy that a code survives.
const LOSS: f64 = 0.05;
/// Examples that pass together.
const TOGETHER: usize = 250;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let seed = bench.runner.settings.seed;
    let shares = SHARES.len();
    let all = bench.runner.parallel(ACTIVATIONS.len() * shares, |job| {
        let network = &bench.subjects[job / shares].network;
        Ok(accuracy(network, &bench.split.test, SHARES[job % shares], seed))
    })?;
    let curves: Vec<&[f64]> = all.chunks(shares).collect();
    let loss = |at: usize, share: usize| curves[at][0] - curves[at][share];
    let figures = [0, 1, 2, 3].map(|at| percent(loss(at, GOOD)));
    let others: Vec<String> = (1..ACTIVATIONS.len()).map(|at| percent(loss(at, GOOD))).collect();
    let verdict = Verdict::of(
        loss(RECTIFIER, GOOD) <= LOSS,
        loss(RECTIFIER, MODERATE) <= LOSS,
        format!(
            "with {:.0} % of the values discarded the rectifier network loses {} points of accuracy, with {:.0} % {}; \
             softplus, tanh and logistic lose {} with {:.0} %",
            100.0 * SHARES[MODERATE],
            percent(loss(RECTIFIER, MODERATE)),
            100.0 * SHARES[GOOD],
            percent(loss(RECTIFIER, GOOD)),
            list(&others),
            100.0 * SHARES[GOOD],
        ),
    );
    let series = ACTIVATIONS.iter().zip(&curves).map(|(activation, curve)| Series {
        name: activation.to_string(),
        points: SHARES
            .iter()
            .zip(*curve)
            .map(|(&s, accuracy)| [100.0 * f64::from(s), 100.0 * accuracy])
            .collect(),
        style: Style::LineAndPoints,
        ..Series::default()
    });
    Ok(Claim {
        name: "discarding",
        statement: "Codes are distributed although sparse: a good share of the values can be discarded.",
        measure: format!(
            "points of test accuracy lost when {:.0} % of the values of every hidden layer are discarded",
            100.0 * SHARES[GOOD]
        ),
        figures,
        curve: ("rectifier, accuracy as more is discarded", curves[RECTIFIER].to_vec()),
        verdict,
        plots: vec![Plot::Chart(Chart {
            title: "Accuracy when values are discarded".to_owned(),
            x: Axis::new("values discarded in every hidden layer, %"),
            y: Axis::new("test accuracy, %"),
            series: series.collect(),
            marks: Vec::new(),
        })],
        note: Some(
            "each hidden value is set to 0 with the same probability, whether it was 0 or not; the others are not \
             scaled up, and no network was trained for it"
                .to_owned(),
        ),
        values: json!({ "discarded": SHARES, "accuracy": curves }),
    })
}

/// The fraction of examples classified right when each hidden value is set to 0 with a probability.
pub(super) fn accuracy(network: &Network, data: &Dataset, discarded: f32, seed: u64) -> f64 {
    let Targets::Classes { labels, .. } = &data.targets else { return 0.0 };
    let (mut engine, mut random) = (Engine::new(1), Random::new(seed));
    let (mut inputs, mut out) = (Batch::Dense(DenseBatch::default()), Activations::default());
    let rows: Vec<usize> = (0..data.examples()).collect();
    let mut right = 0;
    for chunk in rows.chunks(TOGETHER) {
        inputs.copy_from(&data.inputs, chunk);
        let mut kept: Option<DenseBatch> = None;
        for layer in network.hidden() {
            layer.activate(&mut engine, kept.as_ref().map_or(inputs.view(), Inputs::Dense), &mut out);
            let mut values = out.dense().clone();
            for example in 0..values.examples() {
                for value in values.row_mut(example) {
                    if random.uniform() < discarded {
                        *value = 0.0;
                    }
                }
            }
            kept = Some(values);
        }
        let top = kept.as_ref().map_or(inputs.view(), Inputs::Dense);
        network.output_layer().activate(&mut engine, top, &mut out);
        let outputs = out.dense();
        right += chunk
            .iter()
            .enumerate()
            .filter(|(at, row)| argmax(outputs.row(*at)) == labels[**row] as usize)
            .count();
    }
    right as f64 / rows.len().max(1) as f64
}
