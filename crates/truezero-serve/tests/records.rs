//! Raw records: preprocessing is replayed as `truezero predict` replays it.

mod common;

use common::{Folder, Running, with_preprocessing};
use serde_json::{Value, json};
use truezero::{Model, Prediction};
use truezero_data::preprocess::{PreprocessOptions, TargetPlan};
use truezero_data::{
    Column, ColumnValues, Features, Notices, Preprocessing, Raw, RawTarget, SourceSpec, Table, open,
};
use truezero_sparse::Engine;

/// A table with numbers, of which one is missing, categories and text.
fn table(rows: usize) -> Table {
    let numbers = (0..rows).map(|row| if row == 3 { f64::NAN } else { row as f64 / 7.0 });
    let words = (0..rows).map(|row| Some(["red", "green", "blue"][row % 3].to_owned()));
    let texts = (0..rows).map(|row| format!("a {} film, number {row}", ["fine", "dull"][row % 2]));
    let column = |name: &str, values| Column { name: name.to_owned(), values };
    Table {
        rows,
        columns: vec![
            column("size", ColumnValues::Numbers(numbers.collect())),
            column("colour", ColumnValues::Categories(words.collect())),
            column("body", ColumnValues::Text(texts.collect())),
        ],
        ..Table::default()
    }
}

fn trained() -> Model {
    let target = (0..20).map(|row| ["down", "up"][row % 2].to_owned()).collect();
    let raw =
        Raw { features: Features::Table(table(20)), target: Some(RawTarget::Labels(target)), image: None };
    let rows: Vec<usize> = (0..20).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    with_preprocessing(preprocessing, &[16], 1)
}

fn records(count: usize) -> Value {
    let record = |row: usize| {
        let mut record = json!({
            "size": row as f64 / 7.0,
            "colour": (["red", "green", "blue"][row % 3]),
            "body": format!("a {} film, number {row}", ["fine", "dull"][row % 2]),
            "not in the model": 7,
        });
        if row == 3 {
            record["size"] = Value::Null;
        }
        record
    };
    (0..count).map(record).collect()
}

#[test]
fn columns_and_text_are_treated_as_in_training() {
    let folder = Folder::new();
    let model = trained();
    let server = Running::serving(&folder.save("films", &model));
    let answer = server.post("/v1/predict", &json!({"records": records(6)})).ok();
    let inputs = model.preprocessing.inputs(Features::Table(table(6)), &Notices::default()).unwrap();
    let expected = model.predictions(model.network.predict(&mut Engine::new(1), &inputs));
    assert_eq!((&answer["task"], &answer["names"]), (&json!("classify"), &json!(["down", "up"])));
    assert_eq!(answer["model_name"], "films");
    for (row, found) in answer["predictions"].as_array().unwrap().iter().enumerate() {
        let Prediction::Class { label, probabilities } = expected.of(row) else { panic!("a class") };
        assert_eq!(found["label"], label);
        let found: Vec<f32> = found["probabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p.to_string().parse().unwrap())
            .collect();
        assert_eq!(found, probabilities);
    }
    // A column that is left out somewhere is missing there.
    let mut fewer = records(6);
    fewer[3].as_object_mut().unwrap().remove("size");
    let again = server.post("/v1/predict", &json!({"model": "films", "records": fewer})).ok();
    assert_eq!(again["predictions"], answer["predictions"]);
    // The same model takes its inputs as a tensor as well.
    let dense = match inputs {
        truezero_sparse::Batch::Active(inputs) => inputs.to_dense(),
        truezero_sparse::Batch::Dense(inputs) => inputs,
    };
    let values: Vec<f32> = (0..6).flat_map(|row| dense.row(row).to_vec()).collect();
    let tensors = server.infer("films", &common::dense(dense.width(), &values)).ok();
    let expected: Vec<f32> = (0..6).flat_map(|row| expected.values.row(row).to_vec()).collect();
    assert_eq!(common::floats(&tensors, "probabilities"), expected);
}

/// A number selects the category, and has the words, that it has in a table.
#[test]
fn numbers_mean_as_categories_and_as_text_what_they_mean_in_a_table() {
    let folder = Folder::new();
    let ids = ["9007199254740992", "9007199254740993", "7"];
    let id = |row: usize| Some(ids[row % 3].to_owned());
    let text = |row: usize| format!("from {}", ["1984", "1984.0", "1985"][row % 3]);
    let column = |name: &str, values| Column { name: name.to_owned(), values };
    let table = Table {
        rows: 30,
        columns: vec![
            column("id", ColumnValues::Categories((0..30).map(id).collect())),
            column("body", ColumnValues::Text((0..30).map(text).collect())),
        ],
        ..Table::default()
    };
    let target = (0..30).map(|row| ["down", "up"][row % 2].to_owned()).collect();
    let raw = Raw { features: Features::Table(table), target: Some(RawTarget::Labels(target)), image: None };
    let rows: Vec<usize> = (0..30).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let server = Running::serving(&folder.save("films", &with_preprocessing(preprocessing, &[16], 1)));
    let prediction = |record: &str| {
        let request = format!("{{\"records\": [{record}]}}");
        server.connect().send("POST", "/v1/predict", &[], request.as_bytes()).ok()["predictions"][0].clone()
    };
    for id in ids {
        assert_eq!(prediction(&format!("{{\"id\": {id}}}")), prediction(&format!("{{\"id\": \"{id}\"}}")));
    }
    for number in ["1984", "1984.0", "1985"] {
        let as_text = prediction(&format!("{{\"body\": \"{number}\"}}"));
        assert_eq!(prediction(&format!("{{\"body\": {number}}}")), as_text);
    }
    let of_ids: Vec<_> = ids.map(|id| prediction(&format!("{{\"id\": {id}}}"))).into();
    assert!(of_ids[0] != of_ids[1] && of_ids[1] != of_ids[2], "{of_ids:?}");
}

#[test]
fn numbers_of_a_table_without_gaps_are_scaled_in_tensors_too() {
    let folder = Folder::new();
    let mut table = table(20);
    table.columns.truncate(1);
    table.columns[0].values = ColumnValues::Numbers((0..20).map(|row| 3.0 + f64::from(row)).collect());
    let target = RawTarget::Numbers((0..20).map(|row| f64::from(row) * 0.37).collect());
    let raw = Raw { features: Features::Table(table), target: Some(target), image: None };
    let rows: Vec<usize> = (0..20).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let server = Running::serving(&folder.save("prices", &with_preprocessing(preprocessing, &[8], 1)));
    let tensors = server.infer("prices", &common::dense(1, &[4.0, 7.5])).ok();
    let records = server.post("/v1/predict", &json!({"records": [{"size": 4}, {"size": 7.5}]})).ok();
    let quantities: Vec<&Value> =
        records["predictions"].as_array().unwrap().iter().map(|one| &one["quantities"][0]).collect();
    let found = common::floats(&tensors, "quantities");
    let expected: Vec<f32> = quantities.iter().map(|number| number.to_string().parse().unwrap()).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{found} {expected}");
    }
    assert_eq!(records["names"], json!(["quantity"]));
}

