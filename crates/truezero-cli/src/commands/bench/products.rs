//! Each product of a model on its own, on real mini-batches, and how near it comes to its bound.
//!
//! Products are timed in the order of a training step, layer by layer up and then down, so that caches
//! are in the state in which a step finds them. The weights stay as they are: updates go by a rate too
//! small to move them.

use std::time::{Duration, Instant};

use serde::Serialize;
use truezero::{Network, Pass};
use truezero_sparse::choose::Product;
use truezero_sparse::{ActiveBatch, Batch, DenseBatch, Engine, Inputs, padded};

use super::blocks::median;
use super::bound::Need;
use super::machine::Machine;

/// A rate that moves no weight: a step by it is rounded away.
const RATE: f32 = 1e-20;
/// Errors of the outputs, of about the size they have in training.
const ERROR: f32 = 0.01;
/// The warm-up, as a part of the time.
const WARM_UP: u32 = 4;

/// How fast a product is.
#[derive(Serialize)]
pub struct Report {
    /// Counted from 1; the last one is the output layer.
    pub layer: usize,
    pub product: &'static str,
    /// `sparse` or `dense`: whether zeros are skipped.
    pub branch: &'static str,
    /// Fraction of its inputs that are active.
    pub density: f64,
    /// Weight rows that a mini-batch needs.
    pub touched_rows: f64,
    /// Of a mini-batch.
    pub multiply_adds: f64,
    /// Median over the mini-batches.
    pub microseconds: f64,
    pub multiply_adds_per_second: f64,
    /// What bounds it: arithmetic, or a level of memory.
    pub bound: String,
    pub bound_multiply_adds_per_second: f64,
    /// Of the bound that is reached.
    pub fraction: f64,
}

/// What was seen of a product.
struct Tally {
    layer: usize,
    product: &'static str,
    branch: &'static str,
    need: Need,
    density: f64,
    rows: f64,
    seconds: Vec<f64>,
}

/// Times all products, those forward only or those of training as well.
pub fn measure(
    network: &Network,
    engine: &mut Engine,
    batches: &[Batch],
    trains: bool,
    machine: &Machine,
    time: Duration,
) -> Vec<Report> {
    let mut steps = Steps::new(network.clone());
    let mut tallies = steps.tallies(engine, batches, trains);
    let begin = Instant::now();
    let warm = begin + time / WARM_UP;
    let end = warm + time;
    for (count, batch) in batches.iter().cycle().enumerate() {
        let seconds = steps.step(engine, batch, trains);
        let now = Instant::now();
        if count == 0 || now < warm {
            continue;
        }
        for (tally, seconds) in tallies.iter_mut().zip(seconds) {
            tally.seconds.push(seconds);
        }
        if now >= end {
            break;
        }
    }
    let bytes = 4 * network.layers.iter().map(|layer| layer.weights.packed().len()).sum::<usize>();
    tallies.into_iter().map(|tally| tally.report(machine, bytes)).collect()
}

/// Steps on a copy of a network, product by product.
struct Steps {
    network: Network,
    pass: Pass,
    out: DenseBatch,
    /// Of the outputs of the present layer, and of its inputs.
    delta: DenseBatch,
    below: DenseBatch,
}

impl Steps {
    fn new(network: Network) -> Self {
        let [out, delta, below] = [(); 3].map(|()| DenseBatch::default());
        Self { network, pass: Pass::default(), out, delta, below }
    }

    /// Seconds of each product: forward, lowest layer first, and then if it `trains` backward and
    /// update, highest layer first.
    fn step(&mut self, engine: &mut Engine, batch: &Batch, trains: bool) -> Vec<f64> {
        let Self { network, pass, out, delta, below } = self;
        let mut seconds = Vec::new();
        network.forward(engine, batch.view(), pass);
        for (index, layer) in network.layers.iter().enumerate() {
            let x = inputs(pass, batch, index, Product::Forward);
            seconds.push(timed(|| engine.forward(x, &layer.weights, &layer.bias, out)));
        }
        if !trains {
            return seconds;
        }
        delta.reset(batch.examples(), network.outputs());
        for example in 0..batch.examples() {
            for (at, error) in delta.row_mut(example).iter_mut().enumerate() {
                *error = if (at + example) % 2 == 0 { ERROR } else { -ERROR };
            }
        }
        for (index, layer) in network.layers.iter_mut().enumerate().rev() {
            let x = inputs(pass, batch, index, Product::Backward);
            let weights = &mut layer.weights;
            if index == 0 {
                seconds.push(timed(|| engine.sgd(x, weights, delta, RATE)));
                continue;
            }
            seconds.push(timed(|| engine.backward_sgd(x, weights, delta, RATE, below)));
            if let Some(active) = pass.layers()[index - 1].active() {
                keep_active(below, active);
            }
            std::mem::swap(delta, below);
        }
        seconds
    }

