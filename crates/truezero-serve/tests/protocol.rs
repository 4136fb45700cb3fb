//! The protocol as clients speak it: what comes back is what the library predicts, bit for bit.

mod common;

use std::io::Write;

use common::{
    Client, Folder, Running, classifier, dense, floats, model, numbers, tensor, with_preprocessing,
};
use serde_json::{Value, json};
use truezero::{Encoder, Model};
use truezero_data::preprocess::{InputScales, TargetPlan};
use truezero_data::{Features, InputPreprocessing, Notices, Preprocessing, WideBatch};
use truezero_sparse::{Batch, DenseBatch, Engine};

/// What the library itself makes of raw numbers.
fn predicted(model: &Model, values: &[f32]) -> Vec<f32> {
    let inputs = inputs(model, values);
    let outputs = model.preprocessing.quantities(&model.network.predict(&mut Engine::new(1), &inputs));
    (0..outputs.examples()).flat_map(|example| outputs.row(example).to_vec()).collect()
}

fn inputs(model: &Model, values: &[f32]) -> Batch {
    let raw = Batch::Dense(DenseBatch::from_rows(model.network.inputs(), values));
    model.preprocessing.inputs(truezero_data::Features::Matrix(raw), &Notices::default()).unwrap()
}

#[test]
fn the_server_and_its_models_say_what_they_are() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(1)));
    let about = server.get("/v2").ok();
    assert_eq!((&about["name"], &about["extensions"][0]), (&json!("truezero"), &json!("binary_tensor_data")));
    assert_eq!(server.get("/v2/health/live").ok(), json!({"live": true}));
    assert_eq!(server.get("/v2/health/ready").ok(), json!({"ready": true}));
    let model = server.get("/v2/models/flowers").ok();
    let version = model["versions"][0].as_str().unwrap();
    assert_eq!(version.len(), 12);
    assert_eq!(model["inputs"][0], json!({"name": "input", "datatype": "FP32", "shape": [-1, 6]}));
    let outputs: Vec<_> = model["outputs"].as_array().unwrap().iter().map(|output| &output["name"]).collect();
    assert_eq!(outputs, ["probabilities", "label", "codes_1", "codes_2", "sparsity"]);
    let path = format!("/v2/models/flowers/versions/{version}");
    assert_eq!(server.get(&path).ok(), model);
    assert_eq!(server.get(&format!("{path}/ready")).ok(), json!({"ready": true}));
    let index = server.post("/v2/repository/index", &json!({})).ok();
    assert_eq!(index, json!([{"name": "flowers", "version": version, "state": "READY"}]));
    for path in
        ["/v2/models/none", "/v2/models/flowers/versions/1", "/v2/models/flowers/versions/1/ready", "/"]
    {
        server.get(path).refused(404);
    }
    server.infer("none", &dense(6, &[0.0; 6])).refused(404);
    let wrong = server.connect().send("DELETE", "/v2", &[], b"");
    wrong.refused(405);
    assert_eq!(wrong.header("allow"), Some("GET,HEAD"));
}

