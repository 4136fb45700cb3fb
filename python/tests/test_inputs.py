"""Whatever holds the numbers, the model is the same; and what holds none is refused in words."""

import os
import subprocess
import sys

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from scipy import sparse
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor, _truezero

COLUMNS = ["a", "b", "c", "d"]
KINDS = {
    "float64": lambda X: X.astype(np.float64),
    "columns first": np.asfortranarray,
    "every other": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "read only": lambda X: np.frombuffer(X.tobytes(), dtype=X.dtype).reshape(X.shape),
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pandas.DataFrame(X, columns=COLUMNS),
    "polars": lambda X: polars.DataFrame(X, schema=COLUMNS),
    "pyarrow": lambda X: pyarrow.table({name: X[:, at] for at, name in enumerate(COLUMNS)}),
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "coo_matrix": sparse.coo_matrix,
    "csr float64": lambda X: sparse.csr_array(X.astype(np.float64)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", [np.ascontiguousarray, sparse.csr_array, sparse.csr_matrix])
def test_inputs_without_scikit_learns_check_are_refused_in_its_words(form, dtype, iris, monkeypatch):
    X, y = iris
    model = RectifierClassifier((10,), max_iter=2).fit(X, y)
    expected = model.predict_proba(X.tolist())
    with monkeypatch.context() as unchecked:
        unchecked.setattr("truezero._base.validate_data", None)
        np.testing.assert_array_equal(model.predict_proba(form(X.astype(dtype))), expected)
    wrong = X.astype(dtype)
    wrong[7, 2] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict_proba(form(wrong))
    with pytest.raises(ValueError, match="X has 3 features, but RectifierClassifier is expecting 4 features"):
        model.predict_proba(form(X[:, :3].astype(dtype)))
    named = RectifierClassifier((10,), max_iter=2).fit(pandas.DataFrame(X, columns=COLUMNS), y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        named.predict_proba(form(X.astype(dtype)))


def test_arrays_of_packed_records_are_read(iris):
    X, y = iris
    packed = np.zeros(len(X), np.dtype([("id", "u1"), ("x", "<f4", (4,)), ("y", "<i8"), ("weight", "<f4")]))
    packed["x"], packed["y"], packed["weight"] = X, y, 1
    assert not packed["x"].flags.aligned
    model = RectifierClassifier((10,), max_iter=2, random_state=0)
    model.fit(packed["x"], packed["y"], packed["weight"])
    expected = RectifierClassifier((10,), max_iter=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(packed["x"]), expected.predict_proba(X))


def test_a_damaged_sparse_matrix_is_refused_before_scipy_reads_it(iris):
    X, y = iris
    model = RectifierClassifier((10,), max_iter=2).fit(X, y)
    for row, offset in [(3, 2**30), (3, -1), (-1, 2**30), (5, 2)]:
        damaged = sparse.csr_matrix(X)
        damaged.indptr[row] = offset
        with pytest.raises(ValueError, match="rising offsets"):
            model.predict_proba(damaged)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_matrix_gives_the_same_model(kind, iris):
    X, y = iris
    X = X * (X > -1)  # with zeros
    given = KINDS[kind](X)
    expected = RectifierClassifier((10,), max_iter=5, batch_size=40, random_state=0).fit(X, y)
    model = RectifierClassifier((10,), max_iter=5, batch_size=40, random_state=0).fit(given, y)
    np.testing.assert_array_equal(model.predict_proba(given), expected.predict_proba(X))
    np.testing.assert_array_equal(model.transform(given).toarray(), expected.transform(X).toarray())
    if kind in ("pandas", "polars", "pyarrow"):
        assert list(model.feature_names_in_) == COLUMNS


def test_targets_of_every_kind(iris):
    X, y = iris
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    for given in [words, words.tolist(), pandas.Series(words), polars.Series(words), pyarrow.array(words)]:
        model = RectifierClassifier((5,), max_iter=2, random_state=0).fit(X, given)
        assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
        assert set(model.predict(X)) <= set(words)
    assert RectifierClassifier((5,), max_iter=2).fit(X, y.astype(float)).predict(X).dtype == np.float64
    assert RectifierClassifier((5,), max_iter=2).fit(X, y == 1).predict(X).dtype == bool


def test_stored_zeros_and_double_entries_of_sparse_matrices(iris):
    _, y = iris
    random = np.random.default_rng(0)
    rows, columns = random.integers(0, 150, 900), random.integers(0, 30, 900)
    values = random.integers(-1, 2, 900).astype(np.float32)
    untidy = sparse.csr_matrix((values, columns, np.searchsorted(np.sort(rows), np.arange(151))), shape=(150, 30))
    assert not untidy.has_canonical_format
    before = untidy.data.copy()
    model = RectifierClassifier((10,), max_iter=3, random_state=0).fit(untidy, y)
    tidy = RectifierClassifier((10,), max_iter=3, random_state=0).fit(untidy.toarray(), y)
    np.testing.assert_array_equal(model.predict_proba(untidy), tidy.predict_proba(untidy.toarray()))
    np.testing.assert_array_equal(untidy.data, before, "what was given is left as it was")


def test_a_wide_sparse_matrix_is_never_made_dense():
    # Dense it would take 24 GB.
    random = np.random.default_rng(0)
    X = sparse.random_array((3000, 2_000_000), density=1e-5, format="csr", rng=random, dtype=np.float32)
    y = random.integers(0, 2, 3000)
    model = RectifierClassifier((2,), solver="sgd", momentum=0, alpha=0, max_iter=1, random_state=0).fit(X, y)
    assert model.predict(X).shape == (3000,)


def test_set_output():
    X = np.random.default_rng(0).normal(size=(30, 4))
    model = RectifierClassifier((3,), max_iter=2).fit(X, np.arange(30) % 2)
    encoder = DenoisingAutoencoder((3,), max_iter=1).fit(X)
    for estimator in [model, encoder]:
        codes = estimator.transform(X).toarray()
        names = [f"{type(estimator).__name__.lower()}{unit}" for unit in range(3)]
        assert list(estimator.get_feature_names_out()) == names
        for library, frame in [("pandas", pandas.DataFrame), ("polars", polars.DataFrame)]:
            shown = estimator.set_output(transform=library).transform(X)
            assert isinstance(shown, frame) and list(shown.columns) == names
            np.testing.assert_array_equal(shown.to_numpy(), codes)
        assert sparse.issparse(estimator.set_output(transform="default").transform(X))


BAD = [
    (np.array([[1.0, np.nan]] * 4), "NaN"),
    (np.array([[1.0, np.inf]] * 4), "infinity"),
    (np.array([[1.0, 1e300]] * 4), "too large"),
    (sparse.csr_array(np.array([[1.0, 1e300]] * 4)), "too large"),
    (np.zeros((0, 2)), "0 sample"),
    (np.zeros((4, 0)), "0 feature"),
    (np.zeros(4), "1D array"),
    (np.zeros((4, 2, 2)), "dim 3"),
    (np.array([["a", "b"]] * 4), "could not convert"),
]


@pytest.mark.parametrize(("X", "match"), BAD)
@pytest.mark.parametrize("estimator", [RectifierClassifier(), RectifierRegressor(), DenoisingAutoencoder()])
def test_inputs_that_cannot_be_are_refused(estimator, X, match):
    with pytest.raises(ValueError, match=match):
        estimator.fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"hidden_layer_sizes": (0,)}, "must be > 0"),
        ({"hidden_layer_sizes": (10, -1)}, "must be > 0"),
        ({"hidden_layer_sizes": (2**40,)}, "hidden_layer_sizes: expected 1 to"),
        ({"activation": "relux"}, "expected an activation"),
        ({"activation": ["relu", "relu"]}, "one for each of 1 layers"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout: expected none with solver='lbfgs', found 0.5"),
        ({"solver": "rmsprop"}, "solver: expected one of"),
        ({"alpha": -1}, "alpha: expected a number of at least 0"),
        ({"alpha": np.nan}, "alpha: expected"),
        ({"batch_size": 0}, "batch_size: expected"),
        ({"batch_size": "large"}, "batch_size: expected"),
        ({"learning_rate_init": 0.0}, "learning_rate_init: expected a number above 0"),
        ({"learning_rate_init": np.inf}, "learning_rate_init|JSON|expected"),
        ({"max_iter": 0}, "max_iter: expected"),
        ({"momentum": 1.5, "solver": "sgd"}, "momentum: expected"),
        ({"dropout": 1.0}, "dropout: expected a probability"),
        ({"dropout": [0.1, 0.2]}, "dropout: expected one value"),
        ({"target_sparsity": 2.0}, "target_sparsity: expected a fraction"),
        ({"target_sparsity": 0.5, "activation": "tanh"}, "gives zeros"),
        ({"l1_activation": -1.0}, "l1_activation: expected"),
        ({"validation_fraction": 1.0, "early_stopping": True}, "validation_fraction: expected"),
        ({"n_threads": 0}, "n_threads: expected"),
        ({"callbacks": [3]}, "callbacks: expected something to call"),
        ({"pretrain": "yes"}, "pretrain: expected True"),
        ({"class_weight": "heavy"}, "class_weight|balanced"),
    ],
)
def test_parameters_that_cannot_be_are_named(parameters, match, iris):
    with pytest.raises(ValueError, match=match):
        RectifierClassifier(**parameters).fit(*iris)


