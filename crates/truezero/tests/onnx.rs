//! ONNX files: what is exported comes back, what others wrote predicts as they say, what is damaged is
//! refused.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Numbers;
use serde_json::Value;
use truezero::onnx::{self, ExportOptions, ImportOptions};
use truezero::{Activation, Architecture, Cost, Error, Initialisation, Model, Network};
use truezero_data::preprocess::LIMIT;
use truezero_data::{
    Features, Notices, PreprocessOptions, Preprocessing, Raw, RawTarget, Scaling, Task, WideBatch,
};
use truezero_sparse::{Batch, DenseBatch, Engine};

const INPUTS: usize = 7;
const EXAMPLES: usize = 40;
const ACTIVATIONS: [&str; 20] = [
    "rectifier",
    "softplus",
    "softplus:3",
    "softplus:0.3",
    "tanh",
    "logistic",
    "lif",
    "lif:tau=2,r=3,e=0.5,reset=-1,refractory=0.7",
    "identity",
    "leaky",
    "leaky:-0.5",
    "elu",
    "elu:0.3",
    "silu",
    "gelu",
    "gelu:tanh",
    "mish",
    "hardswish",
    "relu6",
    "softsign",
];

fn import(bytes: Vec<u8>, folder: Option<&Path>) -> Result<Model, Error> {
    onnx::import(bytes, folder, &ImportOptions::default()).map(|imported| imported.model)
}

/// Numbers of which some are far from zero, with targets for a task.
fn raw(task: Task, seed: u64) -> Raw {
    let mut numbers = Numbers(seed);
    let mut inputs = DenseBatch::zeros(EXAMPLES, INPUTS);
    for example in 0..EXAMPLES {
        for (column, value) in inputs.row_mut(example).iter_mut().enumerate() {
            *value = 30.0 * column as f32 + 4.0 * numbers.next();
        }
    }
    let target = match task {
        Task::Classify => {
            let names = ["äsche", "barsch", "\"hecht\""];
            RawTarget::Labels((0..EXAMPLES).map(|at| names[at % 3].to_owned()).collect())
        }
        Task::Multilabel => RawTarget::Rows {
            width: 2,
            values: (0..2 * EXAMPLES).map(|at| f64::from(u8::from(at % 3 == 0))).collect(),
            names: vec!["a".to_owned(), "b".to_owned()],
        },
        Task::Regress => RawTarget::Rows {
            width: 2,
            values: (0..2 * EXAMPLES).map(|at| 250.0 + f64::from(numbers.next()) * at as f64).collect(),
            names: vec!["weight".to_owned(), "length".to_owned()],
        },
    };
    Raw { features: Features::Matrix(Batch::Dense(inputs)), target: Some(target), image: None }
}

/// A network with weights of chance that tells two classes apart.
fn two_classes(inputs: usize) -> Network {
    let architecture = Architecture {
        inputs,
        hidden: vec![8],
        outputs: 2,
        activations: vec![Activation::Rectifier],
        sign_trick: false,
        initialisation: Initialisation::Glorot,
    };
    Network::random(&architecture, Cost::for_task(Task::Classify), 1)
}

fn model(activation: Activation, task: Task, scaling: Scaling, sign_trick: bool) -> (Model, Raw) {
    let raw = raw(task, 3);
    let rows: Vec<usize> = (0..EXAMPLES).collect();
    let options = PreprocessOptions { scaling, task: Some(task), ..PreprocessOptions::default() };
    let preprocessing = Preprocessing::fit(&raw, &rows, &options).unwrap();
    let architecture = Architecture {
        inputs: INPUTS,
        hidden: vec![20, 9],
        outputs: preprocessing.outputs(),
        activations: vec![activation; 2],
        sign_trick,
        initialisation: Initialisation::Glorot,
    };
    let mut network = Network::random(&architecture, Cost::for_task(task), 5);
    let mut numbers = Numbers(8);
    for layer in &mut network.layers {
        layer.bias.iter_mut().for_each(|bias| *bias = numbers.next() - 0.4);
    }
    let model = Model { network, preprocessing, configuration: Value::Null, summary: None };
    (model, raw)
}

fn predict(model: &Model, features: Features) -> DenseBatch {
    let inputs = model.preprocessing.inputs(features, &Notices::default()).unwrap();
    model.preprocessing.quantities(&model.network.predict(&mut Engine::new(1), &inputs))
}

/// The largest difference, relative to the larger of 1 and the value.
fn difference(a: &DenseBatch, b: &DenseBatch) -> f32 {
    assert_eq!((a.examples(), a.width()), (b.examples(), b.width()));
    let pairs = (0..a.examples()).flat_map(|example| a.row(example).iter().zip(b.row(example)));
    let relative = pairs.map(|(a, b)| {
        assert!(a.is_finite() && b.is_finite(), "{a} and {b}");
        (a - b).abs() / b.abs().max(1.0)
    });
    relative.fold(0.0, f32::max)
}

