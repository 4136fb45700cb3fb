"""ONNX out and in: checked by the format's own checker, run by ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import truezero
from truezero import RectifierClassifier, RectifierRegressor

ACTIVATIONS = ["rectifier", "softplus", "softplus:3", "tanh", "logistic", "lif", "identity"]
TASKS = ["two classes", "classes", "labels", "quantity", "quantities"]


def fitted(activation, task, iris):
    X, y = iris
    targets = {
        "two classes": y == 1,
        "classes": y,
        "labels": np.eye(3, dtype=int)[y],
        "quantity": y * 10.0,
        "quantities": np.stack([y, -2.0 * y], axis=1),
    }[task]
    kind = RectifierRegressor if task.startswith("quant") else RectifierClassifier
    return kind((9, 7), activation, max_iter=8, random_state=0).fit(X, targets)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnx_runtime_agrees(activation, task, iris):
    X, _ = iris
    model = fitted(activation, task, iris)
    written = model.to_onnx()
    onnx.checker.check_model(onnx.load_from_string(written), full_check=True)
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    for batch in [X, X[:1]]:
        outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, {"input": batch})))
        if task.startswith("quant"):
            np.testing.assert_allclose(
                outputs["quantities"].squeeze(), model.predict(batch).squeeze(), atol=1e-5, rtol=1e-5
            )
        else:
            np.testing.assert_allclose(outputs["probabilities"], model.predict_proba(batch), atol=1e-5)
        if "classes" in task:
            np.testing.assert_array_equal(model.classes_[outputs["label"]], model.predict(batch))


@pytest.mark.parametrize("task", TASKS)
def test_there_and_back(task, iris, tmp_path):
    X, _ = iris
    model = fitted("rectifier", task, iris)
    path = tmp_path / "model.onnx"
    written = model.to_onnx(path)
    assert path.read_bytes() == written
    for again in [truezero.from_onnx(path), truezero.from_onnx(str(path)), truezero.from_onnx(written)]:
        np.testing.assert_allclose(again.predict(X), model.predict(X), rtol=1e-5)
        assert again.n_features_in_ == 4
        assert len(again.sparsity_) == 0, "nothing is known of a training"
        codes = again.transform(X)
        np.testing.assert_allclose(codes.toarray(), model.transform(X).toarray(), atol=1e-6)


def test_an_imported_model_can_be_trained_on(iris):
    X, y = iris
    again = truezero.from_onnx(fitted("rectifier", "classes", iris).to_onnx())
    before = again.score(X, y)
    again.set_params(warm_start=True, max_iter=100, learning_rate_init=0.01, random_state=0).fit(X, y)
    assert again.score(X, y) > max(before, 0.9)


def test_hostile_models(iris, tmp_path):
    written = fitted("rectifier", "classes", iris).to_onnx()
    for damaged in [b"", b"\xff" * 100, written[: len(written) // 2], written * 2]:
        try:
            truezero.from_onnx(damaged)
        except ValueError as error:
            assert "expected" in str(error)
    graph = onnx.load_from_string(written)
    graph.graph.node[0].op_type = "Conv"
    with pytest.raises(ValueError, match="Conv"):
        truezero.from_onnx(graph.SerializeToString())
    # A cycle.
    graph = onnx.load_from_string(written)
    graph.graph.node[0].input[0] = graph.graph.node[2].output[0]
    with pytest.raises(ValueError, match="expected"):
        truezero.from_onnx(graph.SerializeToString())
    # Data from elsewhere.
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones(4 * 9, dtype=np.float32).tobytes())
    (tmp_path / "models").mkdir()
    graph = onnx.load_from_string(written)
    tensor = next(tensor for tensor in graph.graph.initializer if list(tensor.dims) in ([4, 9], [9, 4]))
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    path = tmp_path / "models" / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    for source in [path, path.read_bytes()]:
        with pytest.raises(ValueError, match="expected"):
            truezero.from_onnx(source)
    with pytest.raises(FileNotFoundError):
        truezero.from_onnx(tmp_path / "none.onnx")


def test_an_encoder_is_refused(iris):
    encoder = truezero.DenoisingAutoencoder((3,), max_iter=1).fit(iris[0])
    with pytest.raises(ValueError, match="no outputs"):
        encoder.to_onnx()
