//! Two classes, learned as scikit-learn's networks learn them: with one logistic output z. Models have one output
//! for each class; softmax(0, z) = (1 − logistic z, logistic z) leads from one to the other.

use truezero::{Cost, Layer, Network};
use truezero_sparse::PackedWeights;

/// A network of one logistic output as one of two classes.
pub fn two_outputs(mut network: Network) -> Network {
    if let Some(output) = network.layers.last_mut() {
        let of_one = output.weights.to_plain();
        let of_two: Vec<f32> = of_one.iter().flat_map(|&weight| [0.0, weight]).collect();
        output.weights = PackedWeights::from_plain(output.inputs(), 2, &of_two);
        output.bias = vec![0.0, output.bias[0]];
    }
    Network { cost: Cost::SoftmaxCrossEntropy, ..network }
}

/// A network of two classes as one of one logistic output: the difference of its outputs.
pub fn one_output(mut network: Network) -> Network {
    if let Some(output) = network.layers.last_mut() {
        let sign = |unit: usize, layer: &Layer| layer.signs.as_ref().map_or(1.0, |signs| signs[unit]);
        let (first, second) = (sign(0, output), sign(1, output));
        let of_two = output.weights.to_plain();
        let of_one: Vec<f32> =
            of_two.chunks_exact(2).map(|pair| second * pair[1] - first * pair[0]).collect();
        output.bias = vec![second * output.bias[1] - first * output.bias[0]];
        output.weights = PackedWeights::from_plain(output.inputs(), 1, &of_one);
        output.signs = None;
    }
    Network { cost: Cost::LogisticCrossEntropy, ..network }
}
