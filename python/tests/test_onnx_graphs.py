"""Graphs of each operator, made by hand: what they become predicts what ONNX Runtime says."""

import numpy as np
import onnx
import onnxruntime
import pytest
import truezero
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(3)
F, H, I8 = np.float32, np.float16, np.int8
#: Two products and their biases.
WEIGHTS = {
    "w0": RANDOM.normal(size=(6, 8)).astype(F) / 2,
    "b0": RANDOM.normal(size=8).astype(F) / 2,
    "w1": RANDOM.normal(size=(8, 3)).astype(F) / 2,
    "b1": RANDOM.normal(size=3).astype(F) / 2,
}


def node(op, inputs, output, domain="", **attributes):
    return helper.make_node(op, inputs.split(), output.split(), domain=domain, **attributes)


def graph(nodes, constants, shape=("n", 6), outputs=("n", 3), opset=18, name="y", kind=TensorProto.FLOAT):
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info(name, kind, list(outputs))],
        tensors,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in [("", opset), ("ai.onnx.ml", 3)]]
    return helper.make_model(made, opset_imports=opsets, ir_version=8)


def agree(made, x, tolerance=2e-5):
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0]
    model = truezero.from_onnx(made)
    rows = x.reshape(len(x), -1)
    if hasattr(model, "classes_"):
        found = model.predict_proba(rows)
        expected = np.stack([1 - expected.ravel(), expected.ravel()], axis=1) if expected.size == len(x) else expected
    else:
        found = model.predict(rows)
    assert expected.size == found.size
    np.testing.assert_allclose(found.ravel(), expected.astype(np.float64).ravel(), rtol=tolerance, atol=tolerance)
    return model


def examples(*shape, count=7):
    return RANDOM.normal(size=(count, *shape)).astype(F) * 2


