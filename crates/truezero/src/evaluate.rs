//! How well a network does on examples whose targets are known.

use truezero_data::{Dataset, Targets};
use truezero_sparse::{DenseBatch, Engine};

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

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Classification: fraction of examples classified wrong. Several labels: fraction of labels
    /// wrong. Quantities: root mean squared error over examples and outputs, in the units of the
    /// targets given.
    pub error: f64,
    /// Mean cost of an example, without penalties.
    pub cost: f64,
    /// One per hidden layer.
    pub layers: Vec<LayerObservation>,
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
    examples: usize,
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
        network.for_batches(engine, &data.inputs, rows, |chunk, pass| {
            self.observer.see(pass);
            let outputs = pass.outputs_mut();
            self.wrong += errors(outputs, &data.targets, chunk);
            let weights = data.weights.as_deref();
            self.cost += network.cost.cost_and_errors(outputs, &data.targets, weights, chunk, 1.0);
        });
        self.examples += rows.len();
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
        Evaluation { error, cost: self.cost / count, layers: self.observer.report() }
    }
}

/// Classes wrong, labels wrong or squared distances, summed. Outputs are before the cost's
/// prediction, which changes neither the largest nor the sign.
fn errors(outputs: &DenseBatch, targets: &Targets, rows: &[usize]) -> f64 {
    let each = rows.iter().enumerate().map(|(at, &row)| (outputs.row(at), row));
    match targets {
        Targets::Classes { labels, .. } => {
            each.filter(|(o, row)| argmax(o) != labels[*row] as usize).count() as f64
        }
        Targets::Labels(labels) => each
            .flat_map(|(o, row)| o.iter().zip(labels.row(row)))
            .filter(|(o, y)| (**o > 0.0) != (**y > 0.5))
            .count() as f64,
        Targets::Quantities(quantities) => each
            .flat_map(|(o, row)| o.iter().zip(quantities.row(row)))
            .map(|(o, y)| (f64::from(*o) - f64::from(*y)).powi(2))
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
