"""Numbers are scaled alike, and within the same limits, however they come to a model."""

import json
import re
import subprocess
import urllib.request

import numpy as np
import onnx
import onnxruntime
import pandas
import pyarrow
import pytest
from scipy import sparse

import truezero
from truezero.arrow import Scorer

LIMIT = 8.0
SMALL = ["--hidden", "9", "--epochs", "3", "--quiet"]


def numbers(rows=400):
    """Three columns; one number is far from all others."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(rows, 3)) * [1.0, 20.0, 0.1] + [0.0, 300.0, -5.0]
    y = np.where(X[:, 0] + (X[:, 1] - 300) / 20 > 0, "high", "low")
    X[17, 1] = 30000.0
    return X, y


@pytest.fixture(scope="module")
def trained(tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("scaling")
    X, y = numbers()
    table = pandas.DataFrame(X, columns=["a", "b", "c"])
    table.assign(y=y).to_csv(folder / "train.csv", index=False)
    np.save(folder / "train.npy", X)
    (folder / "labels.txt").write_text("\n".join(y) + "\n")
    command("train", folder / "train.csv", "--target", "y", *SMALL, "--out", folder / "table.safetensors")
    labels = ["--labels", folder / "labels.txt"]
    command("train", folder / "train.npy", *labels, *SMALL, "--out", folder / "matrix.safetensors")
    return folder, table


def far(table):
    """Rows of which some have a number far away."""
    rows = table.head(20).copy()
    rows.loc[3, "a"], rows.loc[5, "b"], rows.loc[7, "c"] = 1e9, -1e5, 77.0
    return rows


def probabilities(command, model, data):
    command("predict", model, data, "--out", data.with_suffix(".predicted.csv"), "--force")
    out = pandas.read_csv(data.with_suffix(".predicted.csv"))
    return out[["probability_high", "probability_low"]].to_numpy(dtype=np.float32)


def test_a_table_and_an_array_of_the_same_numbers_give_the_same_predictions(trained, command):
    folder, table = trained
    rows = far(table)
    rows.to_csv(folder / "rows.csv", index=False)
    np.save(folder / "rows.npy", rows.to_numpy())
    expected = probabilities(command, folder / "table.safetensors", folder / "rows.csv")
    np.testing.assert_array_equal(
        probabilities(command, folder / "matrix.safetensors", folder / "rows.npy"), expected
    )
    np.testing.assert_array_equal(
        truezero.load(folder / "matrix.safetensors").predict_proba(rows.to_numpy()), expected
    )


def test_the_limit_holds_at_every_door(trained, command):
    folder, table = trained
    rows = far(table)
    # Farther away is no farther for the model.
    farther = rows.replace({1e9: 2e12, -1e5: -3e7, 77.0: 1e30})
    model = truezero.load(folder / "table.safetensors")
    expected = model.predict_proba(rows)
    assert np.isfinite(expected).all() and len(np.unique(expected[:, 0])) > 10
    rows.to_parquet(folder / "far.parquet")
    farther.to_csv(folder / "farther.csv", index=False)
    for name in ["far.parquet", "farther.csv"]:
        found = probabilities(command, folder / "table.safetensors", folder / name)
        np.testing.assert_array_equal(found, expected, err_msg=name)
    np.testing.assert_array_equal(model.predict_proba(farther), expected)
    scored = Scorer(model, keep=[])(pyarrow.Table.from_pandas(farther, preserve_index=False))
    np.testing.assert_array_equal(np.column_stack(scored.columns[1:]), expected)
    codes = [model.transform(each).toarray() for each in [rows, farther]]
    np.testing.assert_array_equal(*codes)
    arguments = [command.program, "serve", folder / "table.safetensors", "--addr", "127.0.0.1:0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as server:
        address = re.search(r"http://\S+", server.stderr.readline()).group()

        def ask(path, body):
            request = urllib.request.Request(
                f"{address}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)

        try:
            for each in [rows, farther]:
                answer = ask("/v1/predict", {"records": each.to_dict("records")})
                found = [prediction["probabilities"] for prediction in answer["predictions"]]
                np.testing.assert_array_equal(np.array(found, dtype=np.float32), expected)
                tensor = {"name": "input", "datatype": "FP64", "shape": list(each.shape)}
                tensor["data"] = each.to_numpy().ravel().tolist()
                answer = ask("/v2/models/table/infer", {"inputs": [tensor], "outputs": [{"name": "probabilities"}]})
                found = np.array(answer["outputs"][0]["data"], dtype=np.float32)
                np.testing.assert_array_equal(found.reshape(expected.shape), expected)
        finally:
            server.terminate()


@pytest.mark.parametrize("kind", ["table", "matrix"])
def test_onnx_runtime_keeps_the_limit(kind, trained):
    folder, table = trained
    rows = far(table)
    model = truezero.load(folder / f"{kind}.safetensors")
    expected = model.predict_proba(rows if kind == "table" else rows.to_numpy())
    written = model.to_onnx()
    graph = onnx.load_from_string(written)
    onnx.checker.check_model(graph, full_check=True)
    assert "Clip" in [node.op_type for node in graph.graph.node]
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {"input": rows.to_numpy(dtype=np.float32)})[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    again = truezero.from_onnx(written)
    np.testing.assert_allclose(again.predict_proba(rows.to_numpy()), expected, atol=1e-6)


def test_one_number_far_away_does_not_drive_training_apart(tmp_path, command):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(2000, 4))
    y = 100 + 10 * X[:, 0] - 5 * X[:, 1]
    X[11, 2] = 3000.0  # more than 40 standard deviations, and says nothing of y
    table = pandas.DataFrame(X, columns=list("abcd")).assign(y=y)
    table.to_csv(tmp_path / "train.csv", index=False)
    options = ["--target", "y", "--hidden", "50,50", "--epochs", "10", "--quiet", "--json"]
    told = json.loads(command("train", tmp_path / "train.csv", *options, "--out", tmp_path / "model.safetensors"))
    assert not [warning for warning in told["warnings"] if "diverged" in warning["message"]], told["warnings"]
    assert told["test_rmse"] < 0.2 * y.std()
    found = truezero.load(tmp_path / "model.safetensors").predict(table.iloc[[11]])
    assert abs(found[0] - y[11]) < 2 * y.std(), "also for the row itself"


def test_times_in_a_sparse_matrix_stay_apart(tmp_path, command):
    seconds = 1_700_000_000.0 + np.arange(200)
    X = sparse.random_array((200, 30), density=0.05, rng=np.random.default_rng(1), format="lil")
    X[:, [4]] = seconds[:, None]
    sparse.save_npz(tmp_path / "train.npz", X.tocsr())
    labels = np.where(np.arange(200) < 100, "before", "after")
    (tmp_path / "labels.txt").write_text("\n".join(labels) + "\n")
    out = tmp_path / "model.safetensors"
    options = ["--labels", tmp_path / "labels.txt", "--hidden", "20", "--epochs", "40", "--quiet", "--json"]
    told = json.loads(command("train", tmp_path / "train.npz", *options, "--out", out))
    assert told["test_error"] < 0.1
    model = truezero.load(out)
    found = model.predict_proba(X.tocsr())
    assert len(np.unique(found[:, 0])) > 150
    np.testing.assert_array_equal(model.predict_proba(X.toarray()), found)


def test_a_matrix_of_another_width_is_refused(trained, command):
    folder, _ = trained
    model = folder / "matrix.safetensors"
    mostly_zero = np.zeros((50, 2))
    mostly_zero[0, 0] = 1.0
    np.save(folder / "narrow.npy", mostly_zero)
    sparse.save_npz(folder / "narrow.npz", sparse.csr_array(mostly_zero))
    pandas.DataFrame(mostly_zero, columns=["a", "b"]).to_csv(folder / "narrow.csv", index=False)
    np.save(folder / "wide.npy", np.zeros((50, 4)))
    for name, found in [("narrow.npy", 2), ("narrow.npz", 2), ("narrow.csv", 2), ("wide.npy", 4)]:
        error = command("predict", model, folder / name, fails=True)
        assert f"expected 3 columns, as in training, found {found}" in error, name
    loaded = truezero.load(model)
    for X in [mostly_zero, sparse.csr_array(mostly_zero), mostly_zero.astype(np.float32)]:
        with pytest.raises(ValueError, match=r"2 features, but .* is expecting 3"):
            loaded.predict(X)
    # The last columns of a text of indices may occur in none of its examples.
    (folder / "narrow.svm").write_text("0 1:0.5 2:300\n0 1:-0.5\n")
    command("predict", model, folder / "narrow.svm", "--out", folder / "narrow.predicted.csv")
    assert len(pandas.read_csv(folder / "narrow.predicted.csv")) == 2