#[test]
fn what_is_exported_predicts_the_same_when_imported() {
    for text in ACTIVATIONS {
        let activation: Activation = text.parse().unwrap();
        for task in [Task::Classify, Task::Multilabel, Task::Regress] {
            for scaling in [Scaling::None, Scaling::UnitRange, Scaling::Standardize] {
                let (model, raw) = model(activation, task, scaling, text == "rectifier");
                let bytes = model.to_onnx(&ExportOptions::default()).unwrap();
                assert!(
                    bytes == model.to_onnx(&ExportOptions::default()).unwrap(),
                    "the same model must give the same bytes"
                );
                let imported = import(bytes, None).unwrap();
                let case = format!("{text}, {task:?}, {scaling:?}");
                let activations: Vec<_> =
                    imported.network.hidden().iter().map(|layer| layer.activation).collect();
                assert_eq!(activations, [activation; 2], "{case}");
                assert_eq!(imported.preprocessing.labels(), model.preprocessing.labels(), "{case}");
                assert_eq!(imported.preprocessing.task(), task, "{case}");
                let (before, after) =
                    (predict(&model, raw.features.clone()), predict(&imported, raw.features.clone()));
                let difference = difference(&before, &after);
                assert!(difference < 1e-6, "{case}: {difference}");
            }
        }
    }
}

#[test]
fn weights_come_back_to_the_bit_and_signs_are_in_the_layer_above() {
    let (model, raw) = model(Activation::Rectifier, Task::Classify, Scaling::Standardize, true);
    let imported = import(model.to_onnx(&ExportOptions::default()).unwrap(), None).unwrap();
    assert_eq!(imported.preprocessing.for_inputs(), model.preprocessing.for_inputs());
    assert_eq!(imported.network.layers[0].weights, model.network.layers[0].weights);
    assert!(imported.network.layers.iter().all(|layer| layer.signs.is_none()));
    assert_eq!(predict(&model, raw.features.clone()), predict(&imported, raw.features));
}

/// Unix seconds of some minutes, of which 32 bits would make two or three values.
#[test]
fn a_graph_takes_64_bits_where_32_would_lose_what_the_scaling_needs() {
    let seconds: Vec<f64> = (0..200).map(|at| 1_700_000_000.0 + f64::from(at)).collect();
    let labels = (0..200).map(|at| if at < 100 { "before" } else { "after" }.to_owned()).collect();
    let raw = Raw {
        features: Features::Wide(WideBatch::from_rows(1, seconds)),
        target: Some(RawTarget::Labels(labels)),
        image: None,
    };
    let rows: Vec<usize> = (0..200).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let (narrow, _) = model(Activation::Rectifier, Task::Classify, Scaling::Standardize, false);
    assert!(!narrow.onnx_input_is_wide());
    let network = two_classes(1);
    let wide = Model { network, preprocessing, configuration: Value::Null, summary: None };
    assert!(wide.onnx_input_is_wide());
    let imported = import(wide.to_onnx(&ExportOptions::default()).unwrap(), None).unwrap();
    let (before, after) = (predict(&wide, raw.features.clone()), predict(&imported, raw.features));
    assert!(difference(&before, &after) < 1e-6);
    let mut outputs: Vec<u32> = (0..200).map(|example| after.row(example)[0].to_bits()).collect();
    outputs.sort_unstable();
    outputs.dedup();
    assert!(outputs.len() > 150, "{} outputs for 200 different inputs", outputs.len());
}

/// A row with a number far from all others, in 32 bits and in 64.
#[test]
fn inputs_stay_within_limits_in_a_graph_and_out_of_it() {
    for (middle, far) in [(0.0, 1e6), (1_700_000_000.0, 0.0)] {
        let rows = (0..200).flat_map(|at| [middle + f64::from(at), f64::from(at % 7)]).collect();
        let raw = Raw {
            features: Features::Wide(WideBatch::from_rows(2, rows)),
            target: Some(RawTarget::Labels((0..200).map(|at| ["a", "b"][at / 100].to_owned()).collect())),
            image: None,
        };
        let all: Vec<usize> = (0..200).collect();
        let preprocessing = Preprocessing::fit(&raw, &all, &PreprocessOptions::default()).unwrap();
        let network = two_classes(2);
        let limited = Model { network, preprocessing, configuration: Value::Null, summary: None };
        assert_eq!(limited.onnx_input_is_wide(), middle != 0.0);
        let imported = import(limited.to_onnx(&ExportOptions::default()).unwrap(), None).unwrap();
        let scales = |model: &Model| model.preprocessing.for_inputs().scales().unwrap();
        assert_eq!(scales(&imported).limit, scales(&limited).limit);
        assert_eq!(scales(&imported).limit, Some(LIMIT));
        let far = || Features::Wide(WideBatch::from_rows(2, vec![far, 2.0, middle + 3.0, -1e9]));
        let (before, after) = (predict(&limited, far()), predict(&imported, far()));
        assert!(difference(&before, &after) < 1e-6);
        // Twice as far away is no farther.
        let farther = Features::Wide(WideBatch::from_rows(2, vec![middle - 1e6, 2.0, middle + 3.0, -2e9]));
        let farther = predict(&imported, farther);
        assert_eq!(farther.row(1), after.row(1));
    }
}

