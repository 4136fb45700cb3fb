//! The many ways in which programs write the same network.

use super::super::super::proto::{FunctionProto, SparseTensorProto};
use super::*;

/// A graph with one product, `of` something named z, and another below it.
fn with_activation(nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> Model {
    let ends = [plain("MatMul", &["x", "w"], "z")].into_iter().chain(nodes);
    let nodes = ends.chain([plain("MatMul", &["h", "w"], "y")]).collect();
    read(graph(nodes, [vec![weights()], constants].concat()))
}

fn number(name: &str, value: f32) -> TensorProto {
    tensor(name, &[], &[value])
}

#[test]
fn rectifiers_are_recognised_however_they_are_written() {
    let zero = || vec![number("0", 0.0), number("3e38", 3.4e38)];
    for nodes in [
        vec![plain("Relu", &["z"], "h")],
        vec![plain("Relu", &["z"], "r"), plain("Relu", &["r"], "h")],
        vec![plain("Max", &["0", "z"], "h")],
        vec![plain("Clip", &["z", "0"], "h")],
        vec![plain("Clip", &["z", "0", "3e38"], "h")],
        vec![node("Clip", &["z"], "h", vec![float("min", 0.0)])],
        vec![node("ThresholdedRelu", &["z"], "h", vec![float("alpha", 0.0)])],
        vec![node("LeakyRelu", &["z"], "h", vec![float("alpha", 0.0)])],
        vec![plain("Greater", &["z", "0"], "g"), plain("Where", &["g", "z", "0"], "h")],
        vec![plain("Less", &["0", "z"], "g"), plain("Where", &["g", "z", "0"], "h")],
        vec![plain("LessOrEqual", &["z", "0"], "g"), plain("Where", &["g", "0", "z"], "h")],
        vec![
            plain("Greater", &["z", "0"], "g"),
            node("Cast", &["g"], "c", vec![int("to", 1)]),
            plain("Mul", &["z", "c"], "h"),
        ],
    ] {
        let how = format!("{:?}", nodes.iter().map(|node| node.op_type.clone()).collect::<Vec<_>>());
        let model = with_activation(nodes, zero());
        assert_eq!(model.network.layers[0].activation, Activation::Rectifier, "{how}");
        assert_eq!(model.network.layers[1].weights.to_plain(), [1.0, 2.0, 3.0, 4.0], "{how}");
    }
}

#[test]
fn gates_are_recognised_however_they_are_written() {
    let constants = || {
        vec![
            number("half", 0.5),
            number("one", 1.0),
            number("three", 3.0),
            number("six", 6.0),
            number("zero", 0.0),
            number("root", std::f32::consts::SQRT_2),
            number("third", 0.044_715),
            number("k", 0.797_884_6),
        ]
    };
    let gelu =
        [plain("Div", &["z", "root"], "d"), plain("Erf", &["d"], "e"), plain("Add", &["e", "one"], "f")];
    let cubic = [
        plain("Mul", &["z", "z"], "zz"),
        plain("Mul", &["zz", "z"], "zzz"),
        plain("Mul", &["zzz", "third"], "c"),
        plain("Add", &["z", "c"], "s"),
        plain("Mul", &["s", "k"], "t"),
        plain("Tanh", &["t"], "u"),
        plain("Add", &["u", "one"], "f"),
        plain("Mul", &["half", "z"], "a"),
        plain("Mul", &["a", "f"], "h"),
    ];
    let after = |start: &[NodeProto], end: Vec<NodeProto>| [start.to_vec(), end].concat();
    for (activation, nodes) in [
        (Activation::Silu, vec![plain("Sigmoid", &["z"], "s"), plain("Mul", &["s", "z"], "h")]),
        (
            Activation::Gelu,
            after(&gelu, vec![plain("Mul", &["z", "f"], "a"), plain("Mul", &["a", "half"], "h")]),
        ),
        (
            Activation::Gelu,
            after(&gelu, vec![plain("Mul", &["z", "half"], "a"), plain("Mul", &["a", "f"], "h")]),
        ),
        (
            Activation::Gelu,
            after(&gelu, vec![plain("Mul", &["f", "half"], "a"), plain("Mul", &["z", "a"], "h")]),
        ),
        (Activation::GeluTanh, cubic.to_vec()),
        (
            Activation::Mish,
            vec![plain("Softplus", &["z"], "s"), plain("Tanh", &["s"], "t"), plain("Mul", &["z", "t"], "h")],
        ),
        (
            Activation::HardSwish,
            vec![
                plain("Add", &["z", "three"], "a"),
                plain("Clip", &["a", "zero", "six"], "c"),
                plain("Mul", &["z", "c"], "p"),
                plain("Div", &["p", "six"], "h"),
            ],
        ),
        (
            Activation::HardSwish,
            vec![
                node("HardSigmoid", &["z"], "s", vec![float("alpha", 1.0 / 6.0)]),
                plain("Mul", &["z", "s"], "h"),
            ],
        ),
        (Activation::Relu6, vec![plain("Clip", &["z", "zero", "six"], "h")]),
        (Activation::Relu6, vec![plain("Relu", &["z"], "r"), plain("Min", &["six", "r"], "h")]),
        (Activation::LeakyRectifier { alpha: 0.5 }, {
            let choice = plain("Where", &["g", "z", "a"], "h");
            vec![plain("Greater", &["z", "zero"], "g"), plain("Mul", &["z", "half"], "a"), choice]
        }),
    ] {
        let model = with_activation(nodes, constants());
        assert_eq!(model.network.layers[0].activation, activation);
        for (found, expected) in model.network.layers[1].weights.to_plain().iter().zip([1.0, 2.0, 3.0, 4.0]) {
            assert!((found / expected - 1.0_f32).abs() < 1e-6, "{activation}: {found} for {expected}");
        }
    }
    let other =
        vec![plain("Sin", &["z"], "s"), plain("Mul", &["z", "s"], "h"), plain("MatMul", &["h", "w"], "y")];
    let nodes = [vec![plain("MatMul", &["x", "w"], "z")], other].concat();
    assert!(refused(graph(nodes, vec![weights()])).contains("(Sin)"), "the cause is named");
    let residual = vec![plain("MatMul", &["x", "w"], "z"), plain("Add", &["z", "x"], "y")];
    assert!(
        refused(graph(residual, vec![weights()])).contains("\"y\" (Add): expected one input to be constant")
    );
}

#[test]
fn bounds_of_any_kind_are_kept() {
    // (1, −2) W = (−5, −6)
    let clipped = |low: f32, high: f32| {
        let model = with_activation(
            vec![plain("Clip", &["z", "low", "high"], "h")],
            vec![number("low", low), number("high", high)],
        );
        predict(&model)
    };
    let after = |h: [f32; 2]| [h[0] + 3.0 * h[1], 2.0 * h[0] + 4.0 * h[1]];
    for (low, high, h) in [
        (-5.5, f32::INFINITY, [-5.0, -5.5]),
        (f32::NEG_INFINITY, -5.5, [-5.5, -6.0]),
        (-5.75, -5.25, [-5.25, -5.75]),
    ] {
        let (found, expected) = (clipped(low, high), after(h));
        assert!(
            (found[0] - expected[0]).abs() + (found[1] - expected[1]).abs() < 1e-4,
            "{found:?} {expected:?}"
        );
    }
}

#[test]
fn parts_of_constants_are_computed() {
    // A normalised weight g v / ‖v‖, with v the rows (3, 4) and (0, 2), cut from a larger matrix.
    let nodes = vec![
        plain("Slice", &["large", "from", "to"], "v"),
        node("ReduceL2", &["v"], "norm", vec![ints("axes", &[1])]),
        plain("Div", &["v", "norm"], "unit"),
        plain("Mul", &["unit", "g"], "w"),
        node("Gemm", &["x", "w", "b"], "y", vec![int("transB", 1)]),
    ];
    let constants = vec![
        tensor("large", &[3, 2], &[9.0, 9.0, 3.0, 4.0, 0.0, 2.0]),
        integers("from", &[1]),
        integers("to", &[3]),
        tensor("g", &[2, 1], &[5.0, 7.0]),
        tensor("b", &[2], &[0.5, 0.25]),
    ];
    let model = read(graph(nodes, constants));
    assert_eq!(predict(&model), [3.0 - 8.0 + 0.5, -14.0 + 0.25]);
}

#[test]
fn nodes_may_stand_in_any_order() {
    let nodes = vec![
        plain("MatMul", &["h", "w"], "y"),
        plain("Relu", &["z"], "h"),
        plain("MatMul", &["x", "v"], "z"),
        plain("Transpose", &["w"], "v"),
    ];
    let model = read(graph(nodes, vec![weights()]));
    assert_eq!(model.network.layers.len(), 2);
}

#[test]
fn shapes_are_followed_to_flat_examples() {
    let flat = |nodes: Vec<NodeProto>| {
        let nodes = nodes.into_iter().chain([plain("MatMul", &["f", "w"], "y")]).collect();
        let constants = vec![
            weights(),
            integers("first", &[0]),
            integers("-1", &[-1]),
            integers("1, 2", &[1, 2]),
            integers("0, -1", &[0, -1]),
        ];
        let mut graph = graph(nodes, constants);
        graph.input = vec![value("x", data_type::FLOAT, &[0, 2, 1])];
        import(file(graph), None)
    };
    for nodes in [
        vec![node("Flatten", &["x"], "f", vec![int("axis", -2)])],
        vec![node("Squeeze", &["x", "-1"], "f", Vec::new())],
        vec![
            plain("Shape", &["x"], "s"),
            node("Gather", &["s", "first"], "n", vec![int("axis", 0)]),
            node("Concat", &["n", "-1"], "to", vec![int("axis", 0)]),
            plain("Reshape", &["x", "to"], "f"),
        ],
        vec![
            node("Transpose", &["x"], "t", vec![ints("perm", &[0, 2, 1])]),
            plain("Reshape", &["t", "0, -1"], "f"),
        ],
    ] {
        let model = flat(nodes).unwrap();
        assert_eq!(predict(&model), [-5.0, -6.0]);
        assert_eq!(model.network.layers.len(), 1);
    }
    assert!(flat(vec![plain("Reshape", &["x", "-1"], "f")]).is_err(), "examples would be mixed");
    assert!(flat(vec![node("Transpose", &["x"], "f", vec![ints("perm", &[1, 0, 2])])]).is_err());
}

#[test]
fn values_that_are_chosen_or_turned_round_stay_where_they_belong() {
    let reversed = || vec![integers("1, 0", &[1, 0]), integers("1", &[1]), weights()];
    let gather = |from: &str, to: &str| node("Gather", &[from, "1, 0"], to, vec![int("axis", 1)]);
    // Of inputs: (−2, 1) W; of units above an activation: relu ((1, −2) −W) = (5, 6), turned round (6, 5) W.
    let inputs = read(graph(vec![gather("x", "f"), plain("MatMul", &["f", "w"], "y")], reversed()));
    assert_eq!(predict(&inputs), [1.0, 0.0]);
    let nodes = vec![
        plain("MatMul", &["x", "w"], "z"),
        plain("Neg", &["z"], "n"),
        plain("Relu", &["n"], "h"),
        gather("h", "g"),
        plain("MatMul", &["g", "w"], "y"),
    ];
    assert_eq!(predict(&read(graph(nodes, reversed()))), [21.0, 32.0]);
    let nodes =
        vec![plain("MatMul", &["x", "w"], "z"), node("Gather", &["z", "1"], "y", vec![int("axis", 1)])];
    assert_eq!(predict(&read(graph(nodes, reversed()))), [-6.0], "one of two outputs");
}

#[test]
fn functions_and_sparse_constants_are_written_out() {
    let function = |nodes: Vec<NodeProto>| FunctionProto {
        name: "Layer".to_owned(),
        domain: "ours".to_owned(),
        input: vec!["in".to_owned(), "weights".to_owned()],
        output: vec!["out".to_owned()],
        node: nodes,
        ..FunctionProto::default()
    };
    let call = |inputs: &[&str], output: &str| NodeProto {
        domain: "ours".to_owned(),
        ..plain("Layer", inputs, output)
    };
    let sparse = SparseTensorProto {
        values: Some(tensor("s", &[2], &[5.0, 7.0])),
        indices: Some(integers("", &[1, 2])),
        dims: vec![2, 2],
    };
    let model_of = |functions: Vec<FunctionProto>| {
        let mut graph = graph(vec![call(&["x", "s"], "a"), call(&["a", "w"], "y")], vec![weights()]);
        graph.sparse_initializer = vec![sparse.clone()];
        let mut model = ModelProto::decode(file(graph).as_slice()).unwrap();
        model.functions = functions;
        import(model.encode_to_vec(), None)
    };
    let own = function(vec![plain("MatMul", &["in", "weights"], "inner"), plain("Neg", &["inner"], "out")]);
    // −(1, −2) (0 5; 7 0) = (14, −5); −(14, −5) W = (1, −8)
    assert_eq!(predict(&model_of(vec![own]).unwrap()), [1.0, -8.0]);
    let endless = function(vec![call(&["in", "weights"], "out"), call(&["in", "weights"], "more")]);
    let refusal = model_of(vec![endless]).unwrap_err().to_string();
    assert!(refusal.contains("function \"Layer\": expected calls within calls to end after 32"), "{refusal}");
}

#[test]
fn calls_do_not_grow_without_bound() {
    let name = |level: usize| format!("f{level}");
    let function = |level: usize| FunctionProto {
        name: name(level),
        domain: "ours".to_owned(),
        input: vec!["in".to_owned()],
        output: vec!["out".to_owned()],
        node: (0..2)
            .map(|_| NodeProto { domain: "ours".to_owned(), ..plain(&name(level + 1), &["in"], "out") })
            .collect(),
        ..FunctionProto::default()
    };
    let first = NodeProto { domain: "ours".to_owned(), ..plain(&name(0), &["x"], "y") };
    let mut model = ModelProto::decode(file(graph(vec![first], vec![weights()])).as_slice()).unwrap();
    model.functions = (0..30).map(function).collect();
    let refusal = import(model.encode_to_vec(), None).unwrap_err().to_string();
    assert!(
        refusal.contains("expected no more nodes of calls than the bytes of the file suffice for"),
        "{refusal}"
    );
}

#[test]
fn limits_of_inputs_are_part_of_their_scaling() {
    let constants = || {
        vec![
            weights(),
            tensor("half", &[], &[0.5]),
            tensor("low", &[], &[-1.0]),
            tensor("high", &[], &[1.0]),
            tensor("zero", &[], &[0.0]),
        ]
    };
    let limited = |above: Vec<NodeProto>| {
        let top = plain("MatMul", &["c", "w"], "y");
        graph([above, vec![top]].concat(), constants())
    };
    let scales = |model: &Model| model.preprocessing.for_inputs().scales().unwrap();
    // (1, −2) / 0.5 = (2, −4), within 1: (1, −1)
    let model =
        read(limited(vec![plain("Div", &["x", "half"], "a"), plain("Clip", &["a", "low", "high"], "c")]));
    assert_eq!(predict(&model), [-2.0, -2.0]);
    assert_eq!((scales(&model).limit, &scales(&model).divisors[..]), (Some(1.0), &[0.5][..]));
    assert_eq!(model.network.layers[0].weights.to_plain(), [1.0, 2.0, 3.0, 4.0], "nothing is folded in");
    // Bounds that are not on both sides of 0, as those of a MinMaxScaler: (1, 0)
    let model = read(limited(vec![plain("Clip", &["x", "zero", "high"], "c")]));
    assert_eq!(predict(&model), [1.0, 2.0]);
    assert_eq!(scales(&model).limit, Some(0.5));
    // What comes after the limits is in the weights: (−1, 1)
    let model = read(limited(vec![plain("Clip", &["x", "low", "high"], "a"), plain("Neg", &["a"], "c")]));
    assert_eq!(predict(&model), [2.0, 2.0]);
    let refusals = [
        (
            vec![plain("Neg", &["x"], "a"), plain("Clip", &["a", "low", "high"], "c")],
            "scaled by numbers above 0",
        ),
        (
            vec![plain("Clip", &["x", "low", "high"], "a"), plain("Clip", &["a", "zero", "high"], "c")],
            "limits of the inputs once",
        ),
        (vec![plain("Clip", &["x", "high", "low"], "c")], "a lower bound below the upper one"),
        (vec![plain("Clip", &["x", "low"], "c")], "weights below each activation"),
    ];
    for (above, expected) in refusals {
        let refusal = refused(limited(above));
        assert!(refusal.contains("(Clip)") && refusal.contains(expected), "{refusal}");
    }
}
