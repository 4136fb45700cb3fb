"""Models outlive the process: pickled, in files, and in the hands of the command."""

import copy
import csv
import json
import os
import pickle

import joblib
import numpy as np
import pandas
import polars
import pyarrow
import pytest
import truezero
from scipy import sparse
from sklearn.exceptions import NotFittedError
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor, _truezero


def fitted(iris):
    X, y = iris
    return [
        RectifierClassifier((12, 8), max_iter=10, random_state=0).fit(X, np.array(["b", "a", "c"])[y]),
        RectifierClassifier((12,), "tanh", max_iter=10, random_state=0).fit(X, y == 1),
        RectifierClassifier((12,), max_iter=10, random_state=0).fit(X, np.eye(3, dtype=int)[y]),
        RectifierRegressor((12,), ["softplus:2"], max_iter=10, random_state=0).fit(X, np.stack([y, y + 1.5], axis=1)),
    ]


def same(a, b, X):
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    np.testing.assert_array_equal(a.transform(X).toarray(), b.transform(X).toarray())
    if hasattr(a, "classes_"):
        np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
        np.testing.assert_array_equal(a.classes_, b.classes_)


class WithThreshold(RectifierClassifier):
    """A subclass with parameters of its own, one of which is required."""

    def __init__(self, costs, hidden_layer_sizes=(7,), *, threshold=0.5, note=None, max_iter=3):
        super().__init__(hidden_layer_sizes, max_iter=max_iter)
        self.costs, self.threshold, self.note = costs, threshold, note


def test_a_subclass_comes_back_with_its_own_parameters(iris, tmp_path):
    X, y = iris
    path = tmp_path / "model.safetensors"
    model = WithThreshold({"a": (1, 2.5)}, threshold=0.9, note=print).fit(X, y)
    model.alpha = 0.25
    model.save(path)
    again = WithThreshold.load(path)
    assert type(again) is WithThreshold and again.costs == {"a": (1, 2.5)} and again.threshold == 0.9
    assert again.note is None and again.max_iter == 3 and again.hidden_layer_sizes == (7,) and again.alpha == 0.25
    same(model, again, X)
    assert type(truezero.load(path)) is RectifierClassifier
    before = path.read_bytes()
    with pytest.raises(ValueError, match="parameter costs: expected a value that a file keeps"):
        WithThreshold(print).fit(X, y).save(path)
    assert path.read_bytes() == before
    RectifierClassifier((7,), max_iter=3).fit(X, y).save(path)
    with pytest.raises(ValueError, match="expected the parameter costs, which WithThreshold requires"):
        WithThreshold.load(path)


def test_what_was_observed_comes_back_where_the_network_has_no_record_of_it(iris, tmp_path):
    X, y = iris
    path = tmp_path / "model.safetensors"
    parts = RectifierClassifier((9, 5), random_state=0)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    at_once = RectifierRegressor((9,), solver="lbfgs", max_iter=5, random_state=0).fit(X, y)
    for model in [parts, at_once]:
        model.save(path)
        again = truezero.load(path)
        assert len(again.sparsity_) == len(model.sparsity_) > 0
        np.testing.assert_array_equal(again.sparsity_, model.sparsity_)
        assert str(again.report()) == str(model.report())
        again.save(path)
        np.testing.assert_array_equal(truezero.load(path).sparsity_, model.sparsity_)
    encoder = DenoisingAutoencoder((6, 3), max_iter=2, random_state=0).fit(X)
    encoder.intercepts_[0] = np.zeros(6)
    encoder.save(path)
    np.testing.assert_array_equal(truezero.load(path).sparsity_, encoder.sparsity_)


def test_pickled_copied_and_dumped(iris, tmp_path):
    X, y = iris
    for model in fitted(iris):
        for again in [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]:
            same(model, again, X)
            assert again.loss_curve_ == model.loss_curve_
        joblib.dump(model, tmp_path / "model")
        same(model, joblib.load(tmp_path / "model"), X)
    going = RectifierClassifier((5,)).partial_fit(X, y, classes=[0, 1, 2])
    again = pickle.loads(pickle.dumps(going))
    same(going, again, X)
    assert again.partial_fit(X, y).n_iter_ == 2
    encoder = DenoisingAutoencoder((6,), max_iter=2, random_state=0).fit(X)
    again = pickle.loads(pickle.dumps(encoder))
    codes = encoder.transform(X)
    np.testing.assert_array_equal(again.inverse_transform(codes), encoder.inverse_transform(codes))


def test_saved_and_loaded(iris, tmp_path):
    X, _ = iris
    path = tmp_path / "model.safetensors"
    for model in fitted(iris):
        truezero.save(model, path)
        again = truezero.load(path)
        same(model, again, X)
        assert repr(again) == repr(model)
        assert again.loss_curve_ == pytest.approx(model.loss_curve_)
        assert str(again.report()) == str(model.report())
        model.save(str(path))
        assert again.fit(X, model.predict(X)).n_iter_ > 0
    with pytest.raises(NotFittedError):
        truezero.save(RectifierClassifier(), path)
    with pytest.raises(TypeError, match="found dict"):
        truezero.save({}, path)
    encoder = DenoisingAutoencoder((6, 3), max_iter=2, random_state=0).fit(X)
    encoder.save(path)
    again = truezero.load(path)
    np.testing.assert_array_equal(again.transform(X).toarray(), encoder.transform(X).toarray())
    with pytest.raises(ValueError, match="hint: pickle the estimator"):
        again.inverse_transform(encoder.transform(X))


