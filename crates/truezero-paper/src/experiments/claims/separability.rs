//! Sparse codes are more likely to be linearly separable.

use serde_json::json;
use truezero::{Network, TrainingOptions};
use truezero_data::Dataset;
use truezero_sparse::Batch;

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, codes};
use super::claim::{Claim, Verdict, chance, percent};
use crate::data::Split;
use crate::error::Error;
use crate::experiments::setting::list;
use crate::result::{Axis, Chart, Plot, Series, Style};
use crate::runner::{Spec, Trained};
use crate::significance::{LEVEL, among_best, mcnemar};

/// Learning rates of a probe, of which the one with the least validation error is taken.
const RATES: [f32; 3] = [0.01, 0.1, 0.3];
/// Training examples of a probe for each one that its learning rate is chosen by.
const VALIDATION_SHARE: usize = 4;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let (examples, _) = bench.sizes.probe;
    let train = examples.min(bench.split.train.len());
    let validation = bench.split.validation.iter().take((train / VALIDATION_SHARE).max(1));
    let rows: Vec<usize> = bench.split.train[..train].iter().chain(validation).copied().collect();
    let raw = Split {
        name: format!("{}-raw", bench.split.name),
        data: bench.split.data.select(&rows),
        train: (0..train).collect(),
        validation: (train..rows.len()).collect(),
        preprocessing: None,
        ..bench.split.clone()
    };
    let base = probe(bench, &raw)?;
    let mut probes: Vec<Vec<Trained>> = Vec::new();
    for (activation, subject) in ACTIVATIONS.iter().zip(&bench.subjects) {
        let mut layers = Vec::new();
        let [data, test] = [&raw.data, &raw.test].map(|part| coded(&subject.network, part));
        for (layer, (data, test)) in data.into_iter().zip(test).enumerate() {
            let name = format!("{}-{activation}-layer{}", bench.split.name, layer + 1);
            layers.push(probe(bench, &Split { name, data, test, ..raw.clone() })?);
        }
        probes.push(layers);
    }

    let tops: Vec<&Trained> = probes.iter().map(|layers| layers.last().unwrap_or(&base)).collect();
    let figures = [0, 1, 2, 3].map(|at| percent(tops[at].test_error));
    let differ = |a: &Trained, b: &Trained| mcnemar(&[&a.wrong], &[&b.wrong]);
    let errors: Vec<f64> = tops.iter().map(|top| top.test_error).collect();
    let best = among_best(&errors, |a, b| differ(tops[a], tops[b]));
    let top = tops[RECTIFIER];
    let p = differ(top, &base);
    let verdict = Verdict::of(
        top.test_error < base.test_error && p < LEVEL,
        best[RECTIFIER],
        format!(
            "a linear probe errs on {} % of the test inputs from the top rectifier layer and on {} % from the inputs \
             themselves ({}); softplus, tanh and logistic give {} %, and the rectifier is {}among the best",
            percent(top.test_error),
            percent(base.test_error),
            chance(p),
            list(&errors[1..].iter().map(|&error| percent(error)).collect::<Vec<_>>()),
            if best[RECTIFIER] { "" } else { "not " }
        ),
    );
    let curve = |layers: &[Trained]| -> Vec<f64> {
        [&base].into_iter().chain(layers).map(|probe| 100.0 * probe.test_error).collect()
    };
    let series = ACTIVATIONS.iter().zip(&probes).map(|(activation, layers)| Series {
        name: activation.to_string(),
        points: curve(layers).into_iter().enumerate().map(|(layer, error)| [layer as f64, error]).collect(),
        style: Style::LineAndPoints,
        ..Series::default()
    });
    Ok(Claim {
        name: "separability",
        statement: "Sparse codes are more likely to be linearly separable.",
        measure: format!(
            "test error of a linear probe on the top layer, % (on the inputs themselves: {})",
            percent(base.test_error)
        ),
        figures,
        curve: ("rectifier, error by layer", curve(&probes[RECTIFIER])),
        verdict,
        plots: vec![Plot::Chart(Chart {
            title: "Linear probe on each layer".to_owned(),
            x: Axis::new("layer (0: the inputs)"),
            y: Axis::new("test error, %"),
            series: series.collect(),
            marks: Vec::new(),
        })],
        note: Some(format!(
            "softmax regression on the codes of {train} training examples, {} epochs, the best of the rates {RATES:?} \
             by validation error; the codes were trained for the same classes",
            bench.sizes.probe.1
        )),
        values: json!({
            "inputs": base.test_error,
            "layers": probes
                .iter()
                .map(|layers| layers.iter().map(|probe| probe.test_error).collect())
                .collect::<Vec<Vec<f64>>>(),
        }),
    })
}

/// The examples as each hidden layer codes them, lowest first.
fn coded(network: &Network, data: &Dataset) -> Vec<Dataset> {
    let code = |code| Dataset { inputs: Batch::Dense(code), targets: data.targets.clone(), weights: None };
    codes(network, &data.inputs).into_iter().map(code).collect()
}

/// The best linear model of some codes.
fn probe(bench: &Bench<'_>, split: &Split) -> Result<Trained, Error> {
    let specs = RATES.map(|learning_rate| {
        let options = TrainingOptions {
            hidden: Vec::new(),
            l1: 0.0,
            learning_rate: Some(learning_rate),
            epochs: bench.sizes.probe.1,
            seed: bench.runner.settings.seed,
            ..TrainingOptions::default()
        };
        Spec { options, ..Spec::default() }
    });
    let probes = bench.runner.train(split, &specs)?.into_iter();
    Ok(probes.min_by(|a, b| a.validation_error.total_cmp(&b.validation_error)).expect("at least one rate"))
}
