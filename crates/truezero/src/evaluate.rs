//! How well a network does on examples whose targets are known.

use truezero_data::{Dataset, Targets};
use truezero_sparse::{DenseBatch, Engine};

use crate::cost::Cost;
use crate::network::{EVALUATION_BATCH, Network};
use crate::observe::{LayerObservation, Observer};

/// Some examples of a data set, by their positions.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// The data set.
    pub data: &'a Dataset,
    /// Positions in it.
    pub rows: &'a [usize],
}

impl Examples<'_> {
    /// How many there are whose weight is above 0: what sums of costs are divided by. One of weight 0 is left out of each
    /// mini-batch and each mean cost, whatever it would cost.
    pub fn counted(&self) -> usize {
        match &self.data.weights {
            None => self.rows.len(),
            Some(weights) => self.rows.iter().filter(|&&row| weights[row] > 0.0).count(),
        }
    }
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Classification: fraction of examples classified wrong. Several labels: fraction of labels
    /// wrong. Quantities: root mean squared error over examples and outputs, in the units of the
    /// targets given.
    pub error: f64,
    /// Mean cost of an [example that counts](Examples::counted), without penalties.
    pub cost: f64,
    /// One per hidden layer.
    pub layers: Vec<LayerObservation>,
    /// How often each class or label occurs and is predicted.
    pub counts: Counts,
}

/// Classes or labels of examples, and what is predicted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Number of examples.
    pub examples: u64,
    /// One per class or label; none of quantities.
    pub each: Vec<ClassCount>,
}

/// How often a class or label occurs, and how often it is predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassCount {
    /// Examples that have it.
    pub actual: u64,
    /// Examples that it is predicted for.
    pub predicted: u64,
}

impl Network {
    /// Evaluates the network on examples.
    ///
    /// # Panics
    /// If the data does not [suit](Network::suits) the network.
    pub fn evaluate(&self, engine: &mut Engine, examples: Examples<'_>) -> Evaluation {
        let mut evaluator = Evaluator::default();
        evaluator.see(self, engine, examples);
        evaluator.finish()
    }
}

/// Evaluates a network on examples that come some at a time.
#[derive(Clone, Debug, Default)]
pub struct Evaluator {
    observer: Observer,
    wrong: f64,
    cost: f64,
    counts: Vec<ClassCount>,
    examples: usize,
    counted: usize,
    /// Whether what is wrong is a sum of squares, and the outputs of each example that are counted.
    squares: bool,
    outputs: usize,
}

impl Evaluator {
    /// So many examples, or a multiple, at a time give the very figures that all of them at once give: sums are those
    /// of mini-batches of this size.
    pub const BATCH: usize = EVALUATION_BATCH;

    /// Takes note of what the network, the same each time, does on more examples.
    ///
    /// # Panics
    /// If the data does not [suit](Network::suits) the network.
    pub fn see(&mut self, network: &Network, engine: &mut Engine, examples: Examples<'_>) {
        let Examples { data, rows } = examples;
        network.for_batches(engine, &data.inputs, rows, |engine, chunk, pass| {
            self.observer.see(pass);
            let outputs = pass.outputs_mut();
            self.wrong += errors(network.cost, outputs, &data.targets, chunk, &mut self.counts);
            let weights = data.weights.as_deref();
            self.cost += network.cost.cost_and_errors(engine, outputs, &data.targets, weights, chunk, 1.0);
        });
        self.examples += rows.len();
        self.counted += examples.counted();
        (self.squares, self.outputs) = match &data.targets {
            Targets::Classes { .. } => (false, 1),
            Targets::Labels(labels) => (false, labels.width()),
            Targets::Quantities(quantities) => (true, quantities.width()),
        };
    }

    /// What was found.
    pub fn finish(self) -> Evaluation {
        let count = self.examples.max(1) as f64;
        let share = self.wrong / (count * self.outputs.max(1) as f64);
        let error = if self.squares { share.sqrt() } else { share };
        let counts = Counts { examples: self.examples as u64, each: self.counts };
        let cost = self.cost / self.counted.max(1) as f64;
        Evaluation { error, cost, layers: self.observer.report(), counts }
    }
}

/// Classes wrong, labels wrong or squared distances, summed. Outputs are before the cost's
/// prediction, which changes neither the largest class nor the side of a half that a label is on. Classes and labels are
/// counted as well.
fn errors(
    cost: Cost,
    outputs: &DenseBatch,
    targets: &Targets,
    rows: &[usize],
    counts: &mut Vec<ClassCount>,
) -> f64 {
    let each = rows.iter().enumerate().map(|(at, &row)| (outputs.row(at), row));
    if !matches!(targets, Targets::Quantities(_)) {
        counts.resize(targets.outputs(), ClassCount::default());
    }
    match targets {
        Targets::Classes { labels, .. } => {
            let mut wrong = 0;
            for (o, row) in each {
                let (actual, predicted) = (labels[row] as usize, argmax(o));
                counts[actual].actual += 1;
                counts[predicted].predicted += 1;
                wrong += usize::from(actual != predicted);
            }
            wrong as f64
        }
        Targets::Labels(labels) => {
            let mut wrong = 0;
            for (o, row) in each {
                for ((o, y), count) in o.iter().zip(labels.row(row)).zip(&mut *counts) {
                    let (actual, predicted) = (*y > 0.5, *o > 0.0);
                    count.actual += u64::from(actual);
                    count.predicted += u64::from(predicted);
                    wrong += usize::from(actual != predicted);
                }
            }
            wrong as f64
        }
        Targets::Quantities(quantities) => each
            .flat_map(|(o, row)| o.iter().zip(quantities.row(row)))
            .map(|(o, y)| {
                let predicted = if cost == Cost::Poisson { f64::from(*o).exp() } else { f64::from(*o) };
                (predicted - f64::from(*y)).powi(2)
            })
            .sum(),
    }
}

/// Position of the largest value, the first among equals; 0 if there is none.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}