#[test]
fn a_model_of_digits_takes_arrays() {
    let folder = Folder::new();
    let digits = open(&SourceSpec::new("digits5k")).unwrap().train;
    let rows: Vec<usize> = (0..100).collect();
    let preprocessing = Preprocessing::fit(&digits, &rows, &PreprocessOptions::default()).unwrap();
    let model = with_preprocessing(preprocessing, &[32], 1);
    let server = Running::serving(&folder.save("digits", &model));
    let Features::Matrix(mut pixels) = digits.features else { panic!("a matrix") };
    let all = pixels.clone();
    pixels.copy_from(&all, &[0, 5]);
    let dense = match &pixels {
        truezero_sparse::Batch::Active(pixels) => pixels.to_dense(),
        truezero_sparse::Batch::Dense(pixels) => pixels.clone(),
    };
    let answer = server.post("/v1/predict", &json!({"records": [dense.row(0), dense.row(1)]})).ok();
    let inputs = model.preprocessing.inputs(Features::Matrix(pixels), &Notices::default()).unwrap();
    let expected = model.predictions(model.network.predict(&mut Engine::new(1), &inputs));
    for (row, found) in answer["predictions"].as_array().unwrap().iter().enumerate() {
        assert_eq!(found["label"], expected.of(row).label().unwrap());
    }
}

#[test]
fn records_that_do_not_suit_are_refused_with_the_reason() {
    let folder = Folder::new();
    let targets = TargetPlan::Classes { names: ["a", "b"].map(str::to_owned).to_vec() };
    let files =
        [folder.save("films", &trained()), folder.save("matrix", &common::model(3, &[4], targets, 1))];
    let server = Running::start(&files, common::options(truezero_serve::Limits::default()));
    let record = |record: Value| json!({"model": "films", "records": [record]});
    let whole = json!({"size": 1, "colour": "red", "body": "x"});
    let with = |name: &str, value: Value| {
        let mut record = whole.clone();
        record[name] = value;
        record
    };
    let twice = br#"{"model": "films", "records": [{"size": 1, "size": 2}]}"#;
    let message = server.connect().send("POST", "/v1/predict", &[], twice).refused(400);
    assert_eq!(message, "record 1, column \"size\": expected it once, found it twice");
    for (status, reason, request) in [
        (422, "record 2: expected columns", json!({"model": "films", "records": [whole, {"sizes": 1}]})),
        (422, "the name of one", json!({"records": [whole]})),
        (404, "no model is named", json!({"model": "none", "records": [whole]})),
        (422, "at least one", json!({"model": "films", "records": []})),
        (422, "such as \"size\"", record(json!({"unknown": 1}))),
        (422, "record 1, column \"size\": expected a number", record(with("size", json!("large")))),
        (422, "record 1: expected an object", record(json!([1, 2, 3]))),
        (422, "record 1: expected an array of 3 numbers", json!({"model": "matrix", "records": [whole]})),
        (422, "found 2 numbers", json!({"model": "matrix", "records": [[1, 2]]})),
        (400, "record 1, column \"size\": expected a number", record(with("size", json!({"a": 1})))),
        (400, "record 1: expected an object", record(json!(7))),
        (400, "model: expected a text, found 7", json!({"model": 7, "records": []})),
        (400, "records: expected an array of records, found nothing", json!({"model": "films"})),
        (400, "records: expected an array, found an object", json!({"model": "films", "records": {}})),
    ] {
        let message = server.post("/v1/predict", &request).refused(status);
        assert!(message.contains(reason), "{message:?} does not say {reason:?}");
    }
    // What one record leaves out means the same whether others have it or not.
    let predictions = |records: Value| {
        server.post("/v1/predict", &json!({"model": "films", "records": records})).ok()["predictions"].clone()
    };
    for part in [
        json!({"size": 1}),
        json!({"colour": "red"}),
        json!({"body": "x"}),
        json!({"size": null, "body": "x"}),
    ] {
        assert_eq!(predictions(json!([part]))[0], predictions(json!([part, whole]))[0], "{part}");
    }
    // Unknown categories and unknown words are none, as in `truezero predict`.
    server.post("/v1/predict", &record(with("colour", json!("violet")))).ok();
    server.post("/v1/predict", &record(with("colour", json!(true)))).ok();
    server.post("/v1/predict", &record(with("body", Value::Null))).ok();
}
