//! Gradients against finite differences of the cost, for every activation and cost.

mod common;

use common::{Numbers, all_rows};
use truezero::{Activation, Control, Examples, Network, Trainer, TrainingOptions};
use truezero_data::{Dataset, Targets};
use truezero_sparse::{Batch, DenseBatch, Engine, PackedWeights};

const L1: f32 = 1e-2;
const DECAY: f32 = 1e-2;

fn data(kind: usize) -> Dataset {
    let mut numbers = Numbers(kind as u64 + 5);
    let inputs: Vec<f32> =
        (0..6 * 7).map(|_| if numbers.next() < 0.5 { 0.0 } else { numbers.next() * 2.0 - 0.6 }).collect();
    let mut values = |binary: bool| {
        let value = |number: f32| if binary { number.round() } else { 2.0 * number - 1.0 };
        DenseBatch::from_rows(3, &(0..18).map(|_| value(numbers.next())).collect::<Vec<_>>())
    };
    let targets = match kind {
        0 => Targets::Classes { labels: vec![0, 2, 1, 1, 0, 2], classes: 3 },
        1 => Targets::Labels(values(true)),
        _ => Targets::Quantities(values(false)),
    };
    let weights = Some(vec![1.0, 0.5, 2.0, 1.0, 0.0, 1.5]);
    Dataset { inputs: Batch::Dense(DenseBatch::from_rows(7, &inputs)), targets, weights }
}

/// The cost that training minimises, and the signs of the hidden units. Examples weigh in the penalty as in the cost, and
/// both are divided by the number of examples whose weight is not 0.
fn objective(network: &Network, data: &Dataset) -> (f64, Vec<i8>) {
    let mut engine = Engine::new(1);
    let rows = all_rows(data);
    let examples = Examples { data, rows: &rows };
    let cost = network.evaluate(&mut engine, examples).cost;
    let mut penalty = 0.0;
    let mut signs = Vec::new();
    for layer in 0..network.hidden().len() {
        let codes = network.encode(&mut engine, &data.inputs, layer);
        for (example, &weight) in data.weights.iter().flatten().enumerate() {
            let sum = codes.example(example).1.iter().map(|h| f64::from(h.abs())).sum::<f64>();
            penalty += f64::from(weight) * sum;
        }
        let mut pattern = vec![0; codes.examples() * codes.width()];
        for example in 0..codes.examples() {
            let (units, values) = codes.example(example);
            for (&unit, &h) in units.iter().zip(values) {
                pattern[example * codes.width() + unit as usize] = if h > 0.0 { 1 } else { -1 };
            }
        }
        signs.extend(pattern);
    }
    let squares: f64 =
        network.layers.iter().flat_map(|layer| layer.weights.packed()).map(|w| f64::from(*w).powi(2)).sum();
    let penalty = f64::from(L1) * penalty / examples.counted() as f64;
    let total = cost + penalty + 0.5 * f64::from(DECAY) * squares;
    (total, signs)
}

/// Moves one parameter: a weight if `at` is below the number of weights of the layer, else a bias.
fn moved(network: &Network, layer: usize, at: usize, by: f32) -> Network {
    let mut network = network.clone();
    let layer = &mut network.layers[layer];
    let (inputs, units) = (layer.inputs(), layer.units());
    if at < inputs * units {
        let mut plain = layer.weights.to_plain();
        plain[at] += by;
        layer.weights = PackedWeights::from_plain(inputs, units, &plain);
    } else {
        layer.bias[at - inputs * units] += by;
    }
    network
}

fn parameter(network: &Network, layer: usize, at: usize) -> f64 {
    let layer = &network.layers[layer];
    let weights = layer.inputs() * layer.units();
    f64::from(if at < weights { layer.weights.to_plain()[at] } else { layer.bias[at - weights] })
}

#[test]
fn every_activation_and_cost() {
    // e=3: above its threshold throughout, next to which lif bends too sharply for differences.
    for activation in ["rectifier", "softplus:2", "tanh", "logistic", "lif:e=3", "identity"] {
        for kind in 0..3 {
            for sign_trick in [false, true] {
                check(activation.parse().unwrap(), sign_trick, &data(kind));
            }
        }
    }
}

fn check(activation: Activation, sign_trick: bool, data: &Dataset) {
    let mut options = TrainingOptions {
        hidden: vec![5, 4],
        activation: vec![activation],
        sign_trick,
        l1: L1,
        learning_rate: Some(1.0),
        batch_size: 6,
        epochs: 1,
        patience: 0,
        seed: 11,
        ..Default::default()
    };
    options.optimizer.weight_decay = DECAY;
    let rows = all_rows(data);
    let examples = Examples { data, rows: &rows };
    let mut trainer = Trainer::new(options.check().unwrap(), examples, None, 1).unwrap();
    let before = trainer.network().clone();
    // One step of descent at rate 1 moves every parameter by its gradient.
    trainer.epoch(&mut |_| Control::Continue).unwrap();
    let after = trainer.network().clone();
    let step = 4e-3;
    let (mut checked, mut skipped) = (0, 0);
    for layer in 0..before.layers.len() {
        for at in 0..before.layers[layer].parameters() {
            let gradient = parameter(&before, layer, at) - parameter(&after, layer, at);
            let (above, signs_above) = objective(&moved(&before, layer, at, step), data);
            let (below, signs_below) = objective(&moved(&before, layer, at, -step), data);
            if signs_above != signs_below {
                skipped += 1; // a kink lies between
                continue;
            }
            let difference = (above - below) / (2.0 * f64::from(step));
            let off = (difference - gradient).abs();
            assert!(
                off < 1e-3 + 0.02 * gradient.abs(),
                "{activation} {:?} layer {layer} parameter {at}: {difference} against {gradient}",
                before.cost
            );
            checked += 1;
        }
    }
    assert!(checked > 5 * skipped, "{activation}: {skipped} parameters near a kink, {checked} checked");
}