ACTIVATIONS = {
    "Relu": [node("Relu", "z", "h")],
    "Relu of Relu": [node("Relu", "z", "r"), node("Relu", "r", "h")],
    "LeakyRelu": [node("LeakyRelu", "z", "h", alpha=0.3)],
    "PRelu": [node("PRelu", "z slope", "h")],
    "Elu": [node("Elu", "z", "h", alpha=0.7)],
    "Selu": [node("Selu", "z", "h")],
    "Celu": [node("Celu", "z", "h", alpha=1.7)],
    "Gelu": [node("Gelu", "z", "h")],
    "Gelu, tanh": [node("Gelu", "z", "h", approximate="tanh")],
    "Gelu of an older version": [
        *[node("Div", "z root", "d"), node("Erf", "d", "e"), node("Add", "e one", "f")],
        *[node("Mul", "z f", "p"), node("Mul", "p half", "h")],
    ],
    "x · sigmoid(1.7 x)": [node("Mul", "z slope", "s"), node("Sigmoid", "s", "g"), node("Mul", "g z", "h")],
    "HardSigmoid": [node("HardSigmoid", "z", "h", alpha=0.3, beta=0.4)],
    "HardSwish": [node("HardSwish", "z", "h")],
    "Mish": [node("Mish", "z", "h")],
    "Mish of an older version": [node("Softplus", "z", "s"), node("Tanh", "s", "t"), node("Mul", "z t", "h")],
    "Softsign": [node("Softsign", "z", "h")],
    "Softplus": [node("Softplus", "z", "h")],
    "Clip": [node("Clip", "z minus one", "h")],
    "Clip from below": [node("Clip", "z minus", "h")],
    "Clip from above": [node("Clip", "z none one", "h")],
    "Max": [node("Max", "z half", "h")],
    "Relu and Min": [node("Relu", "z", "r"), node("Min", "r half", "h")],
    "Where": [node("Greater", "z zero", "g"), node("Where", "g z zero", "h")],
    "no activation": [node("Identity", "z", "h")],
    "BatchNormalization": [node("BatchNormalization", "z b0 b0 b0 variance", "a"), node("Relu", "a", "h")],
    "BatchNormalization after": [node("Relu", "z", "a"), node("BatchNormalization", "a b0 b0 b0 variance", "h")],
    "Dropout": [node("Relu", "z", "a"), node("Dropout", "a half", "h mask")],
}
NUMBERS = {
    **{"slope": F(1.7), "root": F(np.sqrt(2)), "one": F(1), "half": F(0.5), "minus": F(-0.4), "zero": F(0)},
    "variance": np.linspace(0.5, 2, 8, dtype=F),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    nodes = [node("Gemm", "x w0 b0", "z"), *ACTIVATIONS[name], node("Gemm", "h w1 b1", "y")]
    for made in nodes:  # an input that is left out
        made.input[:] = ["" if each == "none" else each for each in made.input]
    agree(graph(nodes, WEIGHTS | NUMBERS, opset=20), examples(6))


FLAT = {
    "Flatten": [node("Flatten", "x", "f", axis=-3)],
    "view of a size": [
        *[node("Shape", "x", "s"), node("Gather", "s first", "n", axis=0), node("Unsqueeze", "n axis", "u")],
        *[node("Concat", "u all", "to", axis=0), node("Reshape", "x to", "f")],
    ],
    "Shape in part": [node("Shape", "x", "s", start=0, end=1), node("Concat", "s all", "to", axis=0), node("Reshape", "x to", "f")],
    "Reshape": [node("Reshape", "x to", "f")],
    "Reshape twice": [node("Squeeze", "x axis1", "q"), node("Reshape", "q to", "f")],
    "channels last": [node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("Flatten", "t", "f")],
    "permuted": [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Flatten", "t", "f")],
}


@pytest.mark.parametrize("name", FLAT)
def test_flattening(name):
    shapes = {"first": 0, "axis": [0], "axis1": [1], "all": [-1]}
    constants = {name: np.asarray(value, dtype=np.int64) for name, value in shapes.items()}
    if "to" not in {output for each in FLAT[name] for output in each.output}:
        constants["to"] = np.array([0, -1])
    nodes = [*FLAT[name], node("Gemm", "f w0 b0", "z"), node("Relu", "z", "h"), node("Gemm", "h w1 b1", "y")]
    agree(graph(nodes, WEIGHTS | constants, ("n", 1, 2, 3)), examples(1, 2, 3))


ENDS = {
    "Softmax": [node("Softmax", "o", "y", axis=1)],
    "temperature": [node("Div", "o half", "t"), node("Softmax", "t", "y")],
    "Sigmoid of several": [node("Sigmoid", "o", "y")],
    "Sigmoid of one": [node("Gather", "o first", "p", axis=1), node("Sigmoid", "p", "y")],
    "Squeeze": [node("Slice", "o from to axes", "p"), node("Sigmoid", "p", "q"), node("Squeeze", "q axes", "y")],
    "Reshape": [node("Slice", "o from to axes", "p"), node("Reshape", "p all", "y")],
    "Gather": [node("Gather", "o first", "y", axis=1)],
    "units": [node("Mul", "o half", "m"), node("Add", "m slope", "y")],
    "units turned round": [node("Mul", "o minus", "m"), node("Sub", "slope m", "y")],
    "bounded": [node("Sigmoid", "o", "s"), node("Mul", "s slope", "y")],
    "never negative": [node("Relu", "o", "y")],
}


@pytest.mark.parametrize("name", ENDS)
def test_ends(name):
    indices = {"first": [0], "from": [0], "to": [1], "axes": [1], "all": [-1]}
    constants = {name: np.asarray(value, dtype=np.int64) for name, value in indices.items()}
    last = {"Sigmoid of one": ("n", 1), "Squeeze": ("n",), "Reshape": ("n",), "Gather": ("n", 1)}.get(name, ("n", 3))
    nodes = [node("Gemm", "x w0 b0", "z"), node("Relu", "z", "h"), node("Gemm", "h w1 b1", "o"), *ENDS[name]]
    agree(graph(nodes, WEIGHTS | NUMBERS | constants, outputs=last), examples(6))


def test_log_softmax_gives_probabilities():
    nodes = [node("Gemm", "x w0 b0", "z"), node("LogSoftmax", "z", "y", axis=-1)]
    made, x = graph(nodes, WEIGHTS, outputs=("n", 8)), examples(6)
    expected = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": x})[0]
    np.testing.assert_allclose(truezero.from_onnx(made).predict_proba(x), np.exp(expected), rtol=1e-5)


def network(prepare, constants, **options):
    nodes = [node("Gemm", "x w0 b0", "z"), node("Relu", "z", "h"), node("Gemm", "h w1 b1", "y")]
    return graph([*prepare, *nodes], constants, **options)


def test_weights_of_every_width():
    agree(network([], {name: array.astype(np.float64) for name, array in WEIGHTS.items()}, kind=TensorProto.DOUBLE), examples(6).astype(np.float64))
    half = {name: array.astype(H) for name, array in WEIGHTS.items()}
    agree(network([], half, kind=TensorProto.FLOAT16), examples(6).astype(H), 1e-2)
    cast = [node("Cast", f"{name}h", name, to=TensorProto.FLOAT) for name in half]
    agree(network(cast, {f"{name}h": array for name, array in half.items()}), examples(6))
    whole = {name: np.round(array * 50).astype(I8) for name, array in WEIGHTS.items() if name[0] == "w"}
    scales = {"scale": F(0.02), "rows0": np.linspace(0.01, 0.03, 6, dtype=F), "rows1": np.linspace(0.01, 0.03, 8, dtype=F)}
    given = {f"{name}q": array for name, array in whole.items()} | {"b0": WEIGHTS["b0"], "b1": WEIGHTS["b1"], "zero": I8(3)} | scales
    agree(network([node("DequantizeLinear", f"{name}q scale zero", name) for name in whole], given), examples(6))
    by_row = [node("DequantizeLinear", f"{name}q rows{name[1]}", name, axis=0) for name in whole]
    agree(network(by_row, given), examples(6))


def test_constants_that_are_computed():
    # weight_norm, in an order that is none
    prepare = [
        *[node("Mul", "unit g", "w0"), node("Div", "v norm", "unit"), node("Sqrt", "sum", "norm")],
        *[node("ReduceSum", "square axis", "sum"), node("Pow", "v two", "square")],
        *[node("Concat", "b0a b0b", "b0", axis=0), node("Slice", "large from to", "w1")],
    ]
    constants = {
        **{"v": WEIGHTS["w0"], "g": np.linspace(1, 2, 8, dtype=F), "two": F(2), "axis": np.array([0])},
        **{"b0a": WEIGHTS["b0"][:3], "b0b": WEIGHTS["b0"][3:], "b1": WEIGHTS["b1"]},
        **{"large": np.tile(WEIGHTS["w1"], (2, 1)), "from": np.array([8]), "to": np.array([16])},
    }
    made = network(prepare, constants)
    model = truezero.from_onnx(made)
    ordered = [made.graph.node[at] for at in [4, 3, 2, 1, 0, 5, 6, 7, 8, 9]]
    del made.graph.node[:]
    made.graph.node.extend(ordered)
    x = examples(6)
    np.testing.assert_allclose(model.predict(x), agree(made, x).predict(x))


def test_scaling_of_scikit_learn():
    nodes = [node("Scaler", "x", "s", "ai.onnx.ml", offset=[1.0] * 6, scale=[0.5, 2, 3, 4, 5, 6])]
    rest = [node("Gemm", "s w0 b0", "z"), node("Relu", "z", "h"), node("Gemm", "h w1 b1", "y")]
    agree(graph([*nodes, *rest], WEIGHTS), examples(6))
    imputer = node("Imputer", "x", "i", "ai.onnx.ml", imputed_value_floats=[1.0] * 6, replaced_value_float=float("nan"))
    rest = [node("Gemm", "i w0 b0", "z"), node("Relu", "z", "h"), node("Gemm", "h w1 b1", "y")]
    with pytest.warns(truezero.DataWarning, match="missing values"):
        agree(graph([imputer, *rest], WEIGHTS), examples(6))


def test_functions_of_the_file():
    layer = helper.make_function(
        "ours", "Layer", ["x", "w", "b"], ["y"], [node("Gemm", "x w b", "z"), node("LeakyRelu", "z", "y", alpha=0.2)], [helper.make_opsetid("", 18)]
    )
    nodes = [node("Layer", "x w0 b0", "h", "ours"), node("Layer", "h w1 b1", "y", "ours")]
    made = graph(nodes, WEIGHTS)
    made.functions.append(layer)
    made.opset_import.append(helper.make_opsetid("ours", 1))
    agree(made, examples(6))


def test_what_onnx_runtime_saves(tmp_path):
    path = tmp_path / "optimised.onnx"
    for level in ["BASIC", "EXTENDED"]:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
        options.optimized_model_filepath = str(path)
        made = network([], WEIGHTS)
        onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
        x = examples(6)
        np.testing.assert_allclose(truezero.from_onnx(path).predict(x), truezero.from_onnx(made).predict(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Gemm", "x w0 b0", "z"), node("Add", "z z", "y")], "(Add)"),
        ([node("Conv", "x w0", "y")], "(Conv)"),
        ([node("MatMul", "x x", "y")], "(MatMul)"),
        ([node("Gemm", "x w0 b0", "z"), node("Sin", "z", "h"), node("Gemm", "h w1 b1", "y")], "(Sin)"),
        ([node("LayerNormalization", "x w0", "z"), node("Gemm", "z w0 b0", "y")], "(LayerNormalization)"),
        ([node("Reshape", "x pair", "z"), node("Gemm", "z w1 b1", "y")], "(Reshape)"),
    ],
)
def test_what_is_outside_is_refused_by_name(nodes, expected):
    with pytest.raises(ValueError, match="expected") as refused:
        truezero.from_onnx(graph(nodes, WEIGHTS | {"pair": np.array([-1, 3])}))
    assert expected in str(refused.value)
