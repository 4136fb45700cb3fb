"""ONNX out and in: checked by the format's own checker, run by ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import truezero
from truezero import RectifierClassifier, RectifierRegressor

ACTIVATIONS = [
    *["rectifier", "softplus", "softplus:3", "tanh", "logistic", "lif", "identity", "leaky", "leaky:0.3", "elu", "elu:0.5"],
    *["gelu", "gelu:tanh", "silu", "mish", "hardswish", "relu6", "softsign"],
]
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
            assert outputs["label"].tolist() == [str(label) for label in model.predict(batch)]


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


def test_what_is_written_is_whole_or_as_it_was(iris, tmp_path):
    model = fitted("rectifier", "classes", iris)
    path = tmp_path / "model.onnx"
    model.to_onnx(path)
    before = path.read_bytes()
    with pytest.raises(OSError):
        model.to_onnx(tmp_path / "none" / "model.onnx")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError):
        model.to_onnx(folder)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "model.onnx"]


@pytest.mark.parametrize(
    "names",
    [
        *[["007", "010", "123"], ["nan", "inf", "1"], ["1_000", "2_000", "3"], ["1e3", "2", "3"], ["0", "1", "2"]],
        *[["yes", "no", "maybe"], ["1.0", "2.0", "3.0"], ["True", "False", "x"], ["\u0661", "1", "2"]],
    ],
)
def test_classes_that_are_text_stay_text(names, iris):
    X, y = iris
    model = RectifierClassifier((5,), max_iter=3, random_state=0).fit(X, np.array(names)[y])
    again = truezero.from_onnx(model.to_onnx())
    assert again.classes_.tolist() == model.classes_.tolist()
    assert again.predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("classes", [[7, 1, 2], [False, True], [2**60, 3, -1]])
def test_classes_that_are_numbers_stay_numbers(classes, iris):
    X, y = iris
    model = RectifierClassifier((5,), max_iter=3, random_state=0).fit(X, np.array(classes)[y % len(classes)])
    again = truezero.from_onnx(model.to_onnx())
    assert again.classes_.dtype.kind == model.classes_.dtype.kind
    assert again.classes_.tolist() == model.classes_.tolist()


def test_names_of_features_go_along(iris):
    pandas = pytest.importorskip("pandas")
    X, y = iris
    names = ["width", "height", "petal", "äste"]
    model = RectifierClassifier((5,), max_iter=3, random_state=0).fit(pandas.DataFrame(X, columns=names), y)
    again = truezero.from_onnx(model.to_onnx())
    assert again.feature_names_in_.tolist() == names


def scores(last="Identity", outputs=3):
    """A graph of one product of four inputs, and what comes after."""
    tensor = onnx.numpy_helper.from_array(np.arange(4 * outputs, dtype=np.float32).reshape(4, outputs), "w")
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["z"]), onnx.helper.make_node(last, ["z"], ["y"])]
    value = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", width])
        for name, width in [("x", 4), ("y", outputs)]
    ]
    graph = onnx.helper.make_graph(nodes, "g", value[:1], value[1:], [tensor])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])


def test_any_form_of_a_file_is_read(iris, tmp_path):
    graph = scores()
    path = tmp_path / "m.onnx"
    path.write_bytes(graph.SerializeToString())
    expected = iris[0] @ np.arange(12).reshape(4, 3)
    with path.open("rb") as file:
        for source in [graph, path, str(path), path.read_bytes(), bytearray(path.read_bytes()), file]:
            np.testing.assert_allclose(truezero.from_onnx(source).predict(iris[0]), expected, rtol=1e-5)
    with path.open("r", encoding="latin-1") as file, pytest.raises(TypeError, match="found one of text"):
        truezero.from_onnx(file)
    with pytest.raises(TypeError, match="expected a path, bytes, an open file or an onnx.ModelProto, found int"):
        truezero.from_onnx(3)


def test_the_task_and_the_classes_can_be_told(iris):
    X, y = iris
    assert isinstance(truezero.from_onnx(scores()), RectifierRegressor)
    model = truezero.from_onnx(scores(), task="classify", classes=["a", "b", "c"])
    assert model.predict(np.ones((1, 4))).tolist() == ["c"]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert truezero.from_onnx(scores(), task="classify", classes=[5, 3, 4]).predict(np.ones((1, 4))).tolist() == [4]
    two = truezero.from_onnx(scores("Sigmoid", 1), classes=["no", "yes"])
    assert two.predict_proba(X).shape == (150, 2) and set(two.predict(X)) <= {"no", "yes"}
    for arguments in [{"task": "guess"}, {"task": "classify", "classes": ["a"]}, {"classes": ["a", "b", "c"]}]:
        with pytest.raises(ValueError, match="expected"):
            truezero.from_onnx(scores(), **arguments)
    with pytest.raises(ValueError, match="one for each output"):
        truezero.from_onnx(scores(), task="classify", classes=[["a", "b", "c"]])


def test_a_class_that_is_told_otherwise_is_a_warning(iris):
    graph = scores("Softmax")
    graph.graph.node.append(onnx.helper.make_node("ArgMin", ["y"], ["label"], axis=1))
    graph.graph.output.append(onnx.helper.make_tensor_value_info("label", onnx.TensorProto.INT64, ["n", 1]))
    with pytest.warns(truezero.DataWarning, match="the position of the least value"):
        truezero.from_onnx(graph)


@pytest.mark.parametrize("task", TASKS)
def test_the_converter_of_scikit_learn_takes_pipelines(task, iris):
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = iris
    names = {"two classes": np.array(["no", "yes"])[(y == 1).astype(int)], "classes": y, "quantity": y * 10.0}
    targets = names | {"labels": np.eye(3, dtype=int)[y], "quantities": np.stack([y, -2.0 * y], axis=1)}
    kind = RectifierRegressor if task.startswith("quant") else RectifierClassifier
    model = make_pipeline(StandardScaler(), kind((9,), "gelu", max_iter=8, random_state=0)).fit(X, targets[task])
    written = skl2onnx.to_onnx(model, X[:1].astype(np.float32), target_opset=20)
    session = onnxruntime.InferenceSession(written.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: X.astype(np.float32)})
    if task.startswith("quant"):
        np.testing.assert_allclose(outputs[0].squeeze(), model.predict(X), rtol=1e-4, atol=1e-4)
    else:
        np.testing.assert_array_equal(outputs[0], model.predict(X))
        np.testing.assert_allclose(outputs[1], model.predict_proba(X), atol=1e-5)
