//! From inputs to answers: one pass of some examples through the layers of a model.

use std::ops::Range;

use truezero::layer::Activations;
use truezero_sparse::choose::Product;
use truezero_sparse::{Batch, DenseBatch, Engine};

use crate::servable::Servable;

/// What a model makes of the examples of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Computed {
    /// Probabilities, or quantities in the units of the data; no examples if there are only pre-trained layers.
    pub(crate) predictions: DenseBatch,
    /// Of the hidden layers asked for, in the order in which they were.
    pub(crate) codes: Vec<DenseBatch>,
    /// For each hidden layer, the active units of each example.
    pub(crate) active: Vec<Vec<u32>>,
}

/// Memory that is reused from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    layers: Vec<Activations>,
}

impl Scratch {
    /// How many activations it has room for.
    pub(crate) fn numbers(&self) -> usize {
        self.layers.iter().map(|layer| layer.dense().padded().len()).sum()
    }
}

/// Passes a batch through the layers. Each answer is of a part of the examples, with the codes it asks for.
///
/// An example's values do not depend on those it is computed with: the order of every sum is fixed.
pub(crate) fn compute(
    model: &Servable,
    engine: &mut Engine,
    scratch: &mut Scratch,
    inputs: &Batch,
    parts: &[(Range<usize>, &[usize])],
) -> Vec<Computed> {
    let layers = &mut scratch.layers;
    layers.resize_with(model.layers().len(), Activations::default);
    for (index, layer) in model.layers().iter().enumerate() {
        let (below, out) = layers.split_at_mut(index);
        let x = below.last().map_or(inputs.view(), |below| below.inputs(Product::Forward));
        layer.activate(engine, x, &mut out[0]);
    }
    let predictions = model.model().map(|model| {
        let mut outputs = layers[layers.len() - 1].dense().clone();
        model.network.cost.predict(&mut outputs);
        model.preprocessing.quantities(&outputs)
    });
    let answer = |(examples, codes): &(Range<usize>, &[usize])| {
        let rows: Vec<usize> = examples.clone().collect();
        let part = |of: &DenseBatch| {
            let mut part = DenseBatch::default();
            part.copy_from(of, &rows);
            part
        };
        let hidden = &layers[..model.hidden().len()];
        Computed {
            predictions: predictions.as_ref().map(part).unwrap_or_default(),
            codes: codes.iter().map(|&layer| part(hidden[layer].dense())).collect(),
            active: hidden.iter().map(|layer| active(layer, &rows)).collect(),
        }
    };
    parts.iter().map(answer).collect()
}

/// The number of active units of each example.
fn active(layer: &Activations, rows: &[usize]) -> Vec<u32> {
    let count = |&row: &usize| match layer.active() {
        Some(active) => active.example(row).0.len() as u32,
        None => layer.dense().row(row).iter().filter(|value| **value != 0.0).count() as u32,
    };
    rows.iter().map(count).collect()
}

impl Computed {
    /// Adds the examples of another answer of the same model to the same question.
    pub(crate) fn append(&mut self, other: Self) {
        append(&mut self.predictions, other.predictions);
        self.codes.resize_with(other.codes.len(), DenseBatch::default);
        for (codes, more) in self.codes.iter_mut().zip(other.codes) {
            append(codes, more);
        }
        self.active.resize_with(other.active.len(), Vec::new);
        for (active, more) in self.active.iter_mut().zip(other.active) {
            active.extend(more);
        }
    }
}

fn append(to: &mut DenseBatch, more: DenseBatch) {
    if to.examples() == 0 {
        *to = more;
    } else if more.examples() > 0 {
        let mut batch = Batch::Dense(std::mem::take(to));
        batch.append(&Batch::Dense(more));
        if let Batch::Dense(batch) = batch {
            *to = batch;
        }
    }
}
