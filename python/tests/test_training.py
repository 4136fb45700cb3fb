"""Training: that it does what scikit-learn's networks do, and what they do not."""

import numpy as np
import pytest
import truezero
from conftest import network
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor

#: Parameters that both have, and that make a step the same up to rounding.
FULL_BATCH = {"batch_size": 1000, "max_iter": 3, "warm_start": True, "shuffle": False}


@pytest.mark.parametrize(
    "rule",
    [
        {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
        {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": 0.1},
        {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True, "learning_rate_init": 0.1, "alpha": 1.0},
        {"solver": "adam", "learning_rate_init": 0.01, "alpha": 1.0},
    ],
)
@pytest.mark.parametrize("task", ["two classes", "classes", "quantities"])
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_epochs_from_the_same_weights_are_those_of_scikit_learn(rule, task, iris):
    X, y = iris
    weights = np.arange(len(y)) % 3 + 0.5
    y = y == 1 if task == "two classes" else y
    kinds = (MLPRegressor, RectifierRegressor) if task == "quantities" else (MLPClassifier, RectifierClassifier)
    peer = kinds[0](hidden_layer_sizes=(12, 7), random_state=0, max_iter=3).fit(X, y)
    ours = truezero.from_sklearn(peer)
    peer.set_params(**FULL_BATCH, **rule)
    ours.set_params(**FULL_BATCH, **rule)
    peer.fit(X, y, sample_weight=weights)
    ours.fit(X, y, sample_weight=weights)
    together = lambda model: np.concatenate([array.ravel() for array in model.coefs_ + model.intercepts_])
    off = np.abs(together(ours) - together(peer))
    # Adam divides gradients by their size: where one is near 0, its rounding shows.
    assert np.mean(off > 2e-5) < (0.05 if rule["solver"] == "adam" else 1e-9), off.max()
    # scikit-learn goes on with the curve of the fit before.
    np.testing.assert_allclose(ours.loss_curve_, peer.loss_curve_[-3:], rtol=0.05)


def test_predictions_are_those_of_the_weights_that_are_shown(iris):
    X, y = iris
    model = RectifierClassifier((9, 6), max_iter=20, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), softmax(network(model, X), axis=1), atol=1e-5)
    binary = RectifierClassifier((9,), max_iter=20, random_state=0).fit(X, y == 1)
    assert [weights.shape for weights in binary.coefs_] == [(4, 9), (9, 1)]
    assert [bias.shape for bias in binary.intercepts_] == [(9,), (1,)]
    probabilities = 1 / (1 + np.exp(-network(binary, X)[:, 0]))
    np.testing.assert_allclose(binary.predict_proba(X)[:, 1], probabilities, atol=1e-5)
    assert binary.out_activation_ == "logistic" and binary.n_outputs_ == 1
    regressor = RectifierRegressor((9,), max_iter=20, random_state=0).fit(X, y)
    np.testing.assert_allclose(regressor.predict(X), network(regressor, X)[:, 0], atol=1e-5)


def test_codes_are_the_activations_of_the_layer_asked_for(iris):
    X, y = iris
    model = RectifierClassifier((9, 6), max_iter=5, batch_size=50, random_state=0).fit(X, y)
    lowest = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    codes = model.set_params(transform_layer=0).transform(X)
    assert sparse.issparse(codes) and codes.format == "csr"
    np.testing.assert_allclose(codes.toarray(), lowest, atol=1e-5)
    assert codes.nnz == np.count_nonzero(codes.toarray()), "zeros are not stored"
    assert np.isclose(model.sparsity_[0], 1 - codes.nnz / np.prod(codes.shape))
    assert model.set_params(transform_layer=-1).transform(X).shape == (150, 6)
    with pytest.raises(ValueError, match="transform_layer: expected a number from -2 to 1, found 2"):
        model.set_params(transform_layer=2).transform(X)


@pytest.mark.parametrize("estimator", [RectifierClassifier, RectifierRegressor])
def test_the_seed_alone_makes_the_model(estimator, iris):
    X, y = iris
    fit = lambda **parameters: estimator((30, 20), max_iter=4, dropout=0.2, batch_size=16, **parameters).fit(X, y)
    first = fit(random_state=3, n_threads=1)
    for other in [fit(random_state=3, n_threads=2), fit(random_state=np.random.RandomState(3))]:
        for a, b in zip(first.coefs_, other.coefs_):
            np.testing.assert_array_equal(a, b)
    assert np.any(first.coefs_[0] != fit(random_state=4).coefs_[0])
    assert np.any(fit().coefs_[0] != fit().coefs_[0])


def test_training_stops_when_the_loss_no_longer_falls(iris):
    X, y = iris
    model = RectifierClassifier((20,), tol=1e9, n_iter_no_change=3, random_state=0).fit(X, y)
    # The first epoch is progress from infinity; then more than three without.
    assert model.n_iter_ == len(model.loss_curve_) == 5
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        RectifierClassifier((20,), max_iter=3, random_state=0).fit(X, y)


def test_early_stopping_keeps_the_best_weights(digits):
    X, y = digits
    model = RectifierClassifier((50,), early_stopping=True, learning_rate_init=0.01, n_iter_no_change=4, random_state=0)
    model.fit(X[:800], y[:800])
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ < 200
    assert model.best_validation_score_ == max(scores)
    given = RectifierClassifier((50,), early_stopping=True, n_iter_no_change=3, learning_rate_init=0.05, random_state=0)
    given.fit(X[:800], y[:800], X_val=X[800:900], y_val=y[800:900])
    assert given.score(X[800:900], y[800:900]) == pytest.approx(max(given.validation_scores_))


def test_validation_examples_that_are_only_watched_change_nothing(digits):
    X, y = digits
    model = RectifierClassifier((20,), max_iter=6, learning_rate_init=0.05, random_state=0)
    watched = clone(model).fit(X[:500], y[:500], X_val=X[500:700], y_val=y[500:700])
    plain = clone(model).fit(X[:500], y[:500])
    np.testing.assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    assert watched.score(X[500:700], y[500:700]) == pytest.approx(watched.validation_scores_[-1])
    assert len(watched.validation_loss_curve_) == 6 and plain.validation_loss_curve_ is None


def test_validation_score_of_a_regressor_is_r2():
    X, y = make_regression(200, 4, random_state=0)
    model = RectifierRegressor((20,), max_iter=10, random_state=0)
    model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert model.score(X[150:], y[150:]) == pytest.approx(model.validation_scores_[-1], rel=1e-4)


def test_learning_rates_change_as_told(iris):
    X, y = iris
    rates = []
    note = lambda epoch: rates.append(epoch.learning_rate)
    model = RectifierClassifier((5,), solver="sgd", learning_rate_init=0.5, callbacks=note, random_state=0)
    clone(model).set_params(learning_rate="invscaling", max_iter=3).fit(X, y)
    np.testing.assert_allclose(rates, [0.5, 0.5 / 151**0.5, 0.5 / 301**0.5], rtol=1e-5)
    rates.clear()
    clone(model).set_params(learning_rate="adaptive", tol=1e9, n_iter_no_change=1, max_iter=6).fit(X, y)
    # One epoch of progress, two without, and again two without.
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.5, 0.1, 0.1, 0.02], rtol=1e-5)


