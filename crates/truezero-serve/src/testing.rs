//! What the unit tests share.

use std::sync::Arc;

use truezero::{Activation, Architecture, Cost, Initialisation, Model, Network};
use truezero_data::preprocess::{InputScales, TargetPlan};
use truezero_data::{InputPreprocessing, Preprocessing};

use crate::limits::Limits;
use crate::servable::Servable;

/// A model from 3 numbers to two classes.
pub(crate) fn servable(seed: u64) -> Arc<Servable> {
    let architecture = Architecture {
        inputs: 3,
        hidden: vec![5],
        outputs: 2,
        activations: vec![Activation::Rectifier],
        sign_trick: false,
        initialisation: Initialisation::He,
    };
    let targets = TargetPlan::Classes { names: ["a", "b"].map(str::to_owned).to_vec() };
    let inputs = InputPreprocessing::matrix(3, &InputScales::default()).unwrap();
    let model = Model {
        network: Network::random(&architecture, Cost::SoftmaxCrossEntropy, seed),
        preprocessing: Preprocessing::new(inputs, targets).unwrap(),
        configuration: serde_json::Value::Null,
        summary: None,
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save(file.path()).unwrap();
    Arc::new(Servable::load("model", file.path(), "1".to_owned(), &Limits::default()).unwrap())
}

/// Bytes changed, cut or doubled in places that look random.
pub(crate) fn spoiled(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut spoiled = bytes.to_vec();
    for _ in 0..=next(4) {
        let at = next(spoiled.len());
        match next(4) {
            0 => spoiled.truncate(at),
            1 => spoiled.extend_from_slice(&bytes[next(bytes.len())..]),
            2 if at < spoiled.len() => spoiled[at] = next(256) as u8,
            // What JSON is made of.
            _ if at < spoiled.len() => spoiled[at] = b"[]{},:\"0-9e.tn"[next(14)],
            _ => spoiled.clear(),
        }
    }
    spoiled
}
