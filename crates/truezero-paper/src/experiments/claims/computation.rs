//! Zeros are cheap to compute with: multiply-adds are skipped, and time with them.

use std::time::Instant;

use serde_json::json;
use truezero::Network;
use truezero::layer::Activations;
use truezero_sparse::choose::Product;
use truezero_sparse::{Batch, DenseBatch, Engine, Inputs};

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, TANH, active, codes, dense};
use super::claim::{Claim, Verdict};
use crate::result::{Axis, BarSeries, Bars, Plot};

/// Whether products skip the zeros of what enters them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zeros {
    Skipped,
    Multiplied,
}

/// Multiply-adds of an example in each layer, the output layer last, if zeros are skipped: the mean over
/// some inputs of (values that are not zero) × units.
pub(super) fn needed(network: &Network, inputs: &Batch) -> Vec<f64> {
    let examples = inputs.examples().max(1) as f64;
    let below = [dense(inputs)].into_iter().chain(codes(network, inputs));
    let count = |x: &DenseBatch| (0..x.examples()).map(|example| active(x.row(example))).sum::<usize>();
    below.zip(&network.layers).map(|(x, layer)| (count(&x) * layer.units()) as f64 / examples).collect()
}

/// Multiply-adds of an example in each layer, the output layer last, if none is skipped.
pub(super) fn all(network: &Network) -> Vec<f64> {
    network.layers.iter().map(|layer| (layer.inputs() * layer.units()) as f64).collect()
}

pub(super) fn measure(bench: &Bench<'_>) -> Claim {
    let sums = bench.subjects.each_ref().map(|subject| needed(&subject.network, &bench.sample.inputs));
    let total = |layers: &[f64]| layers.iter().sum::<f64>();
    let network = &bench.subjects[RECTIFIER].network;
    let every = all(network);
    let (examples, blocks) = bench.sizes.timing;
    let mut timings: Vec<Timing<'_>> = bench
        .subjects
        .iter()
        .map(|subject| (&subject.network, Zeros::Skipped))
        .chain([(network, Zeros::Multiplied)])
        .map(|(network, zeros)| Timing::new(network, &bench.sample.inputs, zeros, examples))
        .collect();
    // In turn, so that whatever else the machine does meets all of them.
    for _ in 0..=blocks {
        timings.iter_mut().for_each(Timing::pass);
    }
    let times: Vec<f64> = timings.into_iter().map(Timing::median).collect();
    let unskipped = times[ACTIVATIONS.len()];

    let figures = [0, 1, 2, 3].map(|at| format!("{:.2} / {:.0}", total(&sums[at]) / 1e6, 1e6 * times[at]));
    let share = total(&sums[RECTIFIER]) / total(&every);
    let saved = unskipped / times[RECTIFIER];
    let verdict = Verdict::of(
        share < 1.0 && total(&sums[RECTIFIER]) < total(&sums[TANH]),
        saved > 1.0 && times[RECTIFIER] < times[TANH],
        format!(
            "{:.1} % of the network's multiply-adds are left, and an example takes {:.1} µs against {:.1} with every \
             zero multiplied ({saved:.2} times faster) and {:.1} through the tanh network ({:.2} times)",
            100.0 * share,
            1e6 * times[RECTIFIER],
            1e6 * unskipped,
            1e6 * times[TANH],
            times[TANH] / times[RECTIFIER],
        ),
    );
    let series = |name: &str, layers: &[f64]| BarSeries {
        name: name.to_owned(),
        values: layers.iter().map(|count| count / 1e6).collect(),
        errors: Vec::new(),
    };
    let mut categories: Vec<String> = (1..every.len()).map(|layer| format!("hidden {layer}")).collect();
    categories.push("outputs".to_owned());
    Claim {
        name: "computation",
        statement: "Computing with sparse codes is cheap, for zeros are skipped.",
        measure: format!(
            "millions of multiply-adds of an input, of {:.2} in all / µs (one thread, one input at a time)",
            total(&every) / 1e6
        ),
        figures,
        curve: ("rectifier, multiply-adds by layer", sums[RECTIFIER].clone()),
        verdict,
        plots: vec![Plot::Bars(Bars {
            title: "Multiply-adds of an input".to_owned(),
            x: "layer".to_owned(),
            y: Axis::new("millions"),
            categories,
            series: vec![
                series("nothing skipped", &every),
                series(&ACTIVATIONS[TANH].to_string(), &sums[TANH]),
                series(&ACTIVATIONS[RECTIFIER].to_string(), &sums[RECTIFIER]),
            ],
        })],
        note: Some(format!(
            "multiply-adds are counted exactly, from the values that are not zero; every network skips the zeros of \
             the inputs. Times are medians of {blocks} passes over {examples} inputs, the networks taking turns, on the machine as it was"
        )),
        values: json!({
            "needed": sums, "all": every, "seconds": times[..ACTIVATIONS.len()],
            "seconds_nothing_skipped": unskipped,
        }),
    }
}

/// Examples that pass alone through a network on one thread, and how long they took.
struct Timing<'a> {
    network: &'a Network,
    zeros: Zeros,
    engine: Engine,
    examples: Vec<Batch>,
    buffers: Vec<Activations>,
    /// Seconds of an example, one value for each time that all passed.
    seconds: Vec<f64>,
}

impl<'a> Timing<'a> {
    fn new(network: &'a Network, inputs: &Batch, zeros: Zeros, examples: usize) -> Self {
        let alone = (0..examples.min(inputs.examples())).map(|example| {
            let mut one = Batch::Dense(DenseBatch::default());
            one.copy_from(inputs, &[example]);
            if zeros == Zeros::Multiplied { Batch::Dense(dense(&one)) } else { one }
        });
        Self {
            network,
            zeros,
            engine: Engine::new(1),
            examples: alone.collect(),
            buffers: vec![Activations::default(); network.layers.len()],
            seconds: Vec::new(),
        }
    }

    fn pass(&mut self) {
        let started = Instant::now();
        for one in &self.examples {
            forward(self.network, &mut self.engine, one, self.zeros, &mut self.buffers);
        }
        self.seconds.push(started.elapsed().as_secs_f64() / self.examples.len().max(1) as f64);
    }

    /// Of all passes but the first, in which memory was allocated.
    fn median(mut self) -> f64 {
        let seconds = &mut self.seconds[1..];
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    }
}

fn forward(network: &Network, engine: &mut Engine, inputs: &Batch, zeros: Zeros, pass: &mut [Activations]) {
    for (index, layer) in network.layers.iter().enumerate() {
        let (below, out) = pass.split_at_mut(index);
        let x = match (below.last(), zeros) {
            (None, _) => inputs.view(),
            (Some(below), Zeros::Skipped) => below.inputs(Product::Forward),
            (Some(below), Zeros::Multiplied) => Inputs::Dense(below.dense()),
        };
        layer.activate(engine, x, &mut out[0]);
    }
}
