//! Hard saturation at zero does no harm: softplus, which never saturates fully, gains nothing.

use serde_json::json;
use truezero::Examples;
use truezero_sparse::Engine;

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, SOFTPLUS};
use super::claim::{Claim, Verdict, chance, percent};
use crate::error::Error;
use crate::result::{Axis, BarSeries, Bars, Plot};
use crate::significance::{LEVEL, mcnemar};

/// The share of dead units up to which none to speak of are lost.
const FEW: f64 = 0.05;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let examples = Examples { data: &bench.split.data, rows: &bench.split.train };
    let dead: Vec<Vec<usize>> = bench.runner.parallel(ACTIVATIONS.len(), |at| {
        let layers = bench.subjects[at].network.evaluate(&mut Engine::new(1), examples).layers;
        Ok(layers.iter().map(|layer| layer.dead_units).collect())
    })?;
    let units: usize = bench.sizes.hidden.iter().sum();
    let sum = |at: usize| dead[at].iter().sum::<usize>();
    let trained = |at: usize| &bench.subjects[at].trained;
    let figures = [0, 1, 2, 3].map(|at| format!("{} / {}", sum(at), percent(trained(at).test_error)));
    let p = mcnemar(&[&trained(RECTIFIER).wrong], &[&trained(SOFTPLUS).wrong]);
    let worse = trained(RECTIFIER).test_error > trained(SOFTPLUS).test_error && p < LEVEL;
    let share = sum(RECTIFIER) as f64 / units as f64;
    let verdict = Verdict::of(
        !worse,
        share <= FEW,
        format!(
            "rectifiers err on {} % of the test inputs and softplus units on {} % ({}), and {} % of the \
             rectifiers are zero for every training input",
            percent(trained(RECTIFIER).test_error),
            percent(trained(SOFTPLUS).test_error),
            chance(p),
            percent(share)
        ),
    );
    let shares = |at: usize| -> Vec<f64> {
        dead[at]
            .iter()
            .zip(&bench.sizes.hidden)
            .map(|(&dead, &units)| 100.0 * dead as f64 / units as f64)
            .collect()
    };
    let series = [RECTIFIER, SOFTPLUS].map(|at| BarSeries {
        name: ACTIVATIONS[at].to_string(),
        values: shares(at),
        errors: Vec::new(),
    });
    Ok(Claim {
        name: "saturation",
        statement: "Hard saturation at zero does not hurt: few units die, and softplus is no better.",
        measure: format!("units of {units} that are zero for every training input / test error, %"),
        figures,
        curve: ("rectifier, dead units by layer", shares(RECTIFIER)),
        verdict,
        plots: vec![Plot::Bars(Bars {
            title: "Dead units after training".to_owned(),
            x: "hidden layer".to_owned(),
            y: Axis::new("units, %"),
            categories: (1..=bench.sizes.hidden.len()).map(|layer| layer.to_string()).collect(),
            series: series.to_vec(),
        })],
        note: None,
        values: json!({ "dead_units": dead, "units": bench.sizes.hidden, "p": p }),
    })
}
