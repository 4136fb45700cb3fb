"""Classes of models from elsewhere: sorted, as scikit-learn expects, and each of them exactly."""

import numpy as np
import onnx
import pytest
import truezero
from onnx import helper, numpy_helper
from sklearn.metrics import get_scorer
from sklearn.neural_network import MLPClassifier
from truezero import RectifierClassifier

RANDOM = np.random.default_rng(5)
STATE = {
    "0.weight": RANDOM.normal(size=(6, 4)).astype(np.float32),
    "0.bias": RANDOM.normal(size=6).astype(np.float32),
    "2.weight": RANDOM.normal(size=(3, 6)).astype(np.float32),
    "2.bias": RANDOM.normal(size=3).astype(np.float32),
}
X = RANDOM.normal(size=(60, 4)).astype(np.float32)
#: Whole numbers that 64 bits without a sign hold, but of which NumPy may make floating-point numbers.
LARGE = [5, 2**63 + 1, 2**63 + 2]


def graph(outputs, last, gather=None):
    """The network of `STATE`, or its last outputs, as a graph that may tell labels from a list of its own."""
    arrays = {
        "w0": STATE["0.weight"],
        "b0": STATE["0.bias"],
        "w1": STATE["2.weight"][-outputs:],
        "b1": STATE["2.bias"][-outputs:],
    }
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "b0"], ["z"], transB=1),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Gemm", ["h", "w1", "b1"], ["s"], transB=1),
        helper.make_node(last, ["s"], ["y"]),
    ]
    values = [("x", onnx.TensorProto.FLOAT, ["n", 4]), ("y", onnx.TensorProto.FLOAT, ["n", outputs])]
    if gather is not None:
        arrays["names"] = np.array(gather)
        nodes += [
            helper.make_node("ArgMax", ["y"], ["place"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "place"], ["label"]),
        ]
        values.append(("label", onnx.TensorProto.INT64, ["n"]))
    infos = [helper.make_tensor_value_info(*value) for value in values]
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    made = helper.make_graph(nodes, "g", infos[:1], infos[1:], tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def scores(outputs=3):
    hidden = np.maximum(X @ STATE["0.weight"].T + STATE["0.bias"], 0)
    return hidden @ STATE["2.weight"][-outputs:].T + STATE["2.bias"][-outputs:]


@pytest.mark.parametrize(
    ("make", "classes"),
    [
        (lambda: truezero.from_torch(STATE, classes=["dog", "cat", "owl"]), ["dog", "cat", "owl"]),
        (lambda: truezero.from_onnx(graph(3, "Softmax"), classes=["dog", "cat", "owl"]), ["dog", "cat", "owl"]),
        (lambda: truezero.from_onnx(graph(3, "Softmax", [30, 10, 20])), [30, 10, 20]),
        (lambda: truezero.from_onnx(graph(1, "Sigmoid"), classes=["sick", "healthy"]), ["sick", "healthy"]),
    ],
)
def test_classes_of_imports_are_sorted(make, classes, tmp_path):
    model = make()
    given = scores(1 if len(classes) == 2 else 3)
    given = np.hstack([np.zeros_like(given), given]) if len(classes) == 2 else given
    labels = np.array(classes)[given.argmax(axis=1)]
    assert model.classes_.tolist() == sorted(classes)
    assert model.predict(X).tolist() == labels.tolist() and len(set(labels)) > 1
    probabilities = np.exp(given) / np.exp(given).sum(axis=1, keepdims=True)
    expected = probabilities[:, [classes.index(name) for name in sorted(classes)]]
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)
    # What takes columns by the order of the classes is right: a scorer, and a training that goes on.
    loss = -np.log(probabilities.max(axis=1)).mean()
    assert get_scorer("neg_log_loss")(model, X, labels) == pytest.approx(-loss, rel=1e-4)
    path = tmp_path / "model.safetensors"
    model.save(path)
    for again in [truezero.load(path), truezero.from_onnx(model.to_onnx())]:
        assert again.classes_.tolist() == sorted(classes)
        assert again.predict(X).tolist() == labels.tolist()
    model.set_params(learning_rate_init=1e-6).partial_fit(X, labels, classes=sorted(classes))
    assert (model.predict(X) == labels).mean() > 0.9


def test_classes_of_scikit_learn_that_are_not_sorted():
    y = scores().argmax(axis=1)
    peer = MLPClassifier((6,), max_iter=20, random_state=0).fit(X, y)
    peer.classes_ = np.array(["c", "a", "b"])
    model = truezero.from_sklearn(peer)
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(model.predict(X), peer.classes_[peer.predict_proba(X).argmax(axis=1)])


def test_classes_in_the_order_of_a_file_of_the_command_are_sorted(command, tmp_path):
    (tmp_path / "m.onnx").write_bytes(graph(3, "Softmax").SerializeToString())
    path = tmp_path / "m.safetensors"
    for classes in [["dog", "cat", "owl"], ["True", "False", "maybe"], LARGE[::-1]]:
        names = ",".join(map(str, classes))
        command("import", tmp_path / "m.onnx", "--classes", names, "--out", path, "--force")
        model = truezero.load(path)
        assert model.classes_.tolist() == sorted(classes)
        assert model.predict(X).tolist() == np.array(classes, dtype=object)[scores().argmax(axis=1)].tolist()


def test_large_whole_numbers_stay_apart():
    y = np.array(LARGE, dtype=np.uint64)[np.arange(60) % 3]
    model = RectifierClassifier((5,), max_iter=3, random_state=0).fit(X, y)
    made = [
        truezero.from_onnx(model.to_onnx()),
        truezero.from_torch(STATE, classes=LARGE),
        truezero.from_onnx(graph(3, "Softmax"), classes=LARGE),
    ]
    for each in made:
        assert each.classes_.dtype == np.uint64 and each.classes_.tolist() == LARGE
    wide = truezero.from_torch(STATE, classes=[-1, 2**63, 2**70])
    assert wide.classes_.tolist() == [-1, 2**63, 2**70]
    assert truezero.from_torch(STATE, classes=[-1, 3, 2**62]).classes_.dtype == np.int64


def test_classes_that_have_no_order_are_refused():
    with pytest.raises(ValueError, match="expected values that can be sorted"):
        truezero.from_torch(STATE, classes=np.array([1, "a", 2.5], dtype=object))