#[test]
fn flat_nested_sparse_and_binary_tensors_mean_the_same() {
    let folder = Folder::new();
    let model = classifier(2);
    let server = Running::serving(&folder.save("flowers", &model));
    let values = numbers(3 * 6, 1);
    let expected = predicted(&model, &values);
    let answer = server.infer("flowers", &dense(6, &values)).ok();
    assert_eq!(tensor(&answer, "probabilities")["shape"], json!([3, 3]));
    assert_eq!(floats(&answer, "probabilities"), expected);
    let label = |row: &[f32]| ["aster", "briar", "clover"][truezero::argmax(row)];
    let labels: Vec<&str> = expected.chunks(3).map(label).collect();
    assert_eq!(tensor(&answer, "label")["data"], json!(labels));
    assert_eq!(tensor(&answer, "label")["datatype"], "BYTES");

    let rows: Vec<&[f32]> = values.chunks(6).collect();
    let nested = json!({"id": "7", "inputs": [
        {"name": "input", "shape": [3, 6], "datatype": "FP64", "data": rows}
    ]});
    let nested = server.infer("flowers", &nested).ok();
    assert_eq!((&nested["outputs"], &nested["id"]), (&answer["outputs"], &json!("7")));

    // The active values of each example, in any order.
    let pairs = rows.iter().map(|row| {
        let mut active: Vec<(i64, f32)> = (0..).zip(row.iter().copied()).filter(|(_, v)| *v != 0.0).collect();
        active.reverse();
        active.resize(6, (-1, 9.0));
        active
    });
    let (indices, active): (Vec<i64>, Vec<f32>) = pairs.flatten().unzip();
    let sparse = json!({"inputs": [
        {"name": "values", "shape": [3, 6], "datatype": "FP32", "data": active},
        {"name": "indices", "shape": [3, 6], "datatype": "INT64", "data": indices},
    ]});
    assert_eq!(server.infer("flowers", &sparse).ok()["outputs"], answer["outputs"]);

    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let head = json!({"inputs": [{
        "name": "input", "shape": [3, 6], "datatype": "FP32", "parameters": {"binary_data_size": bytes.len()}
    }], "parameters": {"binary_data_output": true}})
    .to_string();
    let length = head.len().to_string();
    let headers = [("Inference-Header-Content-Length", length.as_str())];
    let body = [head.as_bytes(), &bytes].concat();
    let binary = server.connect().send("POST", "/v2/models/flowers/infer", &headers, &body);
    assert_eq!(binary.status, 200);
    assert_eq!(binary.header("content-type"), Some("application/octet-stream"));
    let json = binary.header("inference-header-content-length").unwrap().parse().unwrap();
    let (head, mut rest) = binary.body.split_at(json);
    let head: Value = serde_json::from_slice(head).unwrap();
    let size = tensor(&head, "probabilities")["parameters"]["binary_data_size"].as_u64().unwrap() as usize;
    let probabilities: Vec<f32> =
        rest[..size].chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(probabilities, expected);
    rest = &rest[size..];
    for label in labels {
        let (length, text) = rest.split_at(4);
        assert_eq!(length, (label.len() as u32).to_le_bytes());
        let (text, after) = text.split_at(label.len());
        assert_eq!(text, label.as_bytes());
        rest = after;
    }
    assert!(rest.is_empty());
}

#[test]
fn whatever_the_metadata_name_can_be_sent_and_asked_for() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(6)));
    let about = server.get("/v2").ok();
    assert_eq!(about["extensions"], json!(["binary_tensor_data"]), "models are not loaded on demand");
    let metadata = server.get("/v2/models/flowers").ok();
    let shape = |tensor: &Value| -> Vec<i64> {
        tensor["shape"].as_array().unwrap().iter().map(|size| size.as_i64().unwrap().max(1)).collect()
    };
    for alternative in ["inputs", "sparse_inputs"] {
        let tensors = metadata[alternative].as_array().unwrap();
        let inputs: Vec<Value> = tensors
            .iter()
            .map(|tensor| {
                let data = vec![0; shape(tensor).iter().product::<i64>() as usize];
                json!({"name": tensor["name"], "datatype": tensor["datatype"], "shape": shape(tensor), "data": data})
            })
            .collect();
        let outputs = metadata["outputs"].as_array().unwrap();
        let names: Vec<Value> = outputs.iter().map(|output| json!({"name": output["name"]})).collect();
        let answer = server.infer("flowers", &json!({"inputs": inputs, "outputs": names})).ok();
        assert_eq!(answer["outputs"].as_array().unwrap().len(), outputs.len(), "{alternative}");
    }
}

