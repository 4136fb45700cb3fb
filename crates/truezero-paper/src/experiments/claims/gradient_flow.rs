//! Gradients flow along active paths, and do not vanish through saturation.

use serde_json::json;
use truezero::{Examples, Network, TrainingOptions};
use truezero_sparse::Engine;

use super::bench::{ACTIVATIONS, Bench, LOGISTIC, RECTIFIER, TANH};
use super::claim::{Claim, Verdict};
use crate::error::Error;
use crate::result::{Axis, Chart, Plot, Series, Style};
use crate::runner::Spec;

/// Training examples of whose mean cost the gradient is taken.
const EXAMPLES: usize = 200;
/// A gradient that loses less than this between the shallowest and the deepest network flows.
const KEPT: f64 = 0.1;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let (units, depths) = &bench.sizes.depths;
    let seed = bench.runner.settings.seed;
    let specs: Vec<Spec> = ACTIVATIONS
        .into_iter()
        .flat_map(|activation| depths.iter().map(move |&depth| (activation, depth)))
        .map(|(activation, depth)| {
            let options = TrainingOptions {
                hidden: vec![*units; depth],
                activation: vec![activation],
                l1: 0.0,
                epochs: 1,
                seed,
                ..TrainingOptions::default()
            };
            Spec { options, keep: true, ..Spec::default() }
        })
        .collect();
    let trained = bench.runner.train(&bench.split, &specs)?;
    let rows = &bench.split.train[..EXAMPLES.min(bench.split.train.len())];
    let examples = Examples { data: &bench.split.data, rows };
    // For each network, before and after: the norm in each layer.
    let norms = bench.runner.parallel(specs.len(), |at| {
        let options = &specs[at].options;
        let before = bench.untrained(&options.hidden, options.activation[0], seed);
        let after = trained[at].network.as_ref().expect("a network that was to be kept");
        Ok([&before, after].map(|network| gradient_norms(network, examples)))
    })?;
    let by_activation: Vec<&[[Vec<f64>; 2]]> = norms.chunks(depths.len()).collect();
    let ratio = |at: usize, depth: usize, when: usize| lowest_to_top(&by_activation[at][depth][when]);
    let deepest = depths.len() - 1;
    let kept = |at: usize, when: usize| ratio(at, deepest, when) / ratio(at, 0, when);
    let least = |at: usize| kept(at, 0).min(kept(at, 1));

    let figures =
        [0, 1, 2, 3].map(|at| format!("{} / {}", short(ratio(at, deepest, 0)), short(ratio(at, deepest, 1))));
    let verdict = Verdict::of(
        least(RECTIFIER) >= KEPT && least(RECTIFIER) > least(LOGISTIC),
        least(RECTIFIER) >= least(TANH),
        format!(
            "from {} to {} hidden layers the ratio of the lowest layer's gradient to the top's changes by a factor of \
             {} at initialisation and {} after an epoch with rectifiers, of {} and {} with tanh, of {} and {} with \
             logistic units",
            depths[0],
            depths[deepest],
            short(kept(RECTIFIER, 0)),
            short(kept(RECTIFIER, 1)),
            short(kept(TANH, 0)),
            short(kept(TANH, 1)),
            short(kept(LOGISTIC, 0)),
            short(kept(LOGISTIC, 1)),
        ),
    );
    let by_depth = |title: &str, when: usize| {
        chart(title, "hidden layers", "gradient norm, lowest layer / output layer", |at| {
            depths
                .iter()
                .enumerate()
                .map(|(depth, &layers)| [layers as f64, ratio(at, depth, when)])
                .collect()
        })
    };
    let by_layer = chart(
        &format!("Gradient in each layer of networks of {} hidden layers, untrained", depths[deepest]),
        "layer (the last: outputs)",
        "gradient norm",
        |at| {
            let norms = by_activation[at][deepest][0].iter().enumerate();
            norms.map(|(layer, &norm)| [layer as f64 + 1.0, norm]).collect()
        },
    );
    let curve = (0..depths.len()).map(|depth| ratio(RECTIFIER, depth, 0)).collect();
    Ok(Claim {
        name: "gradient_flow",
        statement: "Gradients flow along active paths: they do not vanish with depth, as through saturated units.",
        measure: format!(
            "gradient norm of the lowest layer divided by the output layer's, {} hidden layers: untrained / after an epoch",
            depths[deepest]
        ),
        figures,
        curve: ("rectifier, untrained, by depth", curve),
        verdict,
        plots: vec![
            by_depth("Gradient at the bottom against depth, untrained", 0),
            by_depth("Gradient at the bottom against depth, after an epoch", 1),
            by_layer,
        ],
        note: Some(format!(
            "networks of {units} units in each hidden layer, rate 0.1, no penalty; norms of the gradient of the mean \
             cost of {} training examples, weights and biases together",
            rows.len()
        )),
        values: json!({ "depths": depths, "norms_before_and_after": by_activation }),
    })
}

fn gradient_norms(network: &Network, examples: Examples<'_>) -> Vec<f64> {
    network.gradient_norms(&mut Engine::new(1), examples)
}

/// The gradient's norm in the lowest layer, divided by that in the output layer.
pub(super) fn lowest_to_top(norms: &[f64]) -> f64 {
    norms[0] / norms[norms.len() - 1]
}

/// With two decimals, or in powers of ten where it is small.
fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 { format!("{value:.0e}") } else { format!("{value:.2}") }
}

/// A curve for each activation. What is exactly zero has no place on a logarithmic axis and is left out.
fn chart(title: &str, x: &str, y: &str, points: impl Fn(usize) -> Vec<[f64; 2]>) -> Plot {
    let series = ACTIVATIONS.iter().enumerate().map(|(at, activation)| Series {
        name: activation.to_string(),
        points: points(at).into_iter().filter(|[_, y]| *y > 0.0 && y.is_finite()).collect(),
        style: Style::LineAndPoints,
        ..Series::default()
    });
    Plot::Chart(Chart {
        title: title.to_owned(),
        x: Axis::new(x),
        y: Axis { log: true, ..Axis::new(y) },
        series: series.collect(),
        marks: Vec::new(),
    })
}
