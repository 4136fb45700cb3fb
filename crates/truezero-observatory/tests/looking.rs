//! What the page is told of a network is what the network does.

mod common;

use axum::http::StatusCode;
use common::{ask, drawn, json, model, of, wait_for};
use serde_json::{Value, json};
use truezero_data::{Column, ColumnValues, Features, Notices, RawTarget, Table};
use truezero_observatory::Observatory;
use truezero_sparse::{Batch, DenseBatch, Engine};

fn picture() -> Vec<f32> {
    (0..784).map(|at| if at % 5 == 0 { (at % 200) as f32 } else { 0.0 }).collect()
}

#[tokio::test]
async fn an_observation_is_the_network_at_work() {
    let model = drawn();
    let question = json!({ "network": "given-0", "input": { "values": picture() } });
    let (status, seen) = json(&of(&model), "POST", "/observatory/observe", question).await;
    assert_eq!(status, StatusCode::OK, "{seen}");

    let raw = Features::Matrix(Batch::Dense(DenseBatch::from_rows(784, &picture())));
    let inputs = model.preprocessing.inputs(raw, &Notices::default()).unwrap();
    let mut engine = Engine::new(1);
    let floats = |value: &Value| -> Vec<f32> { serde_json::from_value(value.clone()).unwrap() };
    assert_eq!(floats(&seen["values"]), model.network.predict(&mut engine, &inputs).row(0));
    assert_eq!(seen["outputs"], json!(["a", "b", "c"]));
    for layer in 0..2 {
        let code = model.network.encode(&mut engine, &inputs, layer);
        let (units, values) = code.example(0);
        let expected: Vec<(u32, f32)> = units.iter().copied().zip(values.iter().copied()).collect();
        let cells: Vec<(u32, f32)> = serde_json::from_value(seen["layers"][layer]["cells"].clone()).unwrap();
        assert_eq!(cells, expected);
        assert_eq!(seen["layers"][layer]["active"], units.len());
        assert!(units.len() < [30, 20][layer], "some unit is zero");
    }
    let edges = seen["path"]["edges"].as_array().unwrap();
    assert!(edges.iter().any(|edge| edge[0] == 1 && edge[2] == seen["winner"]), "{edges:?}");
}

