//! `truezero bench`: figures are there, of the work asked for, and nothing is changed. How large they
//! are is the machine's business.

mod common;

use common::Place;
use serde_json::{Value, json};

const QUICK: [&str; 4] = ["--seconds", "0.02", "--threads", "2"];

fn bench(place: &Place, options: &[&str]) -> Value {
    place.json(&[&["bench", "model.safetensors", "flowers.csv", "--json"], &QUICK[..], options].concat())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

fn check_figures(figures: &Value, batch_size: usize) {
    assert_eq!((&figures["batch_size"], &figures["threads"]), (&json!(batch_size), &json!(2)));
    assert!(number(&figures["blocks"]) >= 3.0, "{figures}");
    let [lowest, median, highest] =
        ["lowest", "examples_per_second", "highest"].map(|name| number(&figures[name]));
    assert!(0.0 < lowest && lowest <= median && median <= highest, "{figures}");
    let expected = 1e6 * batch_size as f64 / median;
    assert!((number(&figures["microseconds_per_batch"]) / expected - 1.0).abs() < 1e-9, "{figures}");
}

/// What the products must be, whatever the time they took.
fn check_products(document: &Value, expected: &[(u64, &str)]) {
    let products = document["products"].as_array().unwrap();
    let found: Vec<_> = products
        .iter()
        .map(|product| (product["layer"].as_u64().unwrap(), product["product"].as_str().unwrap()))
        .collect();
    assert_eq!(found, expected);
    let levels: Vec<&str> = document["machine"]["levels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| level["name"].as_str().unwrap())
        .collect();
    for product in products {
        for name in ["touched_rows", "multiply_adds", "microseconds", "multiply_adds_per_second", "fraction"]
        {
            assert!(number(&product[name]) > 0.0, "{name} of {product}");
        }
        let bound = product["bound"].as_str().unwrap();
        assert!(bound == "arithmetic" || levels.contains(&bound), "{bound}");
        let [reached, most] =
            ["multiply_adds_per_second", "bound_multiply_adds_per_second"].map(|name| number(&product[name]));
        assert!((number(&product["fraction"]) * most / reached - 1.0).abs() < 1e-9, "{product}");
    }
}

fn check_machine(machine: &Value, threads: usize) {
    assert_eq!(machine["threads"], threads);
    let levels = machine["levels"].as_array().unwrap();
    assert!(levels.len() > 2 && levels.last().unwrap()["name"] == "memory", "{machine}");
    let rates = levels.iter().flat_map(|level| [&level["read"], &level["update"]]);
    for rate in rates.chain([&machine["arithmetic"]]) {
        assert!(number(rate) > 0.0, "{machine}");
    }
}

#[test]
fn both_works_are_measured_and_the_model_stays_as_it_is() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let model = place.read("model.safetensors");
    let document = bench(&place, &[]);
    check_figures(&document["inference"], 10);
    check_figures(&document["training"], 10);
    let (up, down) = ("forward", "backward and update");
    check_products(&document, &[(1, up), (2, up), (3, up), (3, down), (2, down), (1, "update")]);
    check_machine(&document["machine"], 2);
    let inspected = place.json(&["inspect", "model.safetensors", "flowers.csv", "--json"]);
    assert_eq!(document["sparsity"], inspected["data"]["sparsity"]);
    assert_eq!(document["mean_sparsity"], inspected["data"]["mean_sparsity"]);
    assert_eq!(document["examples"], 150);
    // Three mini-batches, the last one short: the second is timed, epoch after epoch.
    check_figures(&bench(&place, &["--batch-size", "64", "--work", "training"])["training"], 64);
    let text = place.ok(&[&["bench", "model.safetensors", "flowers.csv"], &QUICK[..]].concat());
    assert!(text.contains("examples/s") && text.contains("inference") && text.contains("training"), "{text}");
    assert_eq!(place.files(), ["flowers.csv", "model.safetensors"].map(str::to_owned).into());
    assert_eq!(place.read("model.safetensors"), model);
}

#[test]
fn one_work_alone_can_be_asked_for() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let document = bench(&place, &["--work", "inference", "--batch-size", "150"]);
    check_figures(&document["inference"], 150);
    assert!(document.get("training").is_none(), "{document}");
    check_products(&document, &[(1, "forward"), (2, "forward"), (3, "forward")]);
    let document = bench(&place, &["--work", "training"]);
    assert!(document.get("inference").is_none(), "{document}");
    // Inference does without targets.
    let unlabelled = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    let text = String::from_utf8(place.read("flowers.csv")).unwrap();
    place.write("flowers.csv", text.lines().map(unlabelled).collect::<String>());
    check_figures(&bench(&place, &["--work", "inference"])["inference"], 10);
}

#[test]
fn without_a_model_the_machine_is_measured() {
    let place = Place::new();
    let document = place.json(&[&["bench", "--json"], &QUICK[..]].concat());
    check_machine(&document["machines"][0], 1);
    check_machine(&document["machines"][1], 2);
    let document = place.json(&["bench", "--json", "--seconds", "0.02", "--threads", "1"]);
    assert_eq!(document["machines"].as_array().unwrap().len(), 1);
    let text = place.ok(&[&["bench"], &QUICK[..]].concat());
    assert!(text.contains("on 2 threads") && text.contains("from memory"), "{text}");
    for arguments in [["bench", "model.safetensors"].as_slice(), &["bench", "--batch-size", "3"]] {
        assert_eq!(place.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_linear_model_is_measured_too() {
    let place = Place::with_flowers();
    let options =
        ["train", "flowers.csv", "--target", "kind", "--hidden", "none", "--epochs", "1", "--quiet"];
    place.ok(&options);
    let document = bench(&place, &[]);
    check_figures(&document["training"], 10);
    assert_eq!(document["sparsity"], json!([]));
}

#[test]
fn what_cannot_be_measured_is_told() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let on = ["bench", "model.safetensors", "flowers.csv"];
    let error = |options: &[&str]| place.error(&[&on, options].concat());
    assert_eq!(
        error(&["--batch-size", "75"]),
        "error: flowers.csv: expected at least 151 examples, found 150\n\
         hint: it takes three mini-batches; --part all takes everything there is, or lower --batch-size\n"
    );
    let message = error(&["--batch-size", "151", "--work", "inference"]);
    assert!(message.contains("expected at least 151 examples"), "{message}");
    for options in [["--batch-size", "0"], ["--seconds", "0"], ["--seconds", "-1"], ["--learning-rate", "0"]]
    {
        let output = place.run(&[&on[..], &options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
}