    /// The products in the order of [`step`](Self::step), with the mean of what mini-batches need.
    fn tallies(&mut self, engine: &mut Engine, batches: &[Batch], trains: bool) -> Vec<Tally> {
        let layers = self.network.layers.len();
        let forward = (0..layers).map(|index| (index, Product::Forward));
        let backward = (0..layers).rev().map(|index| (index, Product::Backward)).filter(|_| trains);
        let new = |(index, product): (usize, Product)| Tally {
            layer: index + 1,
            product: match product {
                Product::Forward => "forward",
                Product::Backward if index == 0 => "update",
                Product::Backward => "backward and update",
            },
            branch: "sparse",
            need: Need { updates: product == Product::Backward, ..Need::default() },
            density: 0.0,
            rows: 0.0,
            seconds: Vec::new(),
        };
        let products: Vec<_> = forward.chain(backward).collect();
        let mut tallies: Vec<Tally> = products.iter().copied().map(new).collect();
        let (mut rows, share) = (Vec::new(), (batches.len() as f64).recip());
        for batch in batches {
            self.network.forward(engine, batch.view(), &mut self.pass);
            for (tally, &(index, product)) in tallies.iter_mut().zip(&products) {
                let x = inputs(&self.pass, batch, index, product);
                let weights = &self.network.layers[index].weights;
                engine.touched_rows(x, &mut rows);
                let cells = x.examples() * x.width();
                let (branch, values) = match x {
                    Inputs::Active(x) => ("sparse", x.active()),
                    Inputs::Dense(_) => ("dense", cells),
                };
                tally.branch = branch;
                let pairs = if tally.product == "backward and update" { 2 } else { 1 };
                tally.need.multiply_adds += share * (pairs * values * weights.outputs()) as f64;
                tally.need.weights += share * (rows.len() * padded(weights.outputs())) as f64;
                tally.density += share * values as f64 / cells.max(1) as f64;
                tally.rows += share * rows.len() as f64;
            }
        }
        tallies
    }
}

impl Tally {
    fn report(self, machine: &Machine, bytes: usize) -> Report {
        let (seconds, bound) = (median(&self.seconds), self.need.bound(machine, bytes));
        Report {
            layer: self.layer,
            product: self.product,
            branch: self.branch,
            density: self.density,
            touched_rows: self.rows,
            multiply_adds: self.need.multiply_adds,
            microseconds: 1e6 * seconds,
            multiply_adds_per_second: self.need.multiply_adds / seconds,
            bound: bound.by,
            bound_multiply_adds_per_second: self.need.multiply_adds / bound.seconds,
            fraction: bound.seconds / seconds,
        }
    }
}

/// What a layer gets from below.
fn inputs<'a>(pass: &'a Pass, batch: &'a Batch, index: usize, product: Product) -> Inputs<'a> {
    match index.checked_sub(1) {
        Some(below) => pass.layers()[below].inputs(product),
        None => batch.view(),
    }
}

/// Sets to zero what is not active, as rectifiers do to the errors that come from above.
fn keep_active(errors: &mut DenseBatch, active: &ActiveBatch) {
    for example in 0..errors.examples() {
        let row = errors.row_mut(example);
        let mut next = 0;
        for &unit in active.example(example).0 {
            row[next..unit as usize].fill(0.0);
            next = unit as usize + 1;
        }
        row[next..].fill(0.0);
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let before = Instant::now();
    work();
    before.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    use truezero::{Activation, Architecture, Cost, Initialisation};

    fn network() -> Network {
        let architecture = Architecture {
            inputs: 3,
            hidden: vec![20, 7],
            outputs: 2,
            activations: vec![Activation::Rectifier; 2],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        Network::random(&architecture, Cost::SoftmaxCrossEntropy, 1)
    }

    fn batch() -> Batch {
        let mut batch = ActiveBatch::new(3);
        batch.push([(0, 1.0), (2, 2.0)]);
        batch.push([(0, 1.0)]);
        Batch::Active(batch)
    }

    #[test]
    fn what_products_need_is_counted() {
        let (mut steps, mut engine) = (Steps::new(network()), Engine::new(1));
        let tallies = steps.tallies(&mut engine, &[batch(), batch()], true);
        let products: Vec<_> = tallies.iter().map(|tally| (tally.layer, tally.product)).collect();
        let [down, up] = ["backward and update", "forward"];
        assert_eq!(products, [(1, up), (2, up), (3, up), (3, down), (2, down), (1, "update")]);
        let (first, last) = (&tallies[0], &tallies[5]);
        // Three active values, 20 units, two rows of 32 weights with the padding.
        assert_eq!(first.need, Need { multiply_adds: 60.0, weights: 64.0, updates: false });
        assert_eq!(last.need, Need { multiply_adds: 60.0, weights: 64.0, updates: true });
        assert_eq!((first.density, first.rows), (0.5, 2.0));
        assert_eq!(tallies[3].need.multiply_adds, 2.0 * tallies[2].need.multiply_adds);
        assert_eq!(steps.tallies(&mut engine, &[batch()], false).len(), 3);
    }

    #[test]
    fn steps_leave_the_weights_alone_and_errors_zero_where_units_are() {
        let (mut steps, mut engine) = (Steps::new(network()), Engine::new(1));
        assert_eq!(steps.step(&mut engine, &batch(), true).len(), 6);
        assert_eq!(steps.network, network());
        let active = steps.pass.layers()[0].active().unwrap();
        let delta = &steps.delta; // of the lowest layer
        for example in 0..2 {
            let nonzero: Vec<u32> =
                (0..20).filter(|&unit| delta.row(example)[unit as usize] != 0.0).collect();
            assert!(!nonzero.is_empty());
            assert!(nonzero.iter().all(|unit| active.example(example).0.contains(unit)));
        }
    }
}
