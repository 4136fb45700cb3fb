//! Gradients of an auto-encoder against finite differences, and of sampled reconstruction against the whole.

use super::*;
use crate::activation::Activation;
use crate::layer::Initialisation;
use crate::streams::Purpose;

const WIDTH: usize = 12;
const UNITS: usize = 7;

fn stream(purpose: Purpose) -> Stream {
    Stream::new(3, purpose, 0, 0, 0)
}

/// Three examples, a third of whose inputs are active, in both forms.
fn inputs() -> [Batch; 2] {
    let mut active = ActiveBatch::new(WIDTH);
    let mut rows = vec![0.0; 3 * WIDTH];
    for example in 0..3 {
        for at in (example..WIDTH).step_by(3) {
            rows[example * WIDTH + at] = 0.1 + (at * 7 % 10) as f32 / 12.0;
        }
        let row = &rows[example * WIDTH..(example + 1) * WIDTH];
        active.push(row.iter().enumerate().map(|(index, &value)| (index as u32, value)));
    }
    [Batch::Active(active), Batch::Dense(DenseBatch::from_rows(WIDTH, &rows))]
}

fn autoencoder(
    activation: &str,
    reconstruction: &str,
    tied: bool,
    signs: bool,
    target: Target,
) -> Autoencoder {
    let activation: Activation = activation.parse().unwrap();
    let mut layer = Layer::random(WIDTH, UNITS, activation, signs, Initialisation::Glorot, 5, 0);
    layer.bias.iter_mut().enumerate().for_each(|(unit, b)| *b = 0.05 * unit as f32 - 0.1);
    let mut own = stream(Purpose::Decoder);
    let decoder = (!tied).then(|| Layer::random_weights(WIDTH, UNITS, Initialisation::Glorot, &mut own));
    Autoencoder {
        decoder_bias: (0..WIDTH).map(|input| 0.03 * input as f32 - 0.2).collect(),
        layer,
        decoder,
        corruption: Corruption::Masking { probability: 0.25 },
        reconstruction: reconstruction.parse().unwrap(),
        target,
        peak: 1.0,
        buffers: Buffers::default(),
    }
}

/// Every parameter in turn: W, b, D, c.
fn parameters(autoencoder: &mut Autoencoder) -> Vec<&mut f32> {
    let Autoencoder { layer, decoder, decoder_bias, .. } = autoencoder;
    let mut all = Vec::new();
    // One panel holds all units, its rows padded to 16.
    let real = |at: usize| at % 16 < UNITS;
    let weights =
        layer.weights.packed_mut().iter_mut().chain(decoder.iter_mut().flat_map(PackedWeights::packed_mut));
    all.extend(weights.enumerate().filter(|(at, _)| real(*at)).map(|(_, w)| w));
    all.extend(&mut layer.bias);
    all.extend(decoder_bias);
    all
}

/// Mean cost with the penalty λ Σ |h|, in which the codes are those of the corrupted examples.
fn cost(autoencoder: &mut Autoencoder, x: &Batch, l1: f32) -> f64 {
    let mut engine = Engine::new(1);
    let noise = stream(Purpose::Corruption);
    let cost = autoencoder.reconstruct(&mut engine, x, &[0, 1, 2], noise, None, false);
    let penalty: f64 = autoencoder.buffers.code.dense().padded().iter().map(|h| f64::from(h.abs())).sum();
    (cost + f64::from(l1) * penalty) / 3.0
}

