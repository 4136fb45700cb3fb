//! Graphs as other programs write them, by hand, and graphs that no program should write.

mod forms;
mod tasks;

use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;
use truezero_data::{Features, Notices, Task};
use truezero_sparse::{Batch, DenseBatch, Engine};

use super::super::proto::{
    AttributeProto, DimensionProto, EXTERNAL, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    data_type,
};
use super::{ImportOptions, Imported};
use crate::activation::Activation;
use crate::error::Error;
use crate::store::Model;

fn import(bytes: Vec<u8>, folder: Option<&Path>) -> Result<Model, Error> {
    super::import(bytes, folder, &ImportOptions::default()).map(|imported| imported.model)
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        op_type: op.to_owned(),
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn plain(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    node(op, inputs, output, Vec::new())
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: Some(value), ..AttributeProto::default() }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints: values.to_vec(), ..AttributeProto::default() }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), f: Some(value), ..AttributeProto::default() }
}

fn tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: data_type::FLOAT,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![values.len() as i64],
        data_type: data_type::INT64,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn value(name: &str, elem_type: i32, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&size| DimensionProto {
        dim_value: (size > 0).then_some(size),
        dim_param: (size <= 0).then(|| "n".to_owned()),
    });
    let tensor_type = TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim: dim.collect() }) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

