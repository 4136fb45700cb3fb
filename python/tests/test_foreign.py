"""Networks of PyTorch and scikit-learn become ours."""

import json
import struct

import numpy as np
import pytest
import truezero
from scipy.special import expit, softmax
from sklearn.neural_network import MLPClassifier, MLPRegressor

SHAPES = [(5, 4), (3, 5), (2, 3)]


def state(seed=0, **more):
    """A state_dict of Linear(4, 5), activation, Linear(5, 3), activation, Linear(3, 2)."""
    random = np.random.default_rng(seed)
    tensors = {}
    for at, (outputs, inputs) in zip([0, 2, 10], SHAPES):
        tensors[f"net.{at}.weight"] = random.normal(size=(outputs, inputs)).astype(np.float32)
        tensors[f"net.{at}.bias"] = random.normal(size=outputs).astype(np.float32)
    return {**tensors, **more}


def outputs(tensors, X, activation):
    values = X
    for at in [0, 2, 10]:
        values = values @ tensors[f"net.{at}.weight"].T + tensors[f"net.{at}.bias"]
        values = values if at == 10 else activation(values)
    return values


def write_safetensors(path, tensors, **header):
    entries, data = {}, b""
    for name, array in sorted(tensors.items()):
        entries[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps({**entries, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


X = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)


def test_a_state_dict(tmp_path):
    tensors = state()
    regressor = truezero.from_torch(tensors)
    np.testing.assert_allclose(regressor.predict(X), outputs(tensors, X, lambda z: np.maximum(z, 0)), atol=1e-5)
    classifier = truezero.from_torch(tensors, activation=["tanh", "logistic"], classes=["no", "yes"])
    values = X
    for at, function in [(0, np.tanh), (2, expit), (10, lambda z: z)]:
        values = function(values @ tensors[f"net.{at}.weight"].T + tensors[f"net.{at}.bias"])
    np.testing.assert_allclose(classifier.predict_proba(X), softmax(values, axis=1), atol=1e-5)
    assert set(classifier.predict(X)) <= {"no", "yes"}
    path = tmp_path / "torch.safetensors"
    # In a file the order is that of the names: net.10 before net.2.
    write_safetensors(path, tensors, __metadata__={"format": "pt"})
    for again in [truezero.from_torch(path), truezero.from_torch(str(path))]:
        np.testing.assert_array_equal(again.predict(X), regressor.predict(X))
    labels = truezero.from_torch(tensors, task="multilabel")
    np.testing.assert_allclose(
        labels.predict_proba(X), expit(outputs(tensors, X, lambda z: np.maximum(z, 0))), atol=1e-5
    )


@pytest.mark.parametrize(
    ("tensors", "options", "match"),
    [
        ({}, {}, "expected at least one tensor"),
        (state(**{"net.5.running_mean": np.zeros(3)}), {}, "running_mean"),
        (state(**{"net.0.weight": np.zeros((5, 4, 3, 3))}), {}, "expected the weights of a Linear"),
        (state(**{"net.2.weight": np.zeros((3, 6))}), {}, "expected 5 inputs"),
        (state(**{"net.0.bias": np.zeros(4)}), {}, "bias"),
        (state(**{"net.0.bias": np.full(5, np.nan)}), {}, "finite"),
        (state(), {"activation": ["relu"] * 3}, "one for each of 2 layers"),
        (state(), {"activation": "gelo"}, "expected an activation"),
        (state(), {"classes": [1, 2, 3]}, "expected 2, one for each output"),
        (state(), {"task": "dance"}, "expected classify"),
    ],
)
def test_states_that_are_no_perceptrons(tensors, options, match):
    with pytest.raises(ValueError, match=match):
        truezero.from_torch(tensors, **options)


def test_hostile_safetensors(tmp_path):
    path = tmp_path / "torch.safetensors"
    write_safetensors(path, state())
    whole = path.read_bytes()
    header = lambda text: struct.pack("<Q", len(text)) + text
    entry = lambda **change: json.dumps(
        {"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **change}}
    )
    for damaged in [
        b"",
        b"1234567",
        struct.pack("<Q", 2**63),
        whole[:-1],
        header(b"{"),
        header(b"[]"),
        header(b"[" * 100_000),
        header(entry(shape=[2**40, 2**40]).encode()) + b"x" * 16,
        header(entry(data_offsets=[0, 2**60]).encode()) + b"x" * 16,
        header(entry(data_offsets=[-16, 0]).encode()) + b"x" * 16,
        header(entry(data_offsets=[8, 0]).encode()) + b"x" * 16,
        header(entry(data_offsets=[0.0, 16]).encode()) + b"x" * 16,
        header(entry(dtype="I8").encode()) + b"x" * 16,
        header(entry(shape="ab").encode()) + b"x" * 16,
    ]:
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="expected"):
            truezero.from_torch(path)


class Module:
    """As much of a torch module as is looked at."""

    def __init__(self, *children, **attributes):
        self.children = children
        self.__dict__.update(attributes)

    def named_children(self):
        return [(str(at), child) for at, child in enumerate(self.children)]


def module(name, *children, **attributes):
    return type(name, (Module,), {})(*children, **attributes)


def linear(at, tensors):
    weight, bias = tensors[f"net.{at}.weight"], tensors[f"net.{at}.bias"]
    return module("Linear", weight=weight, bias=bias, out_features=len(bias))


def test_a_sequential():
    tensors = state()
    layers = [linear(at, tensors) for at in (0, 2, 10)]
    inner = module("Sequential", layers[0], module("ReLU"), module("Dropout"))
    plain = module("Sequential", module("Flatten"), inner, layers[1], module("ReLU"), layers[2])
    expected = outputs(tensors, X, lambda z: np.maximum(z, 0))
    regressor = truezero.from_torch(plain)
    np.testing.assert_allclose(regressor.predict(X), expected, atol=1e-5)
    classifier = truezero.from_torch(module("Sequential", plain, module("Softmax")))
    np.testing.assert_allclose(classifier.predict_proba(X), softmax(expected, axis=1), atol=1e-5)
    labels = truezero.from_torch(module("Sequential", plain, module("Sigmoid")))
    np.testing.assert_allclose(labels.predict_proba(X), expit(expected), atol=1e-5)
    for wrong, match in [
        (module("Sequential", module("ReLU")), "expected a Linear before it"),
        (module("Sequential", layers[0], module("GELU")), "found GELU"),
        (module("Sequential", module("Dropout")), "at least one Linear"),
        (module("Sequential", layers[0], module("ReLU")), "the outputs"),
        (module("ModuleList", layers[0]), "hint: export it"),
    ]:
        with pytest.raises(ValueError, match=match):
            truezero.from_torch(wrong)
    with pytest.raises(TypeError, match="found int"):
        truezero.from_torch(3)


def test_a_real_sequential():
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.Softplus(beta=2), torch.nn.Linear(6, 3), torch.nn.Softmax(1)
    )
    expected = net(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(truezero.from_torch(net).predict_proba(X), expected, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_scikit_learns_networks(activation, iris):
    X, y = iris
    for targets in [y, y == 2, np.array(["x", "y", "z"])[y]]:
        peer = MLPClassifier((9, 5), activation, max_iter=30, random_state=0).fit(X, targets)
        ours = truezero.from_sklearn(peer)
        np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-5)
        np.testing.assert_array_equal(ours.predict(X), peer.predict(X))
        assert ours.classes_.dtype == peer.classes_.dtype
    peer = MLPClassifier((9,), activation, max_iter=30, random_state=0).fit(X, np.eye(3, dtype=int)[y])
    np.testing.assert_allclose(truezero.from_sklearn(peer).predict_proba(X), peer.predict_proba(X), atol=1e-5)
    peer = MLPRegressor(hidden_layer_sizes=(9,), activation=activation, max_iter=30, random_state=0).fit(X, y)
    np.testing.assert_allclose(truezero.from_sklearn(peer).predict(X), peer.predict(X), atol=1e-4)


def test_what_is_no_fitted_perceptron():
    with pytest.raises(ValueError, match="expected a fitted MLPClassifier"):
        truezero.from_sklearn(MLPClassifier())
    with pytest.raises(ValueError, match="found exp"):
        peer = MLPRegressor(loss="poisson", max_iter=5).fit(X, np.arange(20.0))
        truezero.from_sklearn(peer)


def test_a_tensor_that_is_one_number_many_times_takes_no_more_memory_than_there_is():
    repeated = np.broadcast_to(np.float32(1), (10**7, 10**7))
    with pytest.raises(MemoryError, match="not enough memory"):
        truezero.from_torch({"0.weight": repeated})
