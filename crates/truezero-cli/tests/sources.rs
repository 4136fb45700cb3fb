//! Data as people name it: from standard input, with a format, as a folder of images.

mod common;

use std::fs;
use std::process::Stdio;

use common::{Place, failed, succeeded};

/// Runs a command with a file as standard input.
fn piped(place: &Place, file: &str, arguments: &[&str]) -> std::process::Output {
    let input = Stdio::from(fs::File::open(place.path(file)).unwrap());
    place.truezero(arguments).stdin(input).output().unwrap()
}

#[test]
fn standard_input_is_data_as_a_file_is() {
    let place = Place::with_flowers();
    let train = [
        "train",
        "-",
        "--target",
        "kind",
        "--epochs",
        "2",
        "--hidden",
        "5",
        "--json",
        "--out",
        "piped.safetensors",
    ];
    succeeded(&train, &piped(&place, "flowers.csv", &train));
    place.train(&[
        "flowers.csv",
        "--target",
        "kind",
        "--epochs",
        "2",
        "--hidden",
        "5",
        "--out",
        "model.safetensors",
    ]);
    for verb in ["predict", "evaluate", "encode"] {
        let arguments: Vec<&str> = match verb {
            "evaluate" => vec![verb, "model.safetensors", "-", "--json"],
            "encode" => vec![verb, "model.safetensors", "-", "--out", "codes.npz", "--json"],
            _ => vec![verb, "model.safetensors", "-"],
        };
        let mut from_file = arguments.clone();
        from_file[2] = "flowers.csv";
        let read = succeeded(&arguments, &piped(&place, "flowers.csv", &arguments));
        if verb == "predict" {
            assert_eq!(read, place.ok(&from_file));
        }
    }
    for arguments in [
        &["train", "-", "--target", "kind", "--stream"][..],
        &["predict", "model.safetensors", "-", "--stream", "--out", "parts"],
    ] {
        let error = failed(arguments, &piped(&place, "flowers.csv", arguments));
        assert!(error.contains("leave out --stream"), "{error}");
    }
}

#[test]
fn a_format_is_said_where_nothing_tells() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    place.write("one.txt", "sepal\n5.0\n");
    let error = place.error(&["predict", "model.safetensors", "one.txt"]);
    assert!(error.contains("hint: --format says what it is"), "{error}");
    // Now it is a table, which lacks other columns.
    let error = place.error(&["predict", "model.safetensors", "one.txt", "--format", "csv"]);
    assert!(error.contains("columns: expected \"petal\", "), "{error}");
}

#[test]
fn predictions_for_images_name_their_files() {
    let place = Place::new();
    let png =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../truezero-data/tests/fixtures/grey.png")).unwrap();
    for class in ["cat", "dog"] {
        fs::create_dir_all(place.path("pets").join(class)).unwrap();
        (0..4).for_each(|at| {
            fs::write(place.path("pets").join(class).join(format!("{at}.png")), &png).unwrap();
        });
    }
    place.train(&["pets", "--validation", "0", "--test-fraction", "0"]);
    fs::create_dir(place.path("new")).unwrap();
    fs::write(place.path("new/7.png"), &png).unwrap();
    for data in ["new", "new/7.png"] {
        let csv = place.ok(&["predict", "model.safetensors", data]);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "file,label,probability_cat,probability_dog");
        assert!(lines[1].starts_with("new/7.png,"), "{csv}");
        let document = place.json(&["predict", "model.safetensors", data, "--json"]);
        assert_eq!(document["files"], serde_json::json!(["new/7.png"]));
    }
}