#[test]
fn short_types_are_the_numbers_that_they_stand_for() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(7)));
    let expected =
        server.infer("flowers", &dense(6, &[1.0, 0.0, 1.0, 1.0, 0.0, 0.0])).ok()["outputs"].clone();
    // One and zero.
    for (datatype, one) in [("FP16", &[0x00, 0x3c][..]), ("BF16", &[0x80, 0x3f]), ("BOOL", &[1])] {
        let zero = vec![0; one.len()];
        let bytes = [one, &zero, one, one, &zero, &zero].concat();
        let head = json!({"inputs": [{
            "name": "input", "shape": [1, 6], "datatype": datatype, "parameters": {"binary_data_size": bytes.len()}
        }]})
        .to_string();
        let length = head.len().to_string();
        let headers = [("inference-header-content-length", length.as_str())];
        let body = [head.as_bytes(), &bytes].concat();
        let answer = server.connect().send("POST", "/v2/models/flowers/infer", &headers, &body).ok();
        assert_eq!(answer["outputs"], expected, "{datatype}");
    }
    let truths = json!({"inputs": [
        {"name": "input", "shape": [1, 6], "datatype": "BOOL", "data": [true, false, true, true, false, false]}
    ]});
    assert_eq!(server.infer("flowers", &truths).ok()["outputs"], expected);
}

#[test]
fn requests_may_be_packed() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(8)));
    let request = dense(6, &numbers(6, 1));
    let expected = server.infer("flowers", &request).ok();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(request.to_string().as_bytes()).unwrap();
    let headers = [("content-encoding", "gzip")];
    let answer = server.connect().send("POST", "/v2/models/flowers/infer", &headers, &gzip.finish().unwrap());
    assert_eq!(answer.ok(), expected);
}

#[test]
fn what_comes_back_of_a_request_is_short() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(9)));
    let long = "\u{7f}".repeat(1 << 20);
    let tensor = json!({"name": "input", "shape": [1, 6], "datatype": "FP32", "data": [0, 0, 0, 0, 0, 0]});
    let with = |name: &str, value: Value| {
        let mut tensor = tensor.clone();
        tensor[name] = value;
        json!({"inputs": [tensor]})
    };
    for request in [
        json!({"id": long, "inputs": [tensor]}),
        json!({"inputs": [tensor], "outputs": [{"name": long}]}),
        json!({"inputs": [tensor], "outputs": [{"name": "label", "parameters": {"binary_data": long}}]}),
        json!({"inputs": long}),
        json!({"inputs": [tensor], "parameters": long}),
        with("name", json!(long)),
        with("datatype", json!(long)),
        with("shape", json!(long)),
        with("shape", json!([long])),
        with("data", json!(long)),
        with("data", json!([long])),
        with("parameters", json!({"binary_data_size": long})),
    ] {
        let answer = server.infer("flowers", &request);
        assert!((400..500).contains(&answer.status) && answer.body.len() < 3000, "{}", answer.body.len());
    }
    for request in [
        json!({"model": long, "records": [[0, 0, 0, 0, 0, 0]]}),
        json!({"records": long}),
        json!({"records": [long]}),
        json!({"records": [[long, 0, 0, 0, 0, 0]]}),
        json!({"records": [{long.as_str(): 1}]}),
    ] {
        let answer = server.post("/v1/predict", &request);
        assert!((400..500).contains(&answer.status) && answer.body.len() < 3000, "{}", answer.body.len());
    }
    let id = "a".repeat(256);
    let mut request = dense(6, &[0.0; 6]);
    request["id"] = json!(id);
    assert_eq!(server.infer("flowers", &request).ok()["id"], json!(id));
}

