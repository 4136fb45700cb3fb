//! Sparse codes are cheap to store: values and their locations.

use serde_json::json;

use super::bench::{Bench, RECTIFIER, active};
use super::claim::{Claim, Verdict};
use crate::experiments::setting::list;
use crate::result::{Axis, BarSeries, Bars, Plot};

/// Of an index, a value and an offset, as `truezero encode` writes them before compression.
const BYTES: usize = 4;

/// Bytes of codes as compressed sparse rows: an index and a value for each active value, an offset for each
/// example, and one more.
pub(super) fn sparse_bytes(active: usize, examples: usize) -> usize {
    2 * BYTES * active + BYTES * (examples + 1)
}

/// Bytes of codes as an array.
pub(super) fn dense_bytes(units: usize, examples: usize) -> usize {
    BYTES * units * examples
}

pub(super) fn measure(bench: &Bench<'_>) -> Claim {
    // For each network and layer, bytes sparse and dense.
    let bytes: Vec<Vec<[usize; 2]>> = bench
        .codes()
        .iter()
        .map(|layers| {
            let layer = |code: &truezero_sparse::DenseBatch| {
                let active = (0..code.examples()).map(|example| active(code.row(example))).sum();
                [sparse_bytes(active, code.examples()), dense_bytes(code.width(), code.examples())]
            };
            layers.iter().map(layer).collect()
        })
        .collect();
    let ratio = |[sparse, dense]: [usize; 2]| dense as f64 / sparse as f64;
    let total =
        |layers: &[[usize; 2]]| layers.iter().fold([0, 0], |sum, own| [sum[0] + own[0], sum[1] + own[1]]);
    let figures = [0, 1, 2, 3].map(|at| format!("{:.2}", ratio(total(&bytes[at]))));
    let own = &bytes[RECTIFIER];
    let ratios: Vec<f64> = own.iter().map(|&layer| ratio(layer)).collect();
    let verdict = Verdict::of(
        ratios.iter().all(|&ratio| ratio > 1.0),
        ratio(total(own)) > 1.0,
        format!(
            "the rectifier codes of layers 1 to {} take {} times fewer bytes than arrays; tanh codes, without a zero, \
             {:.2} times as many",
            ratios.len(),
            list(&ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>()),
            1.0 / ratio(total(&bytes[super::bench::TANH])),
        ),
    );
    let examples = bench.sample.examples().max(1) as f64;
    let series = |name: &str, form: usize| BarSeries {
        name: name.to_owned(),
        values: own.iter().map(|layer| layer[form] as f64 / examples).collect(),
        errors: Vec::new(),
    };
    Claim {
        name: "storage",
        statement: "Sparse codes are cheap to store: the values that are not zero, and where they are.",
        measure: "bytes of the codes as an array / as compressed sparse rows".to_owned(),
        figures,
        curve: ("rectifier, ratio by layer", ratios),
        verdict,
        plots: vec![Plot::Bars(Bars {
            title: "Bytes of the rectifier code of an input".to_owned(),
            x: "hidden layer".to_owned(),
            y: Axis::new("bytes"),
            categories: (1..=own.len()).map(|layer| layer.to_string()).collect(),
            series: vec![series("compressed sparse rows", 0), series("array", 1)],
        })],
        note: Some(
            "indices, values and offsets of 32 bits, as truezero encode writes them, before it compresses the file"
                .to_owned(),
        ),
        values: json!({ "bytes_sparse_and_dense": bytes, "examples": bench.sample.examples() }),
    }
}
