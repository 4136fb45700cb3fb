//! Few units are active per input, as in cortex.

use serde_json::json;
use truezero::Examples;
use truezero::observe::{HISTOGRAM_BINS, LayerObservation};
use truezero_sparse::Engine;

use super::bench::{Bench, LOGISTIC, RECTIFIER};
use super::claim::{Claim, Verdict, percent};
use crate::published::CORTEX_ACTIVE;
use crate::result::{Axis, Chart, Mark, Plot, Series, Style};

/// The share of logistic units' full rate at rest: fewer active than this is nearer to cortex.
const LOGISTIC_SHARE: f64 = 0.5;

pub(super) fn measure(bench: &Bench<'_>) -> Claim {
    let rows: Vec<usize> = (0..bench.split.test.examples()).collect();
    let examples = Examples { data: &bench.split.test, rows: &rows };
    let observed: Vec<Vec<LayerObservation>> = bench
        .subjects
        .iter()
        .map(|subject| subject.network.evaluate(&mut Engine::new(1), examples).layers)
        .collect();
    let mean = |layers: &[LayerObservation], value: fn(&LayerObservation) -> f64| {
        layers.iter().map(value).sum::<f64>() / layers.len() as f64
    };
    let shares: Vec<f64> = observed.iter().map(|layers| mean(layers, |layer| 1.0 - layer.sparsity)).collect();
    let rate = mean(&observed[LOGISTIC], |layer| layer.mean_activation);
    let figures = [0, 1, 2, 3].map(|at| percent(shares[at]));
    let share = shares[RECTIFIER];
    let [least, most] = CORTEX_ACTIVE.map(|(figure, _)| figure);
    let verdict = Verdict::of(
        share <= most / 100.0,
        share < LOGISTIC_SHARE,
        format!(
            "{} % of the rectifiers are active for an input, {:.1} times the {most:.0} % that cortex has at most; \
             logistic units are never silent and give {} % of their full rate on average",
            percent(share),
            100.0 * share / most,
            percent(rate)
        ),
    );
    let histogram = |layer: &LayerObservation| -> Vec<f64> {
        let all = layer.active_histogram.iter().sum::<u64>().max(1) as f64;
        layer.active_histogram.iter().map(|&count| 100.0 * count as f64 / all).collect()
    };
    let width = 100.0 / HISTOGRAM_BINS as f64;
    let series = observed[RECTIFIER].iter().enumerate().map(|(at, layer)| Series {
        name: format!("hidden layer {}", at + 1),
        points: (0..HISTOGRAM_BINS)
            .map(|bin| (bin as f64 + 0.5) * width)
            .zip(histogram(layer))
            .map(Into::into)
            .collect(),
        style: Style::LineAndPoints,
        ..Series::default()
    });
    let marks = [(least, "cortex, least"), (most, "cortex, most")];
    let curve = (0..HISTOGRAM_BINS).map(|bin| {
        observed[RECTIFIER].iter().map(|layer| histogram(layer)[bin]).sum::<f64>() / shares.len() as f64
    });
    Claim {
        name: "active_share",
        statement: "Few units are active per input, nearer to the 1–4 % of cortex than the 50 % of logistic units.",
        measure: "units active per test input, %".to_owned(),
        figures,
        curve: ("rectifier, inputs by share active", curve.collect()),
        verdict,
        plots: vec![Plot::Chart(Chart {
            title: "How many rectifiers an input makes active".to_owned(),
            x: Axis { range: Some([0.0, 100.0]), ..Axis::new("units active, %") },
            y: Axis::new("test inputs, %"),
            series: series.collect(),
            marks: marks.map(|(x, label)| Mark { x, label: label.to_owned() }).to_vec(),
        })],
        note: None,
        values: json!({ "active_share": shares, "logistic_mean_output": rate }),
    }
}