def test_divergence_is_an_error_with_advice(iris):
    X, y = iris
    with pytest.raises(ValueError, match="hint: scale the inputs"):
        RectifierRegressor(solver="sgd", learning_rate_init=1e3, max_iter=50, random_state=0).fit(X * 1e6, y * 1e6)


def test_what_prediction_is_given_must_suit_the_model(iris):
    X, y = iris
    model = RectifierClassifier((5,), max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="not fitted"):
        RectifierClassifier().predict(X)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        RectifierClassifier().fit(X, y[:-1])


@pytest.mark.parametrize(
    ("indptr", "indices", "match"),
    [
        ([0, 1, 2], [5, 0], "below 4"),
        ([0, 1, 2], [-1, 0], "negative"),
        ([0, 2, 1], [0, 1], "offsets"),
        ([0, 1], [0, 1], "offsets"),
        ([0, 2, 2], [1, 1], "rising"),
    ],
)
def test_the_native_part_trusts_no_sparse_matrix(indptr, indices, match):
    """What scipy would not let pass is refused, not read."""

    class Csr:
        shape = (2, 4)
        data = np.ones(2, dtype=np.float32)

    Csr.indptr, Csr.indices = np.array(indptr), np.array(indices)
    layers = [(np.ones((4, 2), dtype=np.float32), np.zeros(2, dtype=np.float32), "identity", None)]
    model = _truezero.Model.network(layers, "regress", [], "{}", [], [])
    with pytest.raises(ValueError, match=match):
        model.predict(Csr(), 1)


def test_threads_are_those_that_joblib_allows():
    script = "from truezero._inputs import threads; print(threads(None), threads(3))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "3"]
