//! Models as ONNX files, out and in.

mod common;

use common::Place;
use serde_json::json;

#[test]
fn an_exported_model_comes_back_and_predicts_the_same() {
    let place = Place::new();
    let flowers = common::flowers(150, 1);
    let fields = flowers.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (all, numbers): (Vec<_>, Vec<_>) = fields
        .map(|fields| {
            let numbers = fields[..4].join(",");
            (format!("{numbers},{}", fields[5]), numbers)
        })
        .unzip();
    place.write("flowers.csv", all.join("\n"));
    place.write("numbers.csv", numbers.join("\n"));
    place.train(&["flowers.csv", "--target", "kind"]);
    let exported = place.json(&["export", "model.safetensors", "--onnx", "m.onnx", "--json"]);
    assert_eq!(exported["takes"], "raw");
    assert_eq!(exported["task"], "classify");
    assert_eq!(exported["bytes"], place.read("m.onnx").len());
    let imported = place.json(&["import", "m.onnx", "--out", "back.st", "--json"]);
    assert_eq!(imported["hidden"], json!([20, 20]));
    assert_eq!(imported["activation"], json!(["rectifier", "rectifier"]));
    assert_eq!(imported["outputs"], exported["outputs"]);

    // The imported model counts columns; the trained one knows their names.
    let [before, after] = ["model.safetensors", "back.st"]
        .map(|model| place.json(&["predict", model, "numbers.csv", "--json"])["predictions"].clone());
    let (before, after) = (before.as_array().unwrap(), after.as_array().unwrap());
    assert_eq!(before.len(), 150);
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before["label"], after["label"]);
        for (p, q) in
            before["probabilities"].as_array().unwrap().iter().zip(after["probabilities"].as_array().unwrap())
        {
            assert!((p.as_f64().unwrap() - q.as_f64().unwrap()).abs() < 1e-5, "{before} and {after}");
        }
    }
    assert!(place.ok(&["inspect", "back.st", "numbers.csv"]).contains("hidden 2"));
    let told = place.ok(&["import", "m.onnx", "--out", "back.st"]);
    for line in [
        "back.st: 4-20-20-3, ",
        "task        classify\n",
        "classes     3: ",
        "layers      20 rectifier, 20 rectifier, 3 outputs\n",
        "left out    nothing\n",
    ] {
        assert!(told.contains(line), "expected {line:?} in\n{told}");
    }
    assert_eq!(imported["warnings"], json!([]));
    let named = place.json(&["import", "m.onnx", "--out", "back.st", "--classes", "a,b,c", "--json"]);
    assert_eq!(named["outputs"], json!(["a", "b", "c"]));
    let error = place.error(&["import", "m.onnx", "--out", "back.st", "--classes", "a,b"]);
    assert!(error.contains("m.onnx: classes: expected 3 names, found 2"), "{error}");
    let error = place.error(&["import", "m.onnx", "--out", "back.st", "--task", "regress"]);
    assert!(error.contains("expected the task classify, as probabilities add up to 1"), "{error}");
}

#[test]
fn text_is_prepared_before_it_enters_a_graph() {
    let place = Place::new();
    let rows: Vec<String> = (0..40).map(|at| format!("{},word{} and more", at % 2, at % 4)).collect();
    let rows = rows.join("\n");
    place.write("texts.csv", format!("y,text\n{rows}"));
    place.train(&["texts.csv", "--target", "y", "--text", "text"]);
    let exported = place.json(&["export", "model.safetensors", "--onnx", "m.onnx", "--json"]);
    assert_eq!(exported["takes"], "prepared");
    let file = String::from_utf8_lossy(&place.read("m.onnx")).into_owned();
    assert!(file.contains("\"inputs\":\"prepared\",\"input_names\":["), "the metadata names the inputs");
    assert!(place.ok(&["export", "model.safetensors", "--onnx", "m.onnx"]).contains("named in its metadata"));
}

#[test]
fn files_that_cannot_be_taken_over() {
    let place = Place::with_flowers();
    let refused = |arguments: &[&str], message: &str| {
        let before = place.files();
        let found = place.error(arguments);
        assert!(found.contains(message), "{arguments:?}: expected {message:?} in\n{found}");
        assert_eq!(place.files(), before, "{arguments:?} leaves nothing behind");
    };
    refused(&["import", "none.onnx"], "error: cannot read none.onnx: ");
    refused(&["import", "flowers.csv"], "error: flowers.csv: file: expected an ONNX model");
    refused(&["import", "flowers.csv", "--out", "no/m.st"], "cannot write no/m.st");
    refused(&["export", "flowers.csv", "--onnx", "m.onnx"], "expected a safetensors file");
    place.train(&["flowers.csv", "--target", "kind"]);
    refused(&["export", "model.safetensors", "--onnx", "no/m.onnx"], "cannot write no/m.onnx");
    place.ok(&[
        "pretrain",
        "flowers.csv",
        "--target",
        "kind",
        "--hidden",
        "5",
        "--pretrain-epochs",
        "1",
        "--quiet",
        "--out",
        "e.st",
    ]);
    refused(
        &["export", "e.st", "--onnx", "m.onnx"],
        "has no outputs to export\nhint: `truezero train --from`",
    );
}

#[test]
fn what_is_no_onnx_file_is_named_for_what_it_is() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    place.write("pointer.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    for (file, what) in [
        ("flowers.csv", "text, as a CSV file is"),
        ("model.safetensors", "a model (a safetensors file)"),
        ("pointer.onnx", "a Git LFS pointer in place of the file"),
    ] {
        let error = place.error(&["import", file, "--out", "back.st"]);
        assert!(error.contains(&format!("{file}: file: expected an ONNX model, found {what}")), "{error}");
    }
}