def test_callbacks_see_each_epoch_and_may_stop(iris):
    seen = []
    stop = lambda epoch: epoch.epoch == 3
    model = RectifierClassifier((8,), callbacks=[stop, seen.append], random_state=0).fit(*iris)
    assert [epoch.epoch for epoch in seen] == [1, 2, 3] and model.n_iter_ == 3
    assert seen[-1].loss == model.loss_ and seen[-1].sparsity.shape == (1,)
    failing = RectifierClassifier((8,), callbacks=lambda epoch: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failing.fit(*iris)
    with pytest.raises(NotFittedError):
        failing.predict(iris[0])


def test_warm_start_goes_on_and_a_cold_one_does_not(iris):
    X, y = iris
    model = RectifierClassifier((20,), max_iter=5, warm_start=True, random_state=0).fit(X, y)
    first = model.loss_
    assert model.fit(X, y).loss_curve_[0] < first * 1.05
    assert model.set_params(warm_start=False).fit(X, y).loss_curve_[-1] == pytest.approx(first)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes: expected \(20,\)"):
        clone(model).fit(X, y).set_params(warm_start=True, hidden_layer_sizes=(9,)).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.set_params(warm_start=True).fit(X[:100], y[:100])


def test_partial_fits_on_all_examples_are_one_fit(iris):
    X, y = iris
    parameters = dict(hidden_layer_sizes=(20, 10), batch_size=32, random_state=0, alpha=0.1)
    whole = RectifierClassifier(max_iter=6, **parameters).fit(X, y)
    parts = RectifierClassifier(**parameters)
    for _ in range(6):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    for a, b in zip(whole.coefs_, parts.coefs_):
        np.testing.assert_array_equal(a, b)
    assert parts.loss_curve_ == pytest.approx(whole.loss_curve_)
    with pytest.raises(ValueError, match="classes not in"):
        parts.partial_fit(X, y + 5)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        parts.partial_fit(X, y, classes=[0, 1])


def test_partial_fit_takes_batches_of_any_size(digits):
    X, y = digits
    model = RectifierClassifier((50,), learning_rate_init=0.01, random_state=0)
    for start in range(0, 1500, 70):
        model.partial_fit(sparse.csr_array(X[start : start + 70]), y[start : start + 70], classes=np.arange(10))
    assert model.score(X[1500:], y[1500:]) > 0.8
    regressor = RectifierRegressor((10,), random_state=0)
    for _ in range(3):
        regressor.partial_fit(X, np.stack([y, -y], axis=1))
    assert regressor.predict(X).shape == (len(X), 2)


def test_weights_of_examples_and_classes(iris):
    X, y = iris
    model = RectifierClassifier((16,), max_iter=30, batch_size=40, random_state=0)
    # Without the third class it is never predicted, whichever way it is left out.
    for weighted in [
        clone(model).fit(X, y, sample_weight=np.where(y == 2, 0.0, 1.0)),
        clone(model).set_params(class_weight={0: 1, 1: 1, 2: 0}).fit(X, y),
    ]:
        assert set(weighted.predict(X)) == {0, 1}
        assert list(weighted.classes_) == [0, 1, 2]
    few = np.r_[0:50, 50:100, 100:105]
    balanced = clone(model).set_params(class_weight="balanced").fit(X[few], y[few])
    plain = clone(model).fit(X[few], y[few])
    assert (balanced.predict(X[100:]) == 2).mean() > (plain.predict(X[100:]) == 2).mean()
    with pytest.raises(ValueError, match="at least one non-zero"):
        clone(model).fit(X, y, sample_weight=np.zeros(150))


def test_zeros_come_by_penalty_and_by_target(digits):
    X, y = digits
    model = RectifierClassifier((100, 100), max_iter=30, random_state=0)
    plain = clone(model).fit(X, y).sparsity_
    assert clone(model).set_params(l1_activation=3e-3).fit(X, y).sparsity_.mean() > plain.mean() + 0.1
    steered = clone(model).set_params(target_sparsity=0.8, l1_activation=1e-3, max_iter=60).fit(X, y)
    assert abs(steered.sparsity_.mean() - 0.8) < 0.03
    assert steered.score(X, y) > 0.95


def test_activation_for_each_layer_and_a_linear_model(iris):
    X, y = iris
    model = RectifierClassifier((8, 6, 4), ["tanh", "softplus:2", "lif"], max_iter=3).fit(X, y)
    assert [name for _, _, name, _ in model._model.layers()] == ["tanh", "softplus:2", "lif", "identity"]
    linear = RectifierClassifier((), max_iter=300, learning_rate_init=0.05, random_state=0).fit(X, y)
    assert linear.score(X, y) > 0.9 and len(linear.coefs_) == 1
    with pytest.raises(ValueError, match="found a linear one"):
        linear.transform(X)


def test_several_labels_and_several_quantities():
    X, Y = make_multilabel_classification(300, n_classes=4, random_state=0)
    X = X / X.max()
    model = RectifierClassifier((60,), learning_rate_init=0.01, random_state=0).fit(X, Y)
    assert model.predict_proba(X).shape == model.predict(X).shape == Y.shape
    assert (model.predict(X) == Y).mean() > 0.9
    assert model.out_activation_ == "logistic" and model.n_outputs_ == 4
    X, Y = make_regression(300, 5, n_targets=3, random_state=0)
    Y = Y / Y.std(axis=0)
    regressor = RectifierRegressor((50,), learning_rate_init=0.01, random_state=0).fit(X, Y)
    assert regressor.score(X, Y) > 0.98


def test_pretraining_on_unlabelled_examples_helps(digits):
    X, y = digits
    how = DenoisingAutoencoder(max_iter=10, learning_rate_init=0.02)
    model = RectifierClassifier((100,), max_iter=5, random_state=0)
    plain = clone(model).fit(X[:100], y[:100]).score(X[100:], y[100:])
    helped = clone(model).set_params(pretrain=how).fit(X[:100], y[:100], X_unlabelled=X[100:])
    assert helped.score(X[100:], y[100:]) > plain
    assert helped.pretraining_.coefs_[0].shape == (64, 100)
    with pytest.raises(ValueError, match="hint: set pretrain"):
        model.fit(X, y, X_unlabelled=X)


def test_an_autoencoder_leads_back_to_its_inputs(digits):
    X, _ = digits
    X = sparse.csr_array(X)
    model = DenoisingAutoencoder((128, 64), max_iter=15, learning_rate_init=0.02, random_state=0).fit(X)
    codes = model.transform(X)
    back = model.inverse_transform(codes)
    assert codes.shape == (1797, 64) and back.shape == X.shape
    dense = X.toarray()
    assert ((back - dense) ** 2).sum() < 0.4 * ((dense - dense.mean(axis=0)) ** 2).sum()
    np.testing.assert_allclose(model.inverse_transform(codes.toarray()), back, atol=1e-6)
    early = DenoisingAutoencoder((16,), early_stopping=True, max_iter=4, random_state=0).fit(X)
    assert len(early.validation_loss_curve_[0]) == early.n_iter_ == 4


def test_verbose_prints_each_epoch(iris, capsys):
    RectifierClassifier((5,), max_iter=2, verbose=True, random_state=0).fit(*iris)
    assert "Iteration 2, loss = " in capsys.readouterr().out


def test_rare_classes_are_held_out_as_far_as_they_go():
    random = np.random.default_rng(1)
    X = random.normal(size=(120, 4))
    for y in [np.array([0] * 59 + [1] * 60 + [2]), np.arange(120) % 40]:
        model = RectifierClassifier((8,), max_iter=3, early_stopping=True, random_state=0).fit(X, y)
        assert model.classes_.tolist() == np.unique(y).tolist()
    labels = np.zeros((120, 3), dtype=int)
    labels[:60, 0], labels[3, 2] = 1, 1
    RectifierClassifier((8,), max_iter=3, early_stopping=True, random_state=0).fit(X, labels)


def test_a_first_call_that_fails_leaves_no_classes_behind():
    X, y = np.ones((6, 2)), np.array([0, 1] * 3)
    model = RectifierClassifier((4,))
    with pytest.raises(ValueError, match="0 feature"):
        model.partial_fit(X[:, :0], y, classes=[0, 1])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X, y)