/// From `x`, a batch of two numbers, to `y`.
fn graph(nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> GraphProto {
    GraphProto {
        node: nodes,
        initializer: constants,
        input: vec![value("x", data_type::FLOAT, &[0, 2])],
        output: vec![value("y", data_type::FLOAT, &[0, 2])],
        ..GraphProto::default()
    }
}

fn file(graph: GraphProto) -> Vec<u8> {
    file_of(17, graph)
}

fn file_of(version: i64, graph: GraphProto) -> Vec<u8> {
    let opset = OperatorSetIdProto { domain: String::new(), version };
    ModelProto { ir_version: 8, graph: Some(graph), opset_import: vec![opset], ..ModelProto::default() }
        .encode_to_vec()
}

fn read(graph: GraphProto) -> Model {
    import(file(graph), None).unwrap()
}

fn refused(graph: GraphProto) -> String {
    import(file(graph), None).unwrap_err().to_string()
}

/// What a model makes of (1, −2).
fn predict(model: &Model) -> Vec<f32> {
    let inputs = Features::Matrix(Batch::Dense(DenseBatch::from_rows(2, &[1.0, -2.0])));
    let inputs = model.preprocessing.inputs(inputs, &Notices::default()).unwrap();
    let outputs = model.network.predict(&mut Engine::new(1), &inputs);
    model.preprocessing.quantities(&outputs).row(0).to_vec()
}

fn weights() -> TensorProto {
    tensor("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
}

#[test]
fn products_are_read_with_their_factors() {
    let constants = || vec![weights(), tensor("b", &[1, 2], &[10.0, 20.0])];
    // (1, −2) W = (1 − 6, 2 − 8) and (1, −2) Wᵀ = (1 − 4, 3 − 8)
    let model = read(graph(vec![plain("Gemm", &["x", "w", "b"], "y")], constants()));
    assert_eq!(predict(&model), [5.0, 14.0]);
    assert_eq!(model.preprocessing.task(), Task::Regress);
    let factors = vec![int("transB", 1), float("alpha", 2.0), float("beta", 0.5)];
    let model = read(graph(vec![node("Gemm", &["x", "w", "b"], "y", factors)], constants()));
    assert_eq!(predict(&model), [-1.0, 0.0]);
    let nodes = vec![
        plain("Transpose", &["w"], "v"),
        plain("MatMul", &["x", "v"], "sum"),
        plain("Add", &["b", "sum"], "y"),
    ];
    assert_eq!(predict(&read(graph(nodes, constants()))), [7.0, 15.0]);
    let refusal = refused(graph(vec![node("Gemm", &["x", "w"], "y", vec![int("transA", 1)])], constants()));
    assert!(refusal.starts_with("ONNX model: node \"y\" (Gemm): expected transA = 0"), "{refusal}");
}

#[test]
fn constants_around_products_are_folded() {
    let nodes = vec![
        plain("Mul", &["x", "minus"], "a"), // no scaling, since it turns numbers round
        plain("MatMul", &["a", "w"], "b"),
        plain("Mul", &["b", "minus"], "c"),
        plain("Relu", &["c"], "d"),
        plain("Sub", &["one", "d"], "e"),
        plain("MatMul", &["e", "w"], "f"),
        plain("BatchNormalization", &["f", "two", "one2", "one2", "four"], "y"),
    ];
    let constants = vec![
        weights(),
        tensor("minus", &[], &[-1.0]),
        tensor("one", &[1], &[1.0]),
        tensor("two", &[2], &[2.0, 2.0]),
        tensor("one2", &[2], &[1.0, 1.0]),
        tensor("four", &[2], &[4.0, 4.0]),
    ];
    // d = relu of ((1, −2) W) = 0, e = 1, f = (4, 6), y = (f − 1) · 2 / √(4 + ε) + 1
    let model = read(graph(nodes, constants));
    let found = predict(&model);
    assert!((found[0] - 4.0).abs() < 1e-4 && (found[1] - 6.0).abs() < 1e-4, "{found:?}");
    assert_eq!(model.network.layers.len(), 2);
}

#[test]
fn a_softplus_is_recognised_however_it_is_written() {
    let constants = || vec![weights(), tensor("a", &[], &[3.0]), tensor("c", &[], &[20.0])];
    let nodes = |top: NodeProto| {
        vec![
            plain("MatMul", &["x", "w"], "z"),
            plain("Mul", &["z", "a"], "steep"),
            plain("Softplus", &["steep"], "soft"),
            plain("Div", &["soft", "a"], "h"),
            plain("Greater", &["steep", "c"], "large"),
            top,
            plain("MatMul", &["g", "w"], "y"),
        ]
    };
    for top in [plain("Identity", &["h"], "g"), plain("Where", &["large", "z", "h"], "g")] {
        let model = read(graph(nodes(top), constants()));
        assert_eq!(model.network.layers[0].activation, Activation::Softplus { alpha: 3.0 });
        assert_eq!(model.network.layers[1].weights.to_plain(), [1.0, 2.0, 3.0, 4.0], "nothing is folded in");
    }
    let other = plain("Where", &["large", "h", "z"], "g");
    assert!(refused(graph(nodes(other), constants())).contains("\"g\" (Where)"));
}

#[test]
fn a_steepness_that_32_bits_cannot_hold_is_in_the_weights() {
    let nodes = vec![
        plain("MatMul", &["x", "w"], "z"),
        plain("Mul", &["z", "tiny"], "a"),
        plain("Mul", &["a", "tiny"], "b"),
        plain("Softplus", &["b"], "h"),
        plain("MatMul", &["h", "w"], "y"),
    ];
    let model = read(graph(nodes, vec![weights(), tensor("tiny", &[], &[1e-30])]));
    assert_eq!(model.network.layers[0].activation, Activation::Softplus { alpha: 1.0 });
    let written = Model::from_bytes(Path::new("memory"), model.to_bytes().unwrap()).unwrap();
    // ln 2 · (1 + 3) and ln 2 · (2 + 4)
    let found = predict(&written);
    assert!((found[0] - 2.772_589).abs() < 1e-5 && (found[1] - 4.158_883).abs() < 1e-5, "{found:?}");
}

#[test]
fn numbers_added_one_after_the_other_are_one_sum() {
    let add = |at: usize| plain("Add", &[&format!("h.{at}"), "one"], &format!("h.{}", at + 1));
    let mut nodes = vec![plain("MatMul", &["x", "w"], "h.0")];
    nodes.extend((0..500).map(add));
    nodes.push(plain("Relu", &["h.500"], "y"));
    let model = read(graph(nodes, vec![weights(), tensor("one", &[], &[1.0])]));
    assert_eq!(model.network.layers[0].bias, [500.0, 500.0]);
}

#[test]
fn a_normalisation_by_the_statistics_of_a_batch_is_refused() {
    let case = |opset: i64, outputs: &[&str], attributes: Vec<AttributeProto>| {
        let mut normalise = node("BatchNormalization", &["z", "w2", "w2", "w2", "w2"], "y", attributes);
        normalise.output = outputs.iter().map(ToString::to_string).collect();
        let nodes = vec![plain("MatMul", &["x", "w"], "z"), normalise];
        import(file_of(opset, graph(nodes, vec![weights(), tensor("w2", &[2], &[1.0; 2])])), None)
    };
    for opset in [7, 9, 13] {
        assert!(case(opset, &["y", "", ""], Vec::new()).is_ok());
        let refusal = case(opset, &["y", "mean", "variance"], Vec::new()).unwrap_err().to_string();
        assert!(refusal.contains("found statistics of each batch"), "{refusal}");
    }
    assert!(case(14, &["y"], vec![int("training_mode", 0)]).is_ok());
    assert!(case(14, &["y", "mean", "variance"], vec![int("training_mode", 1)]).is_err());
}

#[test]
fn labels_are_cut_off_and_tell_a_classifier() {
    let nodes = vec![
        plain("MatMul", &["x", "w"], "y"),
        node("ArgMax", &["y"], "at", vec![int("axis", -1)]),
        plain("Cast", &["at"], "label"),
        plain("Ceil", &["label"], "odd"),
    ];
    let mut graph = graph(nodes, vec![weights()]);
    graph.output.push(value("label", data_type::INT64, &[0]));
    graph.output.push(value("odd", data_type::INT64, &[0]));
    let model = read(graph.clone());
    assert_eq!((model.preprocessing.task(), model.preprocessing.labels().len()), (Task::Classify, 2));
    graph.output[2] = value("odd", data_type::FLOAT, &[0]);
    assert!(refused(graph).contains("node \"odd\" (Ceil)"), "another prediction is no label");
}

#[test]
fn what_is_outside_is_named() {
    let case = |nodes: Vec<NodeProto>, expected: &str| {
        let refusal = refused(graph(nodes, vec![weights(), integers("shape", &[2, -1])]));
        assert!(refusal.contains(expected), "expected {expected:?} in {refusal}");
    };
    case(
        vec![plain("MatMul", &["x", "w"], "z"), plain("Cos", &["z"], "h"), plain("MatMul", &["h", "w"], "y")],
        "node \"h\" (Cos): expected one of Gemm",
    );
    case(vec![plain("Conv", &["x", "w"], "y")], "node \"y\" (Conv)");
    case(vec![plain("If", &["x"], "y")], "(If)");
    case(vec![node("ThresholdedRelu", &["x"], "y", Vec::new())], "(ThresholdedRelu)");
    case(vec![plain("Relu", &["x"], "y")], "expected weights below each activation");
    case(vec![plain("Identity", &["x"], "y")], "at least one Gemm or MatMul");
    case(vec![plain("Identity", &["w"], "y")], "output \"y\": expected what the network computes");
    case(vec![plain("Reshape", &["x", "shape"], "y")], "expected each example to be kept as one");
    case(vec![plain("MatMul", &["w", "x"], "y")], "found a constant");
    case(vec![plain("MatMul", &["x", "x"], "y")], "expected a constant as input 2");
    case(vec![plain("Add", &["x", "x"], "y")], "expected one input to be constant");
    case(vec![plain("Div", &["w", "x"], "y")], "a constant to divide by");
    case(vec![plain("MatMul", &["x"], "y")], "expected an input 2, found none");
    case(vec![plain("MatMul", &["x", "shape"], "y")], "expected weights of inputs × units");
    case(
        vec![
            plain("MatMul", &["x", "w"], "z"),
            plain("Softmax", &["z"], "p"),
            plain("MatMul", &["p", "w"], "y"),
        ],
        "expected probabilities at the end",
    );
}

#[test]
fn graphs_that_go_in_circles_are_refused() {
    let nodes =
        vec![plain("Relu", &["b"], "a"), plain("Relu", &["a"], "b"), plain("MatMul", &["b", "w"], "y")];
    assert!(refused(graph(nodes, vec![weights()])).contains("\"b\" to be made before it is used"));
    let nodes = vec![plain("MatMul", &["x", "w"], "y"), plain("Relu", &["y"], "x")];
    assert!(refused(graph(nodes, vec![weights()])).contains("one value of each name, found two \"x\""));
    let mut twice = graph(Vec::new(), vec![weights(), weights()]);
    assert!(refused(twice.clone()).contains("found two \"w\""));
    twice.initializer.clear();
    assert!(refused(twice.clone()).contains("output \"y\": expected \"y\" to be made"));
    twice.input.clear();
    assert!(refused(twice).contains("graph: expected one input, found 0"));
}

#[test]
fn shapes_that_lie_are_refused_before_anything_is_allocated() {
    let case = |constant: TensorProto, expected: &str| {
        let refusal = refused(graph(vec![plain("MatMul", &["x", "w"], "y")], vec![constant]));
        assert!(refusal.contains(expected), "expected {expected:?} in {refusal}");
    };
    case(tensor("w", &[2, 1 << 40], &[1.0; 4]), "1 to 16777216 units");
    case(tensor("w", &[2, 1 << 20], &[1.0; 4]), "expected data for the shape [2, 1048576], found 4 values");
    case(tensor("w", &[1 << 33, 1 << 33], &[1.0; 4]), "expected a shape that can be");
    case(tensor("w", &[2, -2], &[1.0; 4]), "expected a shape that can be, found [2, -2]");
    case(tensor("w", &[2, 0], &[]), "found 2 and 0");
    case(tensor("w", &[1; 9], &[1.0]), "at most 8 dimensions");
    case(
        tensor("w", &[2, 2], &[1.0, f32::NAN, 0.0, 0.0]),
        "tensor \"w\": expected finite numbers, found NaN",
    );
    case(tensor("w", &[2, 2], &[f32::MAX; 3]), "found 3 values");
    case(TensorProto { data_type: 14, ..weights() }, "or whole numbers of 8 bits or more, found COMPLEX64");
    case(TensorProto { data_type: -7, ..weights() }, "the data type -7");
    let raw_data = Bytes::from(vec![0; 15]);
    case(TensorProto { float_data: Vec::new(), raw_data, ..weights() }, "found 3 values");
    let mut wide =
        graph(vec![plain("Flatten", &["x"], "f"), plain("MatMul", &["f", "w"], "y")], vec![weights()]);
    wide.input = vec![value("x", data_type::FLOAT, &[0, 1 << 40, 1 << 40])];
    assert!(refused(wide.clone()).contains("expected a shape that can be"));
    wide.input = vec![value("x", data_type::FLOAT, &[0, 1 << 20, 1 << 20])];
    assert!(refused(wide).contains("expected batch × 2, as the weights have rows"));
}

#[test]
fn a_small_file_makes_no_large_network() {
    let mut nodes = vec![plain("Relu", &["x"], "h.0")];
    nodes[0] = plain("MatMul", &["x", "in"], "h.0");
    let side = 200;
    let values = vec![0.0; side * side];
    for layer in 0..200 {
        nodes.push(plain("MatMul", &[&format!("h.{layer}"), "w"], &format!("h.{}", layer + 1)));
    }
    nodes.push(plain("Relu", &["h.200"], "y"));
    let constants = vec![
        tensor("in", &[2, side as i64], &values[..2 * side]),
        tensor("w", &[side as i64, side as i64], &values),
    ];
    let refusal = refused(graph(nodes, constants));
    assert!(refusal.contains("than the bytes of the file suffice for"), "{refusal}");
}

#[test]
fn a_file_of_many_empty_messages_is_refused_before_it_is_decoded() {
    // A graph of a million nodes of no bytes.
    let nodes: Vec<u8> = [0x0a, 0x00].repeat(1 << 20);
    let mut file = vec![0x3a];
    prost::encode_length_delimiter(nodes.len(), &mut file).unwrap();
    file.extend(nodes);
    let refusal = import(file, None).unwrap_err().to_string();
    assert!(refusal.contains("expected at most 262144 fields, found more"), "{refusal}");
}

#[test]
fn data_outside_of_the_folder_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(place.path().join("secret"), [0; 16]).unwrap();
    std::fs::write(folder.join("data"), [0; 20]).unwrap();
    let external = |location: &str, others: &[(&str, &str)]| {
        let entry = |(key, value): (&str, &str)| StringStringEntryProto {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let entries = std::iter::once(("location", location)).chain(others.iter().copied());
        let constant = TensorProto {
            float_data: Vec::new(),
            data_location: EXTERNAL,
            external_data: entries.map(entry).collect(),
            ..weights()
        };
        graph(vec![plain("MatMul", &["x", "w"], "y")], vec![constant])
    };
    let case = |location: &str, others: &[(&str, &str)], expected: &str| {
        let refusal = import(file(external(location, others)), Some(&folder)).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{location}: expected {expected:?} in {refusal}");
    };
    let absolute = place.path().join("secret");
    case(absolute.to_str().unwrap(), &[], "a path that leads elsewhere");
    case("../secret", &[], "a path that leads elsewhere");
    case("./../secret", &[], "a path that leads elsewhere");
    case("none", &[], "which cannot be read");
    case(".", &[], "which is no file");
    case("data", &[("offset", "5")], "found a file of 20");
    case("data", &[("offset", "18446744073709551615")], "found a file of 20");
    case("data", &[("offset", "-4")], "a number of bytes as offset");
    case("data", &[("length", "12")], "expected 16 bytes of data, by its shape, found 12");
    let (near, far) = (external("data", &[("offset", "4"), ("length", "16")]), external("../secret", &[]));
    assert!(import(file(near.clone()), Some(&folder)).is_ok());
    assert!(import(file(near.clone()), None).unwrap_err().to_string().contains("no folder to find it in"));
    assert!(import(file(far), Some(Path::new("/nowhere"))).is_err());
    let mut again = near;
    again.node = vec![plain("MatMul", &["x", "w"], "h"), plain("MatMul", &["h", "w"], "y")];
    let refusal = import(file(again), Some(&folder)).unwrap_err().to_string();
    assert!(refusal.contains("that no other tensor has taken"), "{refusal}");
}
