"""What an estimator is between calls: copied in the midst of a training, after a failure, in a forked child, with weights that
were set."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import truezero
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor

SOLVERS = [
    {"solver": "adam"},
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1e9, "learning_rate_init": 0.1},
    {"solver": "adam", "target_sparsity": 0.6, "l1_activation": 1e-3, "dropout": 0.2},
]


@pytest.mark.parametrize("parameters", SOLVERS)
@pytest.mark.parametrize("two", [False, True])
def test_a_copy_of_a_partial_fit_goes_on_bit_for_bit(parameters, two, iris):
    X, y = iris
    y = y == 1 if two else y
    model = RectifierClassifier((12,), batch_size=16, random_state=0, **parameters)
    for _ in range(3):
        model.partial_fit(X, y, classes=np.unique(y))
    for other in [copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))]:
        original = copy.deepcopy(model)
        for _ in range(4):
            original.partial_fit(X, y)
            other.partial_fit(X, y)
        for a, b in zip(original.coefs_ + original.intercepts_, other.coefs_ + other.intercepts_):
            np.testing.assert_array_equal(a, b)
        assert original.loss_curve_ == other.loss_curve_ and len(other.loss_curve_) == 7


def test_decay_goes_on_from_call_to_call(iris):
    X, y = iris
    rates = []
    note = lambda epoch: rates.append(epoch.learning_rate)
    model = RectifierClassifier((5,), solver="sgd", learning_rate="invscaling", learning_rate_init=0.5, random_state=0)
    model.set_params(callbacks=note)
    expected = [0.5 / (150 * epoch + 1) ** 0.5 if epoch else 0.5 for epoch in range(6)]
    parts = clone(model)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    pickle.loads(pickle.dumps(parts.set_params(callbacks=None))).set_params(callbacks=note).partial_fit(X, y)
    np.testing.assert_allclose(rates, expected[:4], rtol=1e-5)
    rates.clear()
    warm = clone(model).set_params(warm_start=True, max_iter=3)
    warm.fit(X, y).fit(X, y)
    np.testing.assert_allclose(rates, expected, rtol=1e-5)
    assert warm.t_ == 6 * 150


def test_partial_fit_prints_and_calls_back(iris, capsys):
    X, y = iris
    seen = []
    model = RectifierClassifier((5,), verbose=True, callbacks=lambda epoch: seen.append(epoch.epoch), random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert seen == [1, 2, 3]
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"Iteration {n}" for n in (1, 2, 3)
    ]


def test_another_solver_or_activation_takes_effect_between_two_calls(iris):
    X, y = iris
    for change in [{"solver": "adam"}, {"momentum": 0.0}, {"nesterovs_momentum": False}]:
        model = RectifierClassifier((5,), solver="sgd", random_state=0).partial_fit(X, y, classes=[0, 1, 2])
        same = copy.deepcopy(model).partial_fit(X, y)
        assert np.any(model.set_params(**change).partial_fit(X, y).coefs_[0] != same.coefs_[0])
        assert model.n_iter_ == 2
    model.set_params(activation="tanh").partial_fit(X, y)
    assert [name for _, _, name, _ in model._model.layers()] == ["tanh", "identity"]


@pytest.mark.parametrize("kind", [RectifierClassifier, RectifierRegressor])
def test_what_fails_changes_nothing(kind, iris):
    X, y = iris
    model = kind((6,), max_iter=5, random_state=0).fit(X, y)
    before = {name: copy.copy(value) for name, value in vars(model).items()}
    stop = lambda epoch: 1 / 0
    for error, change, data in [
        (ValueError, {"solver": "sgd", "learning_rate_init": 1e30}, (X, np.array([5, 6, 7])[y])),
        (ValueError, {"dropout": 2.0}, (X[:, :2], y)),
        (ValueError, {}, (np.full_like(X, np.nan), y)),
        (ZeroDivisionError, {"callbacks": stop}, (X, y[::-1])),
    ]:
        for train in ["fit", "partial_fit"]:
            other = copy.deepcopy(model).set_params(**change)
            with pytest.raises(error):
                getattr(other, train)(*data)
            other.set_params(**model.get_params())
            np.testing.assert_array_equal(other.predict(X), model.predict(X))
            assert vars(other).keys() == before.keys() and other.loss_curve_ == before["loss_curve_"]
            other.partial_fit(X, y)


def test_after_a_failure_training_goes_on_from_the_weights_that_were(iris):
    X, y = iris
    model = RectifierRegressor((6,), solver="sgd", learning_rate_init=1e-3, random_state=0).partial_fit(X, y)
    good = model.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X * 1e18, y)
    np.testing.assert_array_equal(model.predict(X), good)
    assert model.partial_fit(X, y).n_iter_ == 2
    encoder = DenoisingAutoencoder((3,), max_iter=1, random_state=0).fit(X)
    codes = encoder.transform(X).toarray()
    with pytest.raises(ValueError, match="corruption: expected"):
        encoder.set_params(corruption="masking:7").fit(X[:, :2])
    np.testing.assert_array_equal(encoder.transform(X).toarray(), codes)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_leaves_threads_alone_that_it_has_not():
    script = (
        "import os, numpy as np\n"
        "from truezero import RectifierClassifier\n"
        "X, y = np.random.default_rng(0).normal(size=(400, 300)).astype(np.float32), np.arange(400) % 2\n"
        "model = RectifierClassifier((400, 400), random_state=0, n_threads=2, batch_size=200)\n"
        "for _ in range(2): model.partial_fit(X, y, classes=[0, 1])\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    model.partial_fit(X, y)\n"
        "    print(model.coefs_[0].sum(), flush=True)\n"
        "    del model\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "model.partial_fit(X, y)\n"
        "print(model.coefs_[0].sum(), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    in_child, in_parent = done.stdout.split()
    assert in_child == in_parent and done.stderr == ""


def test_weights_that_are_set_are_the_network(iris):
    X, y = iris
    for target in [y, y == 1]:
        model = RectifierClassifier((8,), max_iter=5, random_state=0).fit(X, target)
        before = model.predict_proba(X)
        with pytest.raises(ValueError, match="read-only"):
            model.coefs_[0][:] = 0
        np.testing.assert_array_equal(model.predict_proba(X), before)
        other = clone(model).set_params(random_state=1).fit(X, target)
        model.coefs_, model.intercepts_ = other.coefs_, other.intercepts_
        np.testing.assert_allclose(model.predict_proba(X), other.predict_proba(X), atol=1e-6)
        model.coefs_[1] = np.zeros_like(model.coefs_[1])
        model.intercepts_[1] = np.zeros_like(model.intercepts_[1])
        assert len(np.unique(model.predict_proba(X))) == 1
    for wrong, match in [
        (lambda: model.coefs_.append(1), "number of layers is fixed"),
        (
            lambda: model.coefs_.__setitem__(0, np.zeros((3, 8))),
            r"coefs_\[0\]: expected shape \(4, 8\), found \(3, 8\)",
        ),
        (lambda: model.coefs_.__setitem__(0, np.full((4, 8), np.nan)), r"coefs_\[0\]: expected finite"),
        (lambda: setattr(model, "coefs_", model.coefs_[:1]), "coefs_: expected 2 arrays"),
        (lambda: setattr(model, "n_layers_", 7), "n_layers_: expected 3"),
    ]:
        with pytest.raises((ValueError, TypeError, AttributeError), match=match):
            wrong()


def test_a_list_of_weights_that_was_read_before_changes_its_own_item_only(iris):
    X, y = iris
    model = RectifierClassifier((8,), max_iter=3, random_state=0).fit(X, y)
    for name in ["coefs_", "intercepts_"]:
        older = getattr(model, name)
        getattr(model, name)[0] = np.zeros_like(older[0])
        expected = 2 * older[1]
        older[1] = expected
        found = getattr(model, name)
        assert not found[0].any() and not older[0].any()
        np.testing.assert_array_equal(found[1], expected)
        older[0] = older[0] + 1  # what it shows is what the network has
        assert (getattr(model, name)[0] == 1).all()
        getattr(model, name)[1] = 3 * expected
        getattr(model, name)[0] = np.zeros_like(older[0])
        older[0] = np.full_like(older[0], 2)
        np.testing.assert_array_equal(getattr(model, name)[1], 3 * expected)
        assert (getattr(model, name)[0] == 2).all()


def test_a_list_of_weights_that_is_out_of_date_is_refused(iris):
    X, y = iris
    model = RectifierClassifier((8,), max_iter=3, random_state=0)
    model.coefs_ = [np.zeros((4, 8)), np.zeros((8, 3))]
    model.intercepts_ = [np.zeros(8), np.zeros(3)]
    told = model.coefs_
    model.partial_fit(X, y, classes=[0, 1, 2])
    before = model.coefs_
    model.fit(X, y)
    expected = model.predict_proba(X)
    for outdated in [told, before]:
        with pytest.raises(ValueError, match="coefs_: this list is out of date"):
            outdated[0] = np.zeros((4, 8))
    with pytest.raises(ValueError, match="coefs_: this list is out of date"):
        before[:] = before[:]
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    model.coefs_ = before  # as a whole, they are weights like any others
    np.testing.assert_array_equal(model.coefs_[1], before[1])


def test_a_training_starts_from_weights_that_are_set(iris):
    X, y = iris
    start = MLPClassifier((6,), max_iter=1, random_state=0).fit(X, y)
    model = RectifierClassifier((6,), warm_start=True, max_iter=1, learning_rate_init=1e-30)
    model.coefs_, model.intercepts_ = start.coefs_, start.intercepts_
    np.testing.assert_allclose(model.fit(X, y).predict_proba(X), start.predict_proba(X), atol=1e-5)
    cold = RectifierClassifier((6,), max_iter=1)
    cold.coefs_, cold.intercepts_ = start.coefs_, start.intercepts_
    with pytest.warns(UserWarning, match="fit begins anew"):
        cold.fit(X, y)
    narrow = RectifierClassifier((5,), max_iter=1)
    narrow.coefs_, narrow.intercepts_ = start.coefs_, start.intercepts_
    with pytest.raises(ValueError, match=r"coefs_\[0\]: expected shape \(4, 5\)"):
        narrow.partial_fit(X, y, classes=[0, 1, 2])


def test_lbfgs_minimises_and_has_no_parts(iris):
    X, y = iris
    model = RectifierClassifier((10,), solver="lbfgs", random_state=0).fit(X, y)
    assert model.score(X, y) > 0.98 and model.loss_ < 0.1 and len(model.loss_curve_) == model.n_iter_
    assert not hasattr(model, "partial_fit") and hasattr(RectifierClassifier(), "partial_fit")
    again = clone(model).set_params(n_threads=1).fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])
    with pytest.warns(ConvergenceWarning, match="has not converged"):
        clone(model).set_params(max_fun=3).fit(X, y)


def test_counts_are_learned_by_the_deviance_of_poisson(tmp_path, iris):
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 3)).astype(np.float32)
    y = random.poisson(np.exp(0.7 * X[:, 0] + 0.3))
    model = RectifierRegressor((), loss="poisson", max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], [0.7, 0, 0], atol=0.1)
    np.testing.assert_allclose(model.predict(X), np.exp(X @ model.coefs_[0] + model.intercepts_[0])[:, 0], rtol=1e-5)
    assert model.out_activation_ == "exp"
    model.save(tmp_path / "m")
    for again in [
        truezero.load(tmp_path / "m"),
        truezero.from_onnx(model.to_onnx()),
        pickle.loads(pickle.dumps(model)),
    ]:
        assert again.loss == "poisson"
        np.testing.assert_allclose(again.predict(X), model.predict(X), rtol=1e-5)
    with pytest.raises(ValueError, match="quantities of at least 0"):
        model.fit(X, -y)
    validated = RectifierRegressor((5,), loss="poisson", early_stopping=True, max_iter=30, random_state=0).fit(X, y)
    assert validated.best_validation_score_ == max(validated.validation_scores_)