@pytest.mark.parametrize("dtype", ["M8[ns]", "M8[D]", "m8[s]", "f2", "u1", "?", "U3"])
def test_classes_of_every_type_come_back(dtype, iris, tmp_path):
    X, y = iris
    model = RectifierClassifier((4,), max_iter=2).fit(X, (y > 0).astype(dtype))
    model.save(tmp_path / "m")
    again = truezero.load(tmp_path / "m")
    assert again.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_classes_that_no_file_keeps_are_refused(iris, tmp_path):
    X, y = iris
    model = RectifierClassifier((4,), max_iter=2).fit(X, y > 0)
    model.classes_ = model.classes_.astype(complex)
    with pytest.raises(ValueError, match="classes: a file keeps"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_names_of_features_come_back(iris, tmp_path):
    X, y = iris
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    model = RectifierClassifier((5,), max_iter=2).fit(frame, y)
    model.save(tmp_path / "model.safetensors")
    assert list(truezero.load(tmp_path / "model.safetensors").feature_names_in_) == ["a", "b", "c", "d"]


def test_the_command_predicts_what_python_does(iris, tmp_path, command):
    X, _ = iris
    np.save(tmp_path / "x.npy", X)
    for model in fitted(iris):
        model.save(tmp_path / "model.safetensors")
        printed = json.loads(command("predict", tmp_path / "model.safetensors", tmp_path / "x.npy", "--json"))
        rows = printed["predictions"]
        if hasattr(model, "classes_"):
            probabilities = np.array([row["probabilities"] for row in rows], dtype=np.float32)
            np.testing.assert_array_equal(probabilities, model.predict_proba(X))
            if "label" in rows[0]:
                assert [row["label"] for row in rows] == [str(label) for label in model.predict(X)]
        else:
            quantities = np.array([row["quantities"] for row in rows], dtype=np.float32)
            np.testing.assert_array_equal(quantities, model.predict(X))


def test_python_predicts_what_the_command_does(iris, tmp_path, command):
    X, y = iris
    np.savez(tmp_path / "iris.npz", x=X, y=y)
    model = tmp_path / "model.safetensors"
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", y)
    options = ["--hidden", "12", "--epochs", 3, "--quiet", "--out", model]
    command("train", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *options, "--sign-trick")
    loaded = truezero.load(model)
    assert list(loaded.classes_) == [0, 1, 2] and loaded.hidden_layer_sizes == (12,) and loaded.n_iter_ == 3
    printed = json.loads(command("predict", model, tmp_path / "x.npy", "--json"))["predictions"]
    probabilities = np.array([row["probabilities"] for row in printed], dtype=np.float32)
    np.testing.assert_array_equal(loaded.predict_proba(X), probabilities)
    again = pickle.loads(pickle.dumps(loaded))
    np.testing.assert_array_equal(again.predict_proba(X), probabilities)
    # Its scaling was fitted there: training goes on from other models only.
    with pytest.raises(ValueError, match="hint: clone it"):
        loaded.partial_fit(X, y)



def test_numbers_are_scaled_before_they_become_32_bits_wide(tmp_path, command):
    # Unix seconds, of which 32 bits make two values.
    X = 1.7e9 + np.arange(200.0)[:, None]
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.repeat([0, 1], 100))
    model = tmp_path / "model.safetensors"
    options = ["--hidden", "8", "--epochs", 5, "--quiet", "--out", model]
    command("train", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *options)
    printed = json.loads(command("predict", model, tmp_path / "x.npy", "--json"))["predictions"]
    expected = np.array([row["probabilities"] for row in printed], dtype=np.float32)
    assert len(np.unique(expected[:, 0])) > 150
    loaded = truezero.load(model)
    for form in [X, sparse.csr_array(X)]:
        np.testing.assert_array_equal(loaded.predict_proba(form), expected)


