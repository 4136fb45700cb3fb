//! Steps of auto-encoders against those of PyTorch, kept in `tests/oracle` (its README tells what they are).

use super::*;
use crate::oracle::{Oracle, compare};
use crate::streams::Purpose;

const AUTOENCODERS: &[u8] = include_bytes!("../../tests/oracle/autoencoders.safetensors");
const STEPS: usize = 25;
const EXAMPLES: usize = 40;
const BATCH: usize = 8;

fn autoencoder(oracle: &Oracle, code: &str, reconstruction: &str, tied: bool) -> Autoencoder {
    let initial = |name: &str| oracle.f32(&format!("initial.{name}"));
    let bias = initial("bias");
    let decoder_bias = initial("decoder.bias");
    let weights = |name: &str| PackedWeights::from_plain(decoder_bias.len(), bias.len(), &initial(name));
    Autoencoder {
        decoder: (!tied).then(|| weights("decoder.weight")),
        layer: Layer { weights: weights("weight"), bias, activation: code.parse().unwrap(), signs: None },
        decoder_bias,
        corruption: Corruption::None,
        reconstruction: reconstruction.parse().unwrap(),
        target: Target::Plain,
        peak: 1.0,
        buffers: Buffers::default(),
    }
}

#[test]
fn trajectories_are_those_of_pytorch() {
    let oracle = Oracle::read(AUTOENCODERS);
    let dense = oracle.rows("inputs");
    let mut active = ActiveBatch::new(dense.width());
    for example in 0..EXAMPLES {
        active.push((0..).zip(dense.row(example).iter().copied()));
    }
    let mut engine = Engine::new(1);
    for code in ["rectifier", "softplus", "tanh", "logistic"] {
        for reconstruction in ["softplus", "cross-entropy", "linear", "rectifier"] {
            for (tied, x) in [
                (true, Batch::Active(active.clone())),
                (true, Batch::Dense(dense.clone())),
                (false, Batch::Active(active.clone())),
            ] {
                let case = format!("{code}.{reconstruction}.{}", if tied { "tied" } else { "untied" });
                let mut ours = autoencoder(&oracle, code, reconstruction, tied);
                let costs = (0..STEPS).map(|t| {
                    let rows: Vec<usize> = (t * BATCH % EXAMPLES..).take(BATCH).collect();
                    let noise = Stream::new(0, Purpose::Corruption, 0, 0, 0);
                    let step = Step { rate: 0.02, l1: 1e-2 };
                    ours.step(&mut engine, &x, &rows, noise, None, step) / BATCH as f64
                });
                let costs: Vec<f64> = costs.collect();
                let expected = |name: &str| oracle.f64(&format!("{case}.{name}"));
                let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<_>>();
                compare(&format!("{case}.cost"), costs, expected("cost"));
                compare(&format!("{case}.weight"), wide(ours.layer.weights.to_plain()), expected("weight"));
                compare(&format!("{case}.bias"), wide(ours.layer.bias), expected("bias"));
                compare(&format!("{case}.decoder.bias"), wide(ours.decoder_bias), expected("decoder.bias"));
                if let Some(decoder) = ours.decoder {
                    let name = "decoder.weight";
                    compare(&format!("{case}.{name}"), wide(decoder.to_plain()), expected(name));
                }
            }
        }
    }
}
