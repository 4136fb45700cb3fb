//! From training to every use of a model, by the real command.

mod common;

use common::{Place, flowers, prices};
use serde_json::{Value, json};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

#[test]
fn a_classifier_is_trained_evaluated_used_and_inspected() {
    let place = Place::with_flowers();
    let trained = place.train(&["flowers.csv", "--target", "kind", "--seed", "5"]);
    assert_eq!(trained["task"], "classify");
    assert!(number(&trained["test_error"]) < 0.2, "{trained}");
    assert!(number(&trained["validation_error"]) < 0.2, "{trained}");
    assert_eq!(trained["examples"], json!({ "train": 121, "validation": 14, "test": 15 }));
    assert_eq!((&trained["seed"], &trained["epochs"]), (&json!(5), &json!(8)));
    assert_eq!((&trained["model"], &trained["stopped"]), (&json!("model.safetensors"), &json!("epochs")));
    assert_eq!(trained["history"].as_array().unwrap().len(), 8);
    assert!(number(&trained["examples_per_second"]) > 0.0 && number(&trained["seconds"]) > 0.0);
    let sparsity = trained["sparsity"].as_array().unwrap();
    assert_eq!(sparsity.len(), 2);
    let mean = f64::midpoint(number(&sparsity[0]), number(&sparsity[1]));
    assert!((number(&trained["mean_sparsity"]) - mean).abs() < 1e-12 && mean > 0.1 && mean < 0.95);
    assert_eq!(place.files(), ["flowers.csv", "model.safetensors"].map(str::to_owned).into());

    place.write("more.csv", flowers(60, 2));
    let evaluated = place.json(&["evaluate", "model.safetensors", "more.csv", "--json"]);
    assert!(number(&evaluated["error"]) < 0.2, "{evaluated}");
    assert_eq!((&evaluated["examples"], &evaluated["outputs"][1]["examples"]), (&json!(60), &json!(20)));
    assert_eq!(evaluated["outputs"][2]["name"], "clover");
    let confusion: f64 = evaluated["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(number)
        .sum();
    assert_eq!(confusion, 60.0);

    // Without the target, and with the columns in another order.
    let reordered = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        [cells[4], cells[1], cells[0], cells[3], cells[2]].join(",")
    };
    let unlabelled: Vec<String> = flowers(60, 2).lines().map(reordered).collect();
    place.write("new.csv", unlabelled.join("\n"));
    let csv = place.ok(&["predict", "model.safetensors", "new.csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "label,probability_aster,probability_briar,probability_clover");
    assert_eq!(lines.len(), 61);
    let wrong = lines[1..]
        .iter()
        .enumerate()
        .filter(|(at, line)| line.split(',').next() != Some(["aster", "briar", "clover"][at % 3]))
        .count();
    assert_eq!(wrong as f64 / 60.0, number(&evaluated["error"]), "predict and evaluate agree");
    // A target column that is there changes nothing.
    assert_eq!(csv, place.ok(&["predict", "model.safetensors", "more.csv"]));
    let predicted = place.json(&["predict", "model.safetensors", "more.csv", "--json"]);
    let first = &predicted["predictions"][0];
    let sum: f64 = first["probabilities"].as_array().unwrap().iter().map(number).sum();
    assert!((sum - 1.0).abs() < 1e-5);
    assert!(lines[1].starts_with(first["label"].as_str().unwrap()));
    place.ok(&["predict", "model.safetensors", "new.csv", "--out", "labels.csv"]);
    assert_eq!(place.read("labels.csv"), csv.as_bytes());

    let encoded = place.json(&["encode", "model.safetensors", "more.csv", "--layer", "1", "--json"]);
    assert_eq!(
        (&encoded["examples"], &encoded["units"], &encoded["layer"]),
        (&json!(60), &json!(20), &json!(1))
    );
    assert_eq!(encoded["dense_bytes"], 60 * 20 * 4);
    assert_eq!(number(&encoded["bytes"]), place.read("codes.npz").len() as f64);
    assert!((number(&encoded["sparsity"]) - number(&evaluated["sparsity"][0])).abs() < 1e-12);

    let inspected = place.json(&["inspect", "model.safetensors", "more.csv", "--json"]);
    assert_eq!(inspected["data"]["sparsity"], evaluated["sparsity"]);
    assert_eq!(inspected["data"]["layers"][0]["units"], 20);
    assert_eq!(inspected["configuration"]["target"], "kind");
    assert_eq!(inspected["configuration"]["hidden"], json!([20, 20]));
    assert_eq!(inspected["outputs"], json!(["aster", "briar", "clover"]));
    let layers: f64 =
        inspected["layers"].as_array().unwrap().iter().map(|layer| number(&layer["parameters"])).sum();
    assert_eq!(layers, number(&inspected["parameters"]));
    assert_eq!(inspected["summary"]["validation_error"], trained["validation_error"]);
    let text = place.ok(&["inspect", "model.safetensors", "more.csv"]);
    assert!(text.contains("hidden 2: examples by their share of active units"), "{text}");
}

#[test]
fn quantities_are_told_in_their_own_units() {
    let place = Place::new();
    place.write("prices.csv", prices(300, 3));
    let trained = place.train(&["prices.csv", "--target", "y", "--learning-rate", "0.02", "--l1", "0"]);
    let rmse = number(&trained["test_rmse"]);
    // y has a standard deviation of about 40 and noise of about 0.6.
    assert!(trained["test_error"].is_null() && rmse > 0.3 && rmse < 15.0, "{trained}");
    assert!(number(&trained["validation_error"]) > 0.3, "{trained}");
    place.write("new.csv", prices(50, 4));
    let evaluated = place.json(&["evaluate", "model.safetensors", "new.csv", "--json"]);
    let csv = place.ok(&["predict", "model.safetensors", "new.csv"]);
    let column = |text: &str, at: usize| -> Vec<f64> {
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
    };
    assert_eq!(csv.lines().next(), Some("y"));
    let (predicted, true_values) = (column(&csv, 0), column(&prices(50, 4), 2));
    let squares: f64 = predicted.iter().zip(&true_values).map(|(p, y)| (p - y).powi(2)).sum();
    let expected = (squares / 50.0).sqrt();
    assert!((number(&evaluated["rmse"]) / expected - 1.0).abs() < 1e-3, "{evaluated}");
    assert!(place.ok(&["evaluate", "model.safetensors", "new.csv"]).contains("RMSE"));
}

#[test]
fn several_quantities_each_have_their_own_unit() {
    let place = Place::new();
    place.write("prices.csv", prices(300, 3));
    let trained = place.train(&["prices.csv", "--target", "y,z", "--learning-rate", "0.02", "--l1", "0"]);
    let each: Vec<f64> = trained["test_rmse_each"].as_array().unwrap().iter().map(number).collect();
    assert!(each[0] > 100.0 * each[1], "{trained}");
    let pooled = (each.iter().map(|rmse| rmse * rmse).sum::<f64>() / 2.0).sqrt();
    assert!((number(&trained["test_rmse"]) - pooled).abs() < 1e-9);
    let csv = place.ok(&["predict", "model.safetensors", "prices.csv"]);
    assert_eq!(csv.lines().next(), Some("y,z"));
}

#[test]
fn text_is_read_as_text_again() {
    let place = Place::new();
    let reviews = |good: &str, bad: &str| -> String {
        let rows = (0..40).map(|at| match at % 2 {
            0 => format!("\"{good} film, number {at}\",up\n"),
            _ => format!("\"{bad} film, number {at}\",down\n"),
        });
        std::iter::once("body,thumb\n".to_owned()).chain(rows).collect()
    };
    place.write("reviews.csv", reviews("a fine", "a dull"));
    place.train(&[
        "reviews.csv",
        "--target",
        "thumb",
        "--text",
        "body",
        "--weighting",
        "tfidf",
        "--class-weight",
        "balanced",
    ]);
    place.write("new.csv", "body\nwhat a fine number\n\"dull, dull\"\n");
    let csv = place.ok(&["predict", "model.safetensors", "new.csv"]);
    let labels: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(labels, ["up", "down"]);
}

#[test]
fn the_embedded_digits_have_parts_and_a_linear_model_no_hidden_layers() {
    let place = Place::new();
    let trained = place.json(&[
        "train",
        "--hidden",
        "none",
        "--epochs",
        "2",
        "--json",
        "--quiet",
        "--out",
        "linear.st",
    ]);
    assert!(number(&trained["test_error"]) < 0.25, "{trained}");
    assert_eq!((&trained["sparsity"], &trained["examples"]["train"]), (&json!([]), &json!(4000)));
    let evaluate =
        |part: &[&str]| place.json(&[&["evaluate", "linear.st", "digits5k", "--json"], part].concat());
    assert_eq!(evaluate(&[])["error"], trained["test_error"]);
    assert_eq!(evaluate(&["--part", "validation"])["error"], trained["validation_error"]);
    assert_eq!(evaluate(&["--part", "all"])["examples"], 5000);
    let message = place.error(&["encode", "linear.st", "digits5k"]);
    assert_eq!(message, "error: hidden layer: expected a model with hidden layers, found a linear one\n");
}

#[test]
fn a_configuration_file_is_as_good_as_options() {
    let place = Place::with_flowers();
    place.train(&[
        "flowers.csv",
        "--target",
        "kind",
        "--out",
        "typed.st",
        "--dropout",
        "0.2,0.1",
        "--optimizer",
        "adam",
        "--learning-rate",
        "0.01",
        "--weight-column",
        "scent",
    ]);
    place.write(
        "experiment.toml",
        "data = \"flowers.csv\"\ntarget = \"kind\"\ndropout = [0.2, 0.1]\noptimizer = \"adam\"\n\
         learning-rate = 0.5\nhidden = [20, 20]\nepochs = 8\nquiet = true\nout = \"file.st\"\nweight-column = \"scent\"\n",
    );
    place.ok(&["train", "--config", "experiment.toml", "--learning-rate", "0.01"]);
    assert_eq!(place.read("typed.st"), place.read("file.st"));
}

#[test]
fn event_files_are_written() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind", "--log-dir", "runs/a"]);
    let entries: Vec<_> =
        std::fs::read_dir(place.path("runs/a")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1);
    let bytes = std::fs::read(&entries[0]).unwrap();
    let holds = |tag: &str| bytes.windows(tag.len()).filter(|window| *window == tag.as_bytes()).count();
    for tag in [
        "train/cost",
        "validation/error",
        "validation/cost",
        "sparsity/layer_2",
        "sparsity/mean",
        "l1",
        "learning_rate",
        "gradient_norm/layer_3",
        "dead_units/layer_1",
    ] {
        assert_eq!(holds(tag), 8, "{tag}, once an epoch");
    }
}

#[test]
fn other_verbs_print_what_they_promise() {
    let place = Place::new();
    assert!(place.ok(&["completions", "bash"]).contains("--target-sparsity"));
    assert!(place.ok(&["man"]).contains(".TH truezero 1"));
    place.ok(&["man", "--out", "man"]);
    let pages = std::fs::read_dir(place.path("man")).unwrap().count();
    assert_eq!(pages, 18, "one for the command, one for each verb and for `sweep report`");
    assert!(place.ok(&["fetch", "--list"]).contains("fashion-mnist\n"));
    assert_eq!(place.json(&["fetch", "--list", "--json"])[0], "mnist");
}