#[test]
fn codes_and_sparsity_come_on_request() {
    let folder = Folder::new();
    let model = classifier(3);
    let server = Running::serving(&folder.save("flowers", &model));
    let values = numbers(5 * 6, 2);
    let mut request = dense(6, &values);
    request["outputs"] = json!([{"name": "sparsity"}, {"name": "codes_2"}, {"name": "codes_1"}]);
    let answer = server.infer("flowers", &request).ok();
    let names: Vec<&Value> =
        answer["outputs"].as_array().unwrap().iter().map(|output| &output["name"]).collect();
    assert_eq!(names, ["sparsity", "codes_2", "codes_1"]);
    let mut sparsity = [Vec::new(), Vec::new()];
    for layer in 0..2 {
        let codes = model.network.encode(&mut Engine::new(1), &inputs(&model, &values), layer).to_dense();
        let expected: Vec<f32> = (0..5).flat_map(|example| codes.row(example).to_vec()).collect();
        assert_eq!(floats(&answer, &format!("codes_{}", layer + 1)), expected);
        for example in 0..5 {
            let zeros = codes.row(example).iter().filter(|value| **value == 0.0).count();
            sparsity[layer].push((zeros as f64 / codes.width() as f64) as f32);
        }
    }
    let expected: Vec<f32> =
        (0..5).flat_map(|example| [sparsity[0][example], sparsity[1][example]]).collect();
    let found = floats(&answer, "sparsity");
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
    assert!(expected.iter().any(|&sparsity| sparsity > 0.2));
}

#[test]
fn quantities_labels_and_codes_have_their_own_outputs() {
    let folder = Folder::new();
    let quantities = TargetPlan::Quantities { names: vec![], means: vec![100.0], scales: vec![5.0] };
    let prices = model(4, &[20], quantities, 1);
    let labels = TargetPlan::Labels { names: ["red", "green", "blue"].map(str::to_owned).to_vec() };
    let colours = model(4, &[20], labels, 2);
    let encoder = Encoder {
        layers: prices.network.hidden().to_vec(),
        preprocessing: prices.preprocessing.for_inputs().clone(),
        configuration: json!({}),
        summary: None,
    };
    encoder.save(&folder.path("codes.safetensors")).unwrap();
    let encoder = truezero_serve::ModelFile::parse(folder.path("codes.safetensors").to_str().unwrap());
    let files = [folder.save("prices", &prices), folder.save("colours", &colours), encoder];
    let server = Running::start(&files, common::options(truezero_serve::Limits::default()));
    let values = numbers(4 * 4, 5);
    let answer = server.infer("prices", &dense(4, &values)).ok();
    assert_eq!(floats(&answer, "quantities"), predicted(&prices, &values));
    assert!(floats(&answer, "quantities").iter().all(|price| (50.0..150.0).contains(price)));

    let answer = server.infer("colours", &dense(4, &values)).ok();
    let expected = predicted(&colours, &values);
    assert_eq!(floats(&answer, "probabilities"), expected);
    let text = |row: &[f32]| {
        let has = ["red", "green", "blue"].iter().zip(row).filter(|(_, p)| **p > 0.5);
        has.map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    };
    let texts: Vec<String> = expected.chunks(3).map(text).collect();
    assert_eq!(tensor(&answer, "labels")["data"], json!(texts));

    let answer = server.infer("codes", &dense(4, &values)).ok();
    let codes = prices.network.encode(&mut Engine::new(1), &inputs(&prices, &values), 0).to_dense();
    let expected: Vec<f32> = (0..4).flat_map(|example| codes.row(example).to_vec()).collect();
    assert_eq!(floats(&answer, "codes_1"), expected);
    let records = json!({"model": "codes", "records": [[1, 2, 3, 4]]});
    assert!(server.post("/v1/predict", &records).refused(422).contains("pre-trained layers without"));
}