def test_a_model_of_a_table_takes_tables(tmp_path, command):
    random = np.random.default_rng(0)
    rows = [
        [f"{'good' if up else 'bad'} film {at % 7}", random.choice(["red", "green"]), round(random.normal(), 3), up]
        for at, up in enumerate(random.integers(0, 2, 120))
    ]
    with open(tmp_path / "reviews.csv", "w", newline="") as file:
        csv.writer(file).writerows([["text", "colour", "size", "up"], *rows])
    model, data = tmp_path / "model.safetensors", tmp_path / "reviews.csv"
    options = ["--target", "up", "--text", "text", "--hidden", "10", "--epochs", 5, "--quiet", "--out", model]
    command("train", data, *options)
    printed = json.loads(command("predict", model, data, "--json"))["predictions"]
    expected = np.array([row["probabilities"] for row in printed], dtype=np.float32)
    loaded = truezero.load(model)
    assert list(loaded.feature_names_in_) == ["text", "colour", "size"]
    frame = pandas.read_csv(data)
    columns = {name: frame[name].tolist() for name in frame}
    for table in [frame, polars.DataFrame(columns), pyarrow.table(columns), columns]:
        np.testing.assert_array_equal(loaded.predict_proba(table), expected)
    assert loaded.transform(frame).shape == (120, 10)
    # What is missing is missing, and a level never seen is none.
    frame.loc[0, "size"], frame.loc[1, "colour"] = None, "blue"
    assert np.isfinite(loaded.predict_proba(frame)).all()
    with pytest.raises(ValueError, match="expected a column 'size'"):
        loaded.predict(frame[["text", "colour"]])
    with pytest.raises(ValueError, match="hint: pass a pandas"):
        loaded.predict(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="a number, as in training"):
        loaded.predict({**columns, "size": ["large"] * 120})


def test_an_encoder_goes_from_python_to_the_command(iris, tmp_path, command):
    X, y = iris
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", y)
    encoder, model = tmp_path / "encoder.safetensors", tmp_path / "model.safetensors"
    DenoisingAutoencoder((9,), max_iter=2, random_state=0).fit(X).save(encoder)
    options = ["--from", encoder, "--epochs", 2, "--quiet", "--out", model]
    command("train", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *options)
    assert truezero.load(model).coefs_[0].shape == (4, 9)


def test_files_that_are_no_models(iris, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot read .*none\.safetensors"):
        truezero.load(tmp_path / "none.safetensors")
    with pytest.raises(OSError, match="cannot"):
        RectifierClassifier((3,), max_iter=1).fit(*iris).save(tmp_path / "no" / "folder")
    path = tmp_path / "model.safetensors"
    RectifierClassifier((3,), max_iter=1).fit(*iris).save(path)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for length in [0, 7, 8, 100, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError):
            truezero.load(path)
    for _ in range(200):
        damaged = bytearray(whole)
        for at in random.integers(0, len(whole), 3):
            damaged[at] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            truezero.load(path).predict(iris[0])
        except (ValueError, TypeError):
            pass  # refused in words; what is not noticed is another number


def test_what_a_file_says_of_python_is_not_believed(iris, tmp_path):
    """The part of the file that is Python's may say anything."""
    X, y = iris
    model = RectifierClassifier((3,), max_iter=1).fit(X, y)
    nonsense = [
        {"class": "os.system"},
        {"class": "RectifierClassifier", "parameters": {"no_such": 1}},
        {"class": "RectifierClassifier", "parameters": 3},
        {"class": "RectifierClassifier", "classes": {"values": [1], "type": "float64"}},
        {"class": "RectifierClassifier", "classes": {"values": [1, 2, 3], "type": "V1000000000"}},
        {"class": "RectifierClassifier", "classes": {"values": [1, 2, 10**30], "type": "int8"}},
        {"class": "RectifierClassifier", "feature_names_in": ["a"]},
        {"class": "RectifierRegressor", "fitted": {"loss_curve_": "x"}},
        [],
        "x",
    ]
    for python in nonsense:
        path = tmp_path / "model.safetensors"
        model._model.with_configuration(json.dumps({"python": python})).save(str(path))
        np.testing.assert_array_equal(truezero.load(path).predict_proba(X), model.predict_proba(X))


def test_only_a_model_is_replaced(tmp_path, iris):
    model = RectifierClassifier((5,), max_iter=1, random_state=0).fit(*iris)
    notes = tmp_path / "notes.txt"
    notes.write_text("years of work")
    for write in [model.save, model.to_onnx, lambda path, **force: truezero.save(model, path, **force)]:
        with pytest.raises(FileExistsError, match="force=True"):
            write(notes)
        assert notes.read_text() == "years of work"
    model.save(notes, force=True)
    model.save(notes)
    link = tmp_path / "link.safetensors"
    link.symlink_to(notes)
    model.save(link)
    assert link.is_symlink() and sorted(os.listdir(tmp_path)) == ["link.safetensors", "notes.txt"]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model.save(tmp_path / "no" / "model.safetensors")


def test_a_folder_is_removed_only_if_it_was_made_here(tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not made by truezero"):
        _truezero.claim_folder(theirs, "a sweep")
    with pytest.raises(FileExistsError, match="not made by truezero"):
        _truezero.remove_folder(theirs)
    assert (theirs / "thesis.txt").exists()
    _truezero.claim_folder(ours, "a sweep")
    _truezero.remove_folder(ours)
    assert not ours.exists()


def test_names_of_files_are_shown_without_what_a_terminal_obeys(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        truezero.load(tmp_path / "no\x1b[2J.safetensors")
    assert "\\u001b[2J" in str(caught.value) and "\x1b" not in str(caught.value)
    path = tmp_path / "no\x1b[2J tensors.safetensors"
    path.write_bytes(b"\xff" * 16)
    with pytest.raises(ValueError, match="expected a safetensors file") as caught:
        truezero.from_torch(path)
    assert "\x1b" not in str(caught.value)