/// A file that another program wrote, with inputs and what ONNX Runtime made of them.
fn of_others(name: &str) -> (PathBuf, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx");
    let expected = fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
    (folder.join(name).with_extension("onnx"), serde_json::from_str(&expected).unwrap())
}

fn matrix(rows: &Value) -> DenseBatch {
    let rows: Vec<Vec<f32>> = serde_json::from_value(rows.clone()).unwrap();
    DenseBatch::from_rows(rows[0].len(), &rows.concat())
}

#[test]
fn what_others_wrote_predicts_as_they_say() {
    let classes = |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    for (name, task, names) in [
        ("torch_classifier", Task::Classify, classes(&["0", "1", "2"])),
        ("torch_export_classifier", Task::Classify, classes(&["0", "1", "2"])),
        ("torch_external", Task::Classify, classes(&["0", "1", "2"])),
        ("torch_scores", Task::Regress, classes(&[])),
        ("torch_bounded", Task::Regress, classes(&[])),
        ("sklearn_three_classes", Task::Classify, classes(&["ash", "beech", "cedar"])),
        ("sklearn_two_classes", Task::Classify, classes(&["0", "1"])),
        ("sklearn_labels", Task::Multilabel, classes(&["0", "1", "2"])),
        ("sklearn_quantity", Task::Regress, classes(&[])),
        ("keras_classifier", Task::Classify, classes(&["0", "1", "2"])),
        ("keras_quantities", Task::Regress, classes(&[])),
    ] {
        let (path, expected) = of_others(name);
        let model = onnx::load(&path, &ImportOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .model;
        assert_eq!(model.preprocessing.task(), task, "{name}");
        assert_eq!(model.preprocessing.labels(), names, "{name}");
        let found = predict(&model, Features::Matrix(Batch::Dense(matrix(&expected["inputs"]))));
        let difference = difference(&found, &matrix(&expected["outputs"]));
        assert!(difference < 1e-5, "{name}: {difference}");
    }
}

#[test]
fn data_in_other_files_is_found_in_the_folder_of_the_model_only() {
    let (path, _) = of_others("torch_external");
    let bytes = fs::read(&path).unwrap();
    let refused = import(bytes.clone(), None).unwrap_err().to_string();
    assert!(refused.contains("expected data in the model itself"), "{refused}");

    let place = tempfile::tempdir().unwrap();
    let refused = import(bytes.clone(), Some(place.path())).unwrap_err().to_string();
    assert!(refused.contains("which cannot be read"), "{refused}");

    let data = fs::read(path.with_extension("onnx.data")).unwrap();
    let beside = place.path().join("torch_external.onnx.data");
    fs::write(&beside, &data[..data.len() - 1]).unwrap();
    let refused = import(bytes.clone(), Some(place.path())).unwrap_err().to_string();
    assert!(refused.contains(&format!("found a file of {}", data.len() - 1)), "{refused}");

    #[cfg(unix)]
    {
        fs::remove_file(&beside).unwrap();
        std::os::unix::fs::symlink(path.with_extension("onnx.data"), &beside).unwrap();
        let refused = import(bytes, Some(place.path())).unwrap_err().to_string();
        assert!(refused.contains("a path that leads elsewhere"), "{refused}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let (model, _) = model(Activation::Softplus { alpha: 2.0 }, Task::Classify, Scaling::Standardize, false);
    let bytes = model.to_onnx(&ExportOptions::default()).unwrap();
    for cut in (0..2000).chain((2000..bytes.len()).step_by(37)).chain([bytes.len() - 1]) {
        // Without the metadata, which comes last, it is a whole file still.
        if let Err(error) = import(bytes[..cut].to_vec(), None) {
            assert!(error.to_string().starts_with("ONNX model: "), "{cut}: {error}");
        } else {
            let rest = String::from_utf8_lossy(&bytes[cut..]);
            assert!(rest.contains("\"task\""), "{cut}: only the metadata may be missing");
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let mut numbers = Numbers(1);
    let mut next = |bound: usize| (numbers.next() * bound as f32) as usize;
    let (lif, _) = model("lif".parse().unwrap(), Task::Regress, Scaling::Standardize, false);
    let others = ["torch_classifier", "torch_external", "sklearn_three_classes", "sklearn_two_classes"];
    let others = others.map(|name| fs::read(of_others(name).0).unwrap());
    for bytes in others.into_iter().chain([lif.to_onnx(&ExportOptions::default()).unwrap()]) {
        for _ in 0..1500 {
            let mut damaged = bytes.clone();
            for _ in 0..=next(3) {
                damaged[next(bytes.len())] = next(256) as u8;
            }
            // Accepted or refused, but a model that is accepted can be used.
            if let Ok(model) = import(damaged, None) {
                let inputs = Batch::Dense(DenseBatch::zeros(1, model.network.inputs()));
                model.network.predict(&mut Engine::new(1), &inputs);
            }
        }
    }
}