#[test]
fn what_does_not_suit_is_refused_with_the_reason() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(4)));
    let mut client = server.connect();
    let input = |shape: Value, data: Value| json!({"name": "input", "shape": shape, "datatype": "FP32", "data": data});
    let good = input(json!([1, 6]), json!([1, 2, 3, 4, 5, 6]));
    let pair = |indices: Value, values: Value, shape: Value| {
        json!({"inputs": [
            {"name": "indices", "shape": shape, "datatype": "INT64", "data": indices},
            {"name": "values", "shape": shape, "datatype": "FP32", "data": values}
        ]})
    };
    let cases = [
        (422, "values of shape", json!({"inputs": [input(json!([1, 6]), json!([1, 2, 3]))]})),
        (
            422,
            "6 values of each example",
            json!({"inputs": [input(json!([2, 3]), json!([1, 2, 3, 4, 5, 6]))]}),
        ),
        (422, "[examples, values]", json!({"inputs": [input(json!([6]), json!([1, 2, 3, 4, 5, 6]))]})),
        (422, "at least one example", json!({"inputs": [input(json!([0, 6]), json!([]))]})),
        (
            422,
            "finite numbers",
            json!({"inputs": [input(json!([1, 6]), json!([3e38, 3e38, 3e38, 3e38, 3e38, 3e38]))]}),
        ),
        (422, "32-bit", json!({"inputs": [input(json!([1, 6]), json!([1e300, 0, 0, 0, 0, 0]))]})),
        (
            422,
            "a flat array or one of [2, 6]",
            json!({"inputs": [input(json!([2, 6]), json!([[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]))]}),
        ),
        (
            422,
            "`data` or `binary_data_size`",
            json!({"inputs": [{"name": "input", "shape": [1, 6], "datatype": "FP32"}]}),
        ),
        (
            422,
            "bytes after the JSON",
            json!({"inputs": [{"name": "input", "shape": [1, 6], "datatype": "FP32", "parameters": {"binary_data_size": 24}}]}),
        ),
        (
            422,
            "24 bytes",
            json!({"inputs": [{"name": "input", "shape": [1, 6], "datatype": "FP32", "parameters": {"binary_data_size": 23}}]}),
        ),
        (422, "\"indices\" and \"values\"", json!({"inputs": [good, good]})),
        (422, "\"indices\" and \"values\"", json!({"inputs": []})),
        (422, "each index once", pair(json!([3, 3]), json!([1, 1]), json!([1, 2]))),
        (422, "-1 or 0 to 5", pair(json!([6, -1]), json!([1, 1]), json!([1, 2]))),
        (422, "-1 or 0 to 5", pair(json!([0.5, -1]), json!([1, 1]), json!([1, 2]))),
        (422, "-1 or 0 to 5", pair(json!([-2, -1]), json!([1, 1]), json!([1, 2]))),
        (422, "codes_1", json!({"inputs": [good], "outputs": [{"name": "none"}]})),
        (422, "twice", json!({"inputs": [good], "outputs": [{"name": "label"}, {"name": "label"}]})),
        (
            422,
            "classification",
            json!({"inputs": [good], "outputs": [{"name": "label", "parameters": {"classification": 2}}]}),
        ),
        (413, "examples", json!({"inputs": [input(json!([4097, 6]), json!([]))]})),
        (
            413,
            "values of an example",
            json!({"inputs": [input(json!([1, 4_000_000_000_000_u64]), json!([]))]}),
        ),
        (400, "inputs: expected an array of tensors, found nothing", json!({})),
        (
            400,
            "inputs[0].datatype: expected one of BOOL, FP16, BF16, FP32",
            json!({"inputs": [{"name": "input", "shape": [1, 6], "datatype": "BYTES", "data": []}]}),
        ),
        (422, "inputs: expected \"input\", or \"indices\" and \"values\", found none", json!({"inputs": []})),
        (
            400,
            "inputs[0].parameters.binary_data_size: expected a whole number of at most 9007199254740992, found 1e300",
            json!({"inputs": [{"name": "input", "shape": [1, 6], "datatype": "FP32",
                               "parameters": {"binary_data_size": 1e300}}]}),
        ),
        (400, "a number or an array of them", json!({"inputs": [input(json!([1, 1]), json!(["a"]))]})),
        (400, "a whole number from 0 on", json!({"inputs": [input(json!([-1, 6]), json!([]))]})),
    ];
    for (status, reason, request) in cases {
        let body = request.to_string();
        let answer = client.send("POST", "/v2/models/flowers/infer", &[], body.as_bytes());
        let message = answer.refused(status);
        assert!(message.contains(reason), "{message:?} does not say {reason:?}");
    }
    for (length, body) in [("3", "{}"), ("x", "{}"), ("-1", "{}"), ("99999999999999999999", "{}")] {
        let headers = [("inference-header-content-length", length)];
        client.send("POST", "/v2/models/flowers/infer", &headers, body.as_bytes()).refused(400);
    }
    // Bytes that no tensor claims.
    let head = json!({"inputs": [good]}).to_string();
    let length = head.len().to_string();
    let headers = [("inference-header-content-length", length.as_str())];
    let answer = client.send("POST", "/v2/models/flowers/infer", &headers, (head + "rest").as_bytes());
    assert!(answer.refused(422).contains("4 bytes more"));
    for body in ["", "null", "[]", "\u{fffd}", &"[".repeat(10_000), "{\"inputs\": 7}"] {
        client.send("POST", "/v2/models/flowers/infer", &[], body.as_bytes()).refused(400);
    }
    let headers = [("content-encoding", "gzip")];
    client.send("POST", "/v2/models/flowers/infer", &headers, b"{}").refused(400);
    let headers = [("content-encoding", "zstd")];
    client.send("POST", "/v2/models/flowers/infer", &headers, b"{}").refused(415);
    // The same connection still serves.
    let body = json!({"inputs": [good]}).to_string();
    client.send("POST", "/v2/models/flowers/infer", &[], body.as_bytes()).ok();
}