#[test]
fn steps_follow_finite_differences() {
    let cases = [
        ("rectifier", "softplus", true, false, Target::Plain),
        ("rectifier", "cross-entropy", true, true, Target::Magnitude),
        ("rectifier", "linear", false, false, Target::Plain),
        ("softplus", "rectifier", false, false, Target::Plain),
        ("tanh", "cross-entropy", true, false, Target::Half),
        ("logistic", "softplus", true, false, Target::Plain),
    ];
    let (l1, rate) = (0.02, 1e-3);
    for (activation, reconstruction, tied, signs, target) in cases {
        for x in inputs() {
            let name = format!("{activation}, {reconstruction}, tied {tied}");
            let make = || autoencoder(activation, reconstruction, tied, signs, target);
            let mut moved = make();
            let step = Step { rate, l1 };
            moved.step(&mut Engine::new(1), &x, &[0, 1, 2], stream(Purpose::Corruption), None, step);
            let before: Vec<f32> = parameters(&mut make()).into_iter().map(|parameter| *parameter).collect();
            let after: Vec<f32> = parameters(&mut moved).into_iter().map(|parameter| *parameter).collect();
            let mut checked = make();
            let mut wrong = 0;
            for at in 0..before.len() {
                let mut at_distance = |by: f32| {
                    *parameters(&mut checked)[at] = before[at] + by;
                    cost(&mut checked, &x, l1)
                };
                let difference = (at_distance(4e-3) - at_distance(-4e-3)) / 8e-3;
                *parameters(&mut checked)[at] = before[at];
                let gradient = f64::from((before[at] - after[at]) / rate);
                wrong += usize::from((difference - gradient).abs() > 4e-3 * difference.abs().max(1.0));
            }
            // A kink of a rectifier may lie within the distance.
            assert!(wrong <= before.len() / 50, "{name}: {wrong} of {} differ", before.len());
        }
    }
}

#[test]
fn sampled_reconstruction_is_right_on_average() {
    let [x, _] = inputs();
    let mut engine = Engine::new(1);
    let make = || autoencoder("rectifier", "cross-entropy", true, false, Target::Plain);
    let step = Step { rate: 1.0, l1: 0.0 };
    let mut change = |zeros: Option<Zeros>| {
        let (mut autoencoder, mut start) = (make(), make());
        let cost = autoencoder.step(&mut engine, &x, &[0, 1, 2], stream(Purpose::Corruption), zeros, step);
        let before = parameters(&mut start);
        let after = parameters(&mut autoencoder);
        let moved: Vec<f64> = before.iter().zip(after).map(|(b, a)| f64::from(*a - **b)).collect();
        (cost, moved)
    };
    let (cost, whole) = change(None);
    let draws = 4000;
    let (mut mean_cost, mut mean) = (0.0, vec![0.0; whole.len()]);
    for draw in 0..draws {
        let stream = Stream::new(0, Purpose::Sample, 0, 0, draw);
        let (cost, moved) = change(Some(Zeros { ratio: 0.5, stream }));
        mean_cost += cost / draws as f64;
        mean.iter_mut().zip(moved).for_each(|(mean, moved)| *mean += moved / draws as f64);
    }
    assert!((mean_cost / cost - 1.0).abs() < 0.02, "{mean_cost} against {cost}");
    let largest = whole.iter().fold(0.0_f64, |largest, moved| largest.max(moved.abs()));
    for (mean, whole) in mean.iter().zip(&whole) {
        assert!((mean - whole).abs() < 0.05 * largest, "{mean} against {whole}, largest {largest}");
    }
}

#[test]
fn a_sample_of_everything_is_the_whole() {
    let [x, _] = inputs();
    for tied in [true, false] {
        let make = || autoencoder("rectifier", "softplus", tied, false, Target::Plain);
        let step = Step { rate: 0.1, l1: 0.0 };
        let (mut sampled, mut whole) = (make(), make());
        let zeros = Zeros { ratio: 1e6, stream: stream(Purpose::Sample) };
        let noise = || stream(Purpose::Corruption);
        let a = sampled.step(&mut Engine::new(1), &x, &[0, 1, 2], noise(), Some(zeros), step);
        let b = whole.step(&mut Engine::new(1), &x, &[0, 1, 2], noise(), None, step);
        assert!((a - b).abs() < 1e-5 * b);
        for (a, b) in parameters(&mut sampled).into_iter().zip(parameters(&mut whole)) {
            assert!((*a - *b).abs() < 1e-6, "{a} and {b}");
        }
    }
}
