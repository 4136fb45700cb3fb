//! The gradient of the mean cost of examples: its norm, row by row without ever storing it, and the gradient itself for those
//! who look at all examples at once.

use truezero_sparse::choose::Product;
use truezero_sparse::{Batch, DenseBatch, Engine, Inputs, LANES, Line, LineRule, PackedWeights};

use crate::evaluate::Examples;
use crate::layer::{Activations, Layer};
use crate::network::{EVALUATION_BATCH, Network};

/// A cost and what leads down from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Mean over the examples, without penalties.
    pub cost: f64,
    /// Its derivatives by the weights (inputs × units) and biases of each layer, lowest first.
    pub layers: Vec<(PackedWeights, Vec<f32>)>,
}

impl Network {
    /// The mean cost of some examples (without penalties), and its gradient. Weights of examples count in the sum, which
    /// is divided by the [number of examples](Examples::counted). Results are the same on any number of threads.
    ///
    /// # Panics
    /// If the data does not [suit](Network::suits) the network.
    pub fn gradient(&self, engine: &mut Engine, examples: Examples<'_>) -> Gradient {
        let Examples { data, rows } = examples;
        let zero =
            |layer: &Layer| (PackedWeights::zeros(layer.inputs(), layer.units()), vec![0.0; layer.units()]);
        let mut layers: Vec<_> = self.layers.iter().map(zero).collect();
        let count = examples.counted().max(1);
        let (mut cost, mut sums) = (0.0, Vec::new());
        for chunk in rows.chunks(EVALUATION_BATCH) {
            let examples = Examples { data, rows: chunk };
            cost += self.pass_back(engine, examples, (count as f32).recip(), |engine, index, x, delta| {
                let (weights, bias) = &mut layers[index];
                engine.update(x, delta, [weights], &Add);
                delta.column_sums(&mut sums);
                bias.iter_mut().zip(&sums).for_each(|(sum, g)| *sum += g);
            });
        }
        Gradient { cost: cost / count as f64, layers }
    }

    /// The norm, in each layer, of the gradient of the mean cost of some examples (without penalties),
    /// weights and biases together; lowest layer first, the output layer last. The examples pass together.
    ///
    /// # Panics
    /// If the data does not [suit](Network::suits) the network.
    pub fn gradient_norms(&self, engine: &mut Engine, examples: Examples<'_>) -> Vec<f64> {
        let mut norms = vec![0.0; self.layers.len()];
        let scale = (examples.counted().max(1) as f32).recip();
        self.pass_back(engine, examples, scale, |engine, index, x, delta| {
            norms[index] = squared_norm(engine, x, delta).sqrt();
        });
        norms
    }

    /// Passes examples through the network and their errors, times `scale`, back; shows for each layer, from the highest
    /// on, its inputs and the errors of its pre-activations. Gives the summed cost.
    fn pass_back(
        &self,
        engine: &mut Engine,
        Examples { data, rows }: Examples<'_>,
        scale: f32,
        mut see: impl FnMut(&mut Engine, usize, Inputs<'_>, &DenseBatch),
    ) -> f64 {
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
        let weights = data.weights.as_deref();
        let cost = self.cost.cost_and_errors(engine, &mut delta, &data.targets, weights, rows, scale);
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let x = index.checked_sub(1).map_or(inputs.view(), |at| pass[at].inputs(Product::Backward));
            see(engine, index, x, &delta);
            if let Some(at) = index.checked_sub(1) {
                engine.backward(x, &layer.weights, &delta, &mut below);
                self.layers[at].backward(engine, &pass[at], |_| 0.0, &mut below);
                std::mem::swap(&mut delta, &mut below);
            }
        }
        cost
    }
}

/// Adds gradients up.
struct Add;

impl LineRule<1> for Add {
    #[allow(clippy::inline_always, reason = "it becomes part of a kernel")]
    #[inline(always)]
    fn apply(&self, gradient: Line, [mut sum]: [Line; 1]) -> [Line; 1] {
        for lane in 0..LANES {
            sum[lane] += gradient[lane];
        }
        [sum]
    }
}

/// What the root of [`squared_norm`] is at most; cheap, and above it by more than rounding.
pub(crate) fn norm_bound(engine: &mut Engine, x: Inputs<'_>, delta: &DenseBatch) -> f64 {
    1.001 * engine.norm_bound(x, delta)
}

/// ‖Xᵀ Δ‖² plus, for the biases, ‖Σ_s δ_s‖², for the inputs X and errors Δ of a mini-batch.
pub(crate) fn squared_norm(engine: &mut Engine, x: Inputs<'_>, delta: &DenseBatch) -> f64 {
    let mut bias = Vec::new();
    delta.column_sums(&mut bias);
    engine.squared_norm(x, delta) + bias.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use truezero_data::{Dataset, Targets};
    use truezero_sparse::ActiveBatch;

    use super::*;
    use crate::activation::Activation;
    use crate::cost::Cost;
    use crate::layer::Initialisation;
    use crate::network::Architecture;

    #[test]
    fn gradient_is_that_of_finite_differences() {
        let rows: Vec<usize> = (0..40).collect();
        let inputs: Vec<f32> = (0..40 * 4).map(|k| (k * k % 13) as f32 * 0.1 - 0.6).collect();
        let data = Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(4, &inputs)),
            targets: Targets::Classes { labels: (0..40).map(|row| row % 3).collect(), classes: 3 },
            weights: Some((0..40).map(|row| (row % 4) as f32 * 0.5).collect()),
        };
        let architecture = Architecture {
            inputs: 4,
            hidden: vec![5],
            outputs: 3,
            activations: vec![Activation::Tanh],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        let network = Network::random(&architecture, Cost::SoftmaxCrossEntropy, 1);
        let examples = Examples { data: &data, rows: &rows };
        let found = network.gradient(&mut Engine::new(2), examples);
        assert_eq!(found, network.gradient(&mut Engine::new(1), examples));
        assert!((found.cost - network.evaluate(&mut Engine::new(1), examples).cost).abs() < 1e-9);
        for (index, (weights, bias)) in found.layers.iter().enumerate() {
            let moved = |at: Option<usize>, by: f32| {
                let mut network = network.clone();
                let layer = &mut network.layers[index];
                let mut plain = layer.weights.to_plain();
                match at {
                    Some(at) => plain[at] += by,
                    None => layer.bias[1] += by,
                }
                layer.weights = PackedWeights::from_plain(layer.inputs(), layer.units(), &plain);
                network.gradient(&mut Engine::new(1), examples).cost
            };
            let difference = |at| (moved(at, 1e-2) - moved(at, -1e-2)) / 2e-2;
            for (at, &g) in weights.to_plain().iter().enumerate() {
                assert!((difference(Some(at)) - f64::from(g)).abs() < 1e-3, "layer {index}, weight {at}");
            }
            assert!((difference(None) - f64::from(bias[1])).abs() < 1e-3, "layer {index}, bias");
        }
    }

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
        for x in [Inputs::Dense(&dense), Inputs::Active(&active)] {
            let found = squared_norm(&mut Engine::new(1), x, &delta);
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }
}