#[test]
fn a_path_of_another_router_is_served_as_well() {
    let folder = Folder::new();
    let page = axum::Router::new().route("/", axum::routing::get(async || "a page"));
    let files = [folder.save("flowers", &classifier(5))];
    let options = common::options(truezero_serve::Limits::default());
    let server = Running::start_with(&files, options, page);
    let answer = Client::new(server.addr).send("GET", "/", &[], b"");
    assert_eq!((answer.status, answer.text()), (200, "a page"));
    assert_eq!(server.get("/v2/health/live").ok(), json!({"live": true}));
    server.get("/nothing").refused(404);
}

/// Unix seconds, of which 32 bits would make one value or two.
#[test]
fn numbers_are_scaled_before_they_become_32_bits_wide() {
    let folder = Folder::new();
    let first = 1_700_000_000_i64;
    let scales = InputScales { shifts: vec![first as f64 + 10.0], divisors: vec![5.0], limit: None };
    let targets = TargetPlan::Classes { names: vec!["a".into(), "b".into()] };
    let inputs = InputPreprocessing::matrix(1, &scales).unwrap();
    let model = with_preprocessing(Preprocessing::new(inputs, targets).unwrap(), &[20], 3);
    let server = Running::serving(&folder.save("clock", &model));
    assert_eq!(server.get("/v2/models/clock").ok()["inputs"][0]["datatype"], "FP64");
    let seconds: Vec<i64> = (0..20).map(|at| first + at).collect();
    let raw = WideBatch::from_rows(1, seconds.iter().map(|&second| second as f64).collect());
    let inputs = model.preprocessing.inputs(Features::Wide(raw), &Notices::default()).unwrap();
    let outputs = model.network.predict(&mut Engine::new(1), &inputs);
    let expected: Vec<f32> = (0..20).flat_map(|example| outputs.row(example).to_vec()).collect();
    assert_ne!(expected[..2], expected[2..4]);
    for datatype in ["INT64", "FP64"] {
        let dense = json!({"name": "input", "shape": [20, 1], "datatype": datatype, "data": seconds});
        let sparse = json!([
            {"name": "indices", "shape": [20, 1], "datatype": "INT64", "data": vec![0; 20]},
            {"name": "values", "shape": [20, 1], "datatype": datatype, "data": seconds},
        ]);
        for inputs in [json!([dense]), sparse] {
            let answer = server.infer("clock", &json!({"inputs": inputs})).ok();
            assert_eq!(floats(&answer, "probabilities"), expected, "{datatype}");
        }
    }
}
