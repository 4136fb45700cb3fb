//! The norm of a layer's gradient, row by row: the gradient is never stored.

use std::sync::{Mutex, PoisonError};

use truezero_sparse::choose::Product;
use truezero_sparse::{Batch, DenseBatch, Engine, Inputs, PackedWeights};

use crate::evaluate::Examples;
use crate::layer::Activations;
use crate::network::Network;

impl Network {
    /// The norm, in each layer, of the gradient of the mean cost of some examples (without penalties),
    /// weights and biases together; lowest layer first, the output layer last. The examples pass together.
    ///
    /// # Panics
    /// If the data does not [suit](Network::suits) the network.
    pub fn gradient_norms(&self, engine: &mut Engine, examples: Examples<'_>) -> Vec<f64> {
        let Examples { data, rows } = examples;
        let mut inputs = Batch::Dense(DenseBatch::default());
        inputs.copy_from(&data.inputs, rows);
        let mut pass: Vec<Activations> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let x = pass.last().map_or(inputs.view(), |below| below.inputs(Product::Forward));
            let mut out = Activations::default();
            layer.forward(engine, x, index < self.hidden().len(), &mut out);
            pass.push(out);
        }
        let (mut delta, mut below) = (DenseBatch::default(), DenseBatch::default());
        std::mem::swap(&mut delta, pass[self.hidden().len()].dense_mut());
        let scale = (rows.len().max(1) as f32).recip();
        self.cost.cost_and_errors(&mut delta, &data.targets, data.weights.as_deref(), rows, scale);
        let mut norms = vec![0.0; self.layers.len()];
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let x = index.checked_sub(1).map_or(inputs.view(), |at| pass[at].inputs(Product::Backward));
            let mut shape = PackedWeights::zeros(layer.inputs(), layer.units());
            norms[index] = squared_norm(engine, x, &delta, &mut shape).sqrt();
            if let Some(at) = index.checked_sub(1) {
                engine.backward(x, &layer.weights, &delta, &mut below);
                self.layers[at].backward(engine, &pass[at], 0.0, &mut below);
                std::mem::swap(&mut delta, &mut below);
            }
        }
        norms
    }
}

/// ‖Xᵀ Δ‖² plus, for the biases, ‖Σ_s δ_s‖², for the inputs X and errors Δ of a mini-batch. The
/// weights give the shape; they are not changed.
pub(crate) fn squared_norm(
    engine: &mut Engine,
    x: Inputs<'_>,
    delta: &DenseBatch,
    weights: &mut PackedWeights,
) -> f64 {
    let squares = Mutex::new(Vec::new());
    engine.for_touched_rows(x, delta, [weights], |_, gradient, [_]| {
        squares.lock().unwrap_or_else(PoisonError::into_inner).push(square(gradient));
    });
    let mut squares = squares.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut bias = Vec::new();
    delta.column_sums(&mut bias);
    squares.push(square(&bias));
    // Threads bring the rows in any order; sorted, their sum is the same to the bit.
    squares.sort_unstable_by(f64::total_cmp);
    squares.iter().sum()
}

fn square(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value) * f64::from(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use truezero_sparse::ActiveBatch;

    #[test]
    fn norm_is_that_of_the_gradient() {
        let inputs = [[1.0, 0.0, 2.0], [0.0, 3.0, -1.0]];
        let errors = [[0.5, -1.0], [2.0, 0.0]];
        let mut expected = 0.0;
        for j in 0..2 {
            for i in 0..3 {
                expected += (0..2).map(|s| inputs[s][i] * errors[s][j]).sum::<f64>().powi(2);
            }
            expected += (errors[0][j] + errors[1][j]).powi(2);
        }
        let delta = DenseBatch::from_rows(2, &errors.concat().iter().map(|&e| e as f32).collect::<Vec<_>>());
        let plain: Vec<f32> = inputs.concat().iter().map(|&x| x as f32).collect();
        let dense = DenseBatch::from_rows(3, &plain);
        let mut active = ActiveBatch::new(3);
        active.push([(0, 1.0), (2, 2.0)]);
        active.push([(1, 3.0), (2, -1.0)]);
        let mut weights = PackedWeights::zeros(3, 2);
        for x in [Inputs::Dense(&dense), Inputs::Active(&active)] {
            let found = squared_norm(&mut Engine::new(1), x, &delta, &mut weights);
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
        assert_eq!(weights, PackedWeights::zeros(3, 2));
    }
}
