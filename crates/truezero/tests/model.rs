//! Model files: what is saved is loaded; what is damaged is refused, never believed.

mod common;

use std::fs;
use std::path::Path;

use common::{all_rows, classes, small, train};
use truezero::{Error, Model};
use truezero_data::{Dataset, Features, Notices, PreprocessOptions, Preprocessing, Raw, RawTarget, Targets};
use truezero_sparse::Engine;

fn raw(data: &Dataset) -> Raw {
    let Targets::Classes { labels, .. } = &data.targets else { panic!("classes expected") };
    let names = labels.iter().map(|label| format!("class {label}")).collect();
    Raw {
        features: Features::Matrix(data.inputs.clone()),
        target: Some(RawTarget::Labels(names)),
        image: None,
    }
}

fn model() -> (Model, Raw) {
    let raw = raw(&classes(80, 30, 1));
    let rows: Vec<usize> = (0..80).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let data = preprocessing.dataset(raw.clone(), &Notices::default()).unwrap();
    let mut options = small();
    options.sign_trick = true;
    let outcome = train(options, &data, None, 1);
    let configuration = serde_json::json!({ "learning-rate": 0.1, "data": "made by a formula" });
    (Model { network: outcome.network, preprocessing, configuration, summary: Some(outcome.summary) }, raw)
}

/// The bytes of a saved model.
fn saved(model: &Model) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn load(bytes: Vec<u8>) -> Result<Model, Error> {
    Model::from_bytes(Path::new("m"), bytes)
}

/// The file with one piece of its header replaced by another of the same length.
fn with_header(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let length = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..length].to_vec()).unwrap();
    assert!(header.contains(from), "no {from} in {header}");
    let mut changed = bytes.to_vec();
    changed[8..length].copy_from_slice(header.replace(from, to).as_bytes());
    changed
}

#[test]
fn what_is_saved_is_loaded() {
    let (model, raw) = model();
    let bytes = saved(&model);
    assert!(bytes == saved(&model), "the same model must give the same bytes");
    let loaded = load(bytes).unwrap();
    assert_eq!(loaded, model);
    let predict = |model: &Model| {
        let inputs = model.preprocessing.inputs(raw.features.clone(), &Notices::default()).unwrap();
        model.network.predict(&mut Engine::new(1), &inputs)
    };
    assert_eq!(predict(&loaded), predict(&model));
    let data = model.preprocessing.dataset(raw.clone(), &Notices::default()).unwrap();
    assert!(loaded.network.suits(&data));
    assert_eq!(all_rows(&data).len(), 80);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = saved(&model().0);
    let cuts = (0..1024).chain((1024..bytes.len()).step_by(97)).chain([bytes.len() - 1]);
    for cut in cuts {
        let refused = load(bytes[..cut].to_vec()).unwrap_err().to_string();
        assert_eq!(refused.find("m: header: expected a safetensors file"), Some(0), "{cut}: {refused}");
    }
    let refused = load([bytes, vec![0]].concat()).unwrap_err().to_string();
    assert!(refused.starts_with("m: header"), "{refused}");
}

#[test]
fn a_lying_header_is_refused_by_name() {
    let bytes = saved(&model().0);
    let refused = |from: &str, to: &str| load(with_header(&bytes, from, to)).unwrap_err().to_string();
    assert_eq!(refused(r#"\"format\":1"#, r#"\"format\":7"#), "m: format: expected version 1, found 7");
    assert!(
        refused(r#"{\"units\":24"#, r#"{\"units\":25"#)
            .starts_with("m: tensor \"layers.0.weight\": expected F32 of shape [30, 25]"),
    );
    assert!(
        refused(r#"\"units\":24"#, r#"\"units\":00"#).starts_with("m: metadata: expected a truezero model")
    );
    assert!(
        refused("layers.1.bias", "layers.1.bius")
            .starts_with("m: tensor \"layers.1.bias\": expected F32 of shape [16], found no such tensor")
    );
    assert!(refused("rectifier", "rectifyer").starts_with("m: metadata: expected a truezero model"));
    assert!(refused("softmax-cross-entropy", "squared-error-softmax").starts_with("m: metadata"));
    assert!(
        refused("\"truezero\"", "\"twozeros\"").contains("under the key \"truezero\", found no such key")
    );

    let huge = [&u64::MAX.to_le_bytes()[..], &bytes[8..]].concat();
    assert!(load(huge).unwrap_err().to_string().starts_with("m: header"));
}

#[test]
fn damaged_bytes_never_panic() {
    let bytes = saved(&model().0);
    let mut state = 1_u64;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        for _ in 0..=next(3) {
            damaged[next(header)] = next(256) as u8;
        }
        // Accepted or refused, but a model that is accepted can be used.
        if let Ok(model) = load(damaged) {
            let inputs =
                truezero_sparse::Batch::Active(truezero_sparse::ActiveBatch::new(model.network.inputs()));
            model.network.predict(&mut Engine::new(1), &inputs);
        }
    }
}

#[test]
fn a_weight_that_is_not_finite_is_refused() {
    let mut bytes = saved(&model().0);
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let refused = load(bytes).unwrap_err().to_string();
    assert!(refused.contains("expected a finite number, found inf"), "{refused}");
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let (model, _) = model();
    let folder = tempfile::tempdir().unwrap();
    let refused = model.save(&folder.path().join("nowhere/model.safetensors")).unwrap_err().to_string();
    assert!(refused.starts_with("cannot write "), "{refused}");
    let path = folder.path().join("model.safetensors");
    fs::create_dir(&path).unwrap();
    assert!(model.save(&path).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn plain_arrays_and_lists_of_non_zeros_are_predicted_alike() {
    let (model, _) = model();
    // More than pass together, at first full of values, then nearly empty.
    let mut dense = common::densely(&classes(600, 30, 5));
    let truezero_sparse::Batch::Dense(rows) = &mut dense.inputs else { panic!("a plain array expected") };
    for example in 0..600 {
        for (at, value) in rows.row_mut(example).iter_mut().enumerate() {
            *value = match example {
                0..300 => *value + 0.1,
                _ if at % 7 == example % 7 => *value,
                _ => 0.0,
            };
        }
    }
    let active = Dataset { inputs: dense.inputs.clone().into_active(), ..dense.clone() };
    let engine = &mut Engine::new(1);
    let (a, b) =
        (model.network.predict(engine, &dense.inputs), model.network.predict(engine, &active.inputs));
    assert_eq!(a, b);
    let rows = all_rows(&dense);
    let [a, b] = [&dense, &active].map(|data| {
        let examples = truezero::Examples { data, rows: &rows };
        model.network.evaluate(engine, examples)
    });
    assert_eq!(a, b);
}
