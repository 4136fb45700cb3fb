//! Pre-training by the real command, on its own and before training.

mod common;

use common::{Place, flowers};
use serde_json::json;

const QUIET: [&str; 2] = ["--quiet", "--json"];

#[test]
fn layers_pretrained_apart_give_the_network_that_training_in_one_go_gives() {
    let place = Place::new();
    let shape = ["--hidden", "12,8", "--seed", "3"];
    let pretraining = ["--pretrain-epochs", "1", "--corruption", "masking:0.3,none", "--untied"];
    let pretraining = [&pretraining[..], &["--pretrain-learning-rate", "0.01,0.001"]].concat();
    let pretrained = place.json(&[&["pretrain"], &shape[..], &pretraining, &QUIET].concat());
    assert_eq!(
        (&pretrained["completed"], &pretrained["model"]),
        (&json!(true), &json!("encoder.safetensors"))
    );
    assert_eq!(pretrained["examples"], json!({ "train": 4000, "validation": 500 }));
    let layer = &pretrained["layers"][1];
    assert_eq!((&layer["units"], &layer["best_epoch"]), (&json!(8), &json!(1)));
    let sparsity = layer["sparsity"].as_f64().unwrap();
    assert!(sparsity > 0.05 && sparsity < 0.95, "{pretrained}");
    assert!(layer["validation_cost"].as_f64().unwrap() > 0.0);

    let from = ["train", "--from", "encoder.safetensors", "--seed", "3", "--epochs", "1"];
    let apart = place.json(&[&from[..], &QUIET].concat());
    let train = ["train", "--pretrain", "--epochs", "1", "--out", "one.safetensors"];
    let one = place.json(&[&train[..], &shape, &pretraining, &QUIET].concat());
    assert_eq!(apart["history"], one["history"]);
    assert_eq!(apart["test_error"], one["test_error"]);
    assert_eq!(one["pretraining"]["history"], pretrained["history"]);
    let random = ["train", "--epochs", "1", "--out", "random.safetensors"];
    let random = place.json(&[&random[..], &shape, &QUIET].concat());
    assert_ne!(random["history"], one["history"]);

    // What a model was trained with, given back as a file, is the same training.
    let inspected = place.json(&["inspect", "one.safetensors", "--json"]);
    let options = inspected["configuration"].as_object().unwrap();
    let lines: Vec<String> = options.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    place.write("again.toml", lines.join("\n"));
    let again = ["train", "--config", "again.toml", "--out", "again.safetensors"];
    place.json(&[&again[..], &QUIET].concat());
    assert_eq!(place.read("again.safetensors"), place.read("one.safetensors"));
}

#[test]
fn an_encoder_encodes_and_is_inspected_but_does_not_predict() {
    let place = Place::with_flowers();
    let pretrain = ["pretrain", "flowers.csv", "--target", "kind", "--hidden", "9,7", "--validation", "0"];
    place.json(&[&pretrain[..], &["--pretrain-epochs", "2"], &QUIET].concat());
    place.write("new.csv", flowers(20, 9));
    let encode = ["encode", "encoder.safetensors", "new.csv", "--layer", "1", "--json"];
    let codes = place.json(&encode);
    assert_eq!((&codes["examples"], &codes["units"]), (&json!(20), &json!(9)));
    let inspected = place.json(&["inspect", "encoder.safetensors", "new.csv", "--json"]);
    assert_eq!((&inspected["task"], &inspected["layers"][1]["units"]), (&json!(null), &json!(7)));
    assert_eq!(inspected["data"]["sparsity"].as_array().unwrap().len(), 2);
    assert_eq!(inspected["data"]["sparsity"][0], codes["sparsity"]);
    assert!(place.ok(&["inspect", "encoder.safetensors"]).contains("pre-trained, without outputs"));
    for verb in ["predict", "evaluate"] {
        let message = place.error(&[verb, "encoder.safetensors", "new.csv"]);
        assert!(message.contains("expected a network with outputs, found pre-trained layers"), "{message}");
        assert!(message.contains("hint: `truezero train --from`"), "{message}");
    }
    let trained = place.json(
        &[&["train", "flowers.csv", "--target", "kind", "--from", "encoder.safetensors"], &QUIET[..]]
            .concat(),
    );
    assert!(trained["test_error"].as_f64().unwrap() < 0.2, "{trained}");
}

#[test]
fn unlabelled_examples_are_pretrained_on_too() {
    let place = Place::with_flowers();
    let without: String =
        flowers(90, 7).lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n").collect();
    place.write("unlabelled.csv", without);
    let train = ["train", "flowers.csv", "--target", "kind", "--hidden", "10", "--epochs", "2", "--pretrain"];
    let alone = place.json(&[&train[..], &QUIET].concat());
    let both = place.json(&[&train[..], &["--unlabelled", "unlabelled.csv"], &QUIET].concat());
    let costs = |document: &serde_json::Value| document["pretraining"]["history"].clone();
    assert_ne!(costs(&alone), costs(&both));
}

#[test]
fn what_cannot_be_is_said_before_anything_is_trained() {
    let place = Place::with_flowers();
    let train = ["train", "flowers.csv", "--target", "kind"];
    let refused = |more: &[&str]| place.error(&[&train[..], more].concat());
    assert!(refused(&["--corruption", "masking:0.5"]).contains("hint: add --pretrain"));
    let linear = place.run(&[&train[..], &["--pretrain", "--hidden", "none"]].concat());
    assert_eq!(linear.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&linear.stderr).contains("at least one hidden layer to pre-train"));
    assert!(refused(&["--pretrain", "--unlabelled", "no.csv"]).contains("no.csv"));
    assert!(refused(&["--from", "no.safetensors"]).contains("no.safetensors"));
    let negative = refused(&["--pretrain", "--reconstruction", "cross-entropy", "--quiet"]);
    assert!(negative.contains("inputs of hidden layer 1: expected values of at least 0"), "{negative}");
    let usage = place.run(&["pretrain", "--corruption", "masking:2"]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&usage.stderr).contains("a probability in [0, 1) for masking"));
}