#[tokio::test]
async fn the_weights_of_a_unit_are_those_of_the_network() {
    let model = drawn();
    let observatory = of(&model);
    let get = async |layer: usize, unit: usize| {
        let path = format!("/observatory/unit?network=given-0&layer={layer}&unit={unit}");
        json(&observatory, "GET", &path, Value::Null).await
    };
    let [below, above] = [&model.network.layers[0], &model.network.layers[1]];
    let (_, unit) = get(0, 7).await;
    let image: Vec<f32> = serde_json::from_value(unit["image"].clone()).unwrap();
    assert!((0..784).all(|pixel| image[pixel] == below.weights.get(pixel, 7)));
    let strongest = image.iter().map(|weight| weight.abs()).fold(0.0, f32::max);
    assert_eq!(unit["strongest"][0][1].as_f64().unwrap().abs() as f32, strongest);

    let (_, unit) = get(1, 3).await;
    let image: Vec<f32> = serde_json::from_value(unit["image"].clone()).unwrap();
    let signs = below.signs.as_ref().unwrap();
    for pixel in [0, 400, 783] {
        let expected: f32 =
            (0..30).map(|via| below.weights.get(pixel, via) * signs[via] * above.weights.get(via, 3)).sum();
        assert!((image[pixel] - expected).abs() < 1e-5, "{} against {expected}", image[pixel]);
    }
    for (layer, unit) in [(0, 30), (2, 0)] {
        assert_eq!(get(layer, unit).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_table_is_asked_for_by_its_columns() {
    let numbers = ColumnValues::Numbers(vec![1.0, 2.0, 4.0]);
    let words = ["fine film", "bad film", "fine"].map(str::to_owned).to_vec();
    let columns = vec![
        Column { name: "age".to_owned(), values: numbers },
        Column { name: "text".to_owned(), values: ColumnValues::Text(words) },
    ];
    let model = model(
        Features::Table(Table { rows: 3, columns, ..Table::default() }),
        RawTarget::Numbers(vec![0.5, 1.25, 9.0].into()),
    );
    let observatory = of(&model);
    let (_, state) = json(&observatory, "GET", "/observatory/state", Value::Null).await;
    let network = &state["networks"][0];
    assert_eq!((&network["image"], &network["columns"]), (&json!(false), &json!(["age", "text"])));
    let look = async |record: Value| {
        let question = json!({ "network": "given-0", "input": { "record": record } });
        json(&observatory, "POST", "/observatory/observe", question).await
    };
    let (status, fine) = look(json!({ "age": 2, "text": "a fine film" })).await;
    assert_eq!(status, StatusCode::OK, "{fine}");
    let (_, bad) = look(json!({ "age": 2, "text": "a bad film" })).await;
    assert_ne!(fine["values"], bad["values"]);
    let (_, missing) = look(json!({ "age": null, "text": "a fine film" })).await;
    let (status, left_out) = look(json!({ "text": "a fine film" })).await;
    assert_eq!((status, &left_out["values"]), (StatusCode::OK, &missing["values"]), "the same");
    let (status, refused) = look(json!({ "other": 1 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["error"].as_str().unwrap().contains("such as \"age\""), "{refused}");
    let (status, _) = look(json!({ "age": [1], "text": "" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_words() {
    let observatory = of(&drawn());
    let values = |count: usize| json!({ "values": vec![0.0; count] });
    for (question, status, words) in [
        (json!({ "network": "given-1", "input": values(784) }), 404, "no network is known by \"given-1\""),
        (json!({ "network": "live", "input": values(784) }), 404, "live"),
        (
            json!({ "network": "given-0", "input": values(783) }),
            422,
            "input.values: expected an array of 784 numbers, as in training, found 783 numbers",
        ),
        (
            json!({ "network": "given-0", "input": { "values": "x" } }),
            422,
            "input.values: expected an array of 784 numbers, as in training, found a text",
        ),
        (
            json!({ "network": "given-0", "input": { "values": [Value::Null] } }),
            422,
            "input.values: expected numbers, found null",
        ),
        (json!({ "network": "given-0", "input": { "record": { "a": 1 } } }), 422, "784"),
        (json!({ "network": "given-0", "input": {} }), 400, "input"),
        (json!({ "network": "given-0" }), 400, "input: expected an example, found nothing"),
    ] {
        let (found, body) = json(&observatory, "POST", "/observatory/observe", question).await;
        assert_eq!(found, status, "{body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{body}");
    }
    let large = json!({ "network": "x".repeat(1 << 20), "input": values(1) });
    let (status, _) = json(&observatory, "POST", "/observatory/observe", large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for (place, words) in [
        ("layer=0&unit=18446744073709551615", "counted from 0, found 18446744073709551615"),
        ("layer=18446744073709551615&unit=0", "hidden layer: expected one of 2, counted from 0"),
    ] {
        let path = format!("/observatory/unit?network=given-0&{place}");
        let (status, body) = json(&observatory, "GET", &path, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{body}");
    }
    let (status, _) = json(&observatory, "GET", "/observatory/unit?network=given-0", Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_page_keeps_to_itself() {
    let observatory = of(&drawn());
    for path in ["/", "/observatory/assets/main.js", "/observatory/assets/base.css", "/observatory/state"] {
        let response = ask(&observatory, "GET", path, Value::Null).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    let missing = ask(&observatory, "GET", "/observatory/assets/lib.rs", Value::Null).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_report_is_linked_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let observatory = Observatory::new(Vec::new).with_report(Some(path.clone()));
    let (_, state) = json(&observatory, "GET", "/observatory/state", Value::Null).await;
    assert_eq!(state["report"], json!(false));
    let missing = ask(&observatory, "GET", "/paper/report.html", Value::Null).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    std::fs::write(&path, "<!doctype html>").unwrap();
    let (_, state) = json(&observatory, "GET", "/observatory/state", Value::Null).await;
    assert_eq!(state["report"], json!(true));
    let found = ask(&observatory, "GET", "/paper/report.html", Value::Null).await;
    assert_eq!(found.status(), StatusCode::OK);
    let policy = found.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn four_networks_are_trained_when_they_are_asked_for() {
    let observatory = Observatory::new(Vec::new);
    let (_, state) = json(&observatory, "GET", "/observatory/state", Value::Null).await;
    assert_eq!((&state["networks"], &state["compared"]["asked"]), (&json!([]), &json!(false)));
    for _ in 0..2 {
        let (status, _) = json(&observatory, "POST", "/observatory/compared", Value::Null).await;
        assert_eq!(status, StatusCode::ACCEPTED, "asking again changes nothing");
    }
    wait_for(&observatory, |state| state["compared"]["ready"] == 4).await;
    let (_, examples) = json(&observatory, "GET", "/observatory/examples?page=3", Value::Null).await;
    for (name, zeros) in [("rectifier", true), ("softplus", false), ("tanh", false), ("logistic", false)] {
        let mut right = 0;
        for example in examples.as_array().unwrap() {
            let question = json!({ "network": name, "input": { "values": example["pixels"] } });
            let (_, seen) = json(&observatory, "POST", "/observatory/observe", question).await;
            right += usize::from(seen["winner"] == example["label"]);
            let layers = seen["layers"].as_array().unwrap();
            assert!(layers.iter().all(|layer| (layer["active"] != layer["units"]) == zeros), "{name}");
        }
        assert!(right >= 7, "{name}: {right} of 10 digits it never saw");
    }
}
