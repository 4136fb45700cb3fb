"""Target sparsities, equal scores, and what is warned of."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning

from truezero import RectifierClassifier, RectifierRegressor


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def fitted(model, X, y, **parts):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **parts)
    return model, [str(warning.message) for warning in caught if warning.category is ConvergenceWarning]


@pytest.mark.parametrize("target", [0.4, 0.7, 0.97])
def test_the_best_score_is_that_of_the_weights_that_are_kept(digits, target):
    X, y = digits
    train, held_out = np.arange(len(y)) % 4 > 0, np.arange(len(y)) % 4 == 0
    model = RectifierClassifier(
        (50, 50), target_sparsity=target, batch_size=20, max_iter=8, early_stopping=True, random_state=0
    )
    model, told = fitted(model, X[train], y[train], X_val=X[held_out], y_val=y[held_out])
    assert model.best_validation_score_ == pytest.approx(model.score(X[held_out], y[held_out]))
    sparsity = np.array([np.mean(of_layers) for of_layers in model.sparsity_curve_])
    on_target = np.abs(sparsity - target) <= 0.02
    choice = np.array(model.validation_scores_)[on_target if on_target.any() else slice(None)]
    assert model.best_validation_score_ == choice.max()
    assert on_target.any() or any(text.startswith("target sparsity: ") for text in told)


def test_equal_scores_are_told_apart_by_the_loss():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = RectifierClassifier((20,), max_iter=60, early_stopping=True, n_iter_no_change=60, random_state=0)
    model, _ = fitted(model, X, y, X_val=X[::3], y_val=y[::3])
    scores, losses = np.array(model.validation_scores_), np.array(model.validation_loss_curve_)
    kept = losses[scores == scores.max()].min()
    probabilities = model.predict_proba(X[::3])[np.arange(len(y[::3])), y[::3]]
    assert -np.log(probabilities).mean() == pytest.approx(kept, rel=1e-4)


def test_a_training_that_diverges_goes_on_at_half_the_rate_and_says_so():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] / 5
    model = RectifierRegressor(
        (20,), activation="identity", solver="sgd", momentum=0.0, learning_rate_init=1.0, batch_size=20, max_iter=40,
        random_state=0,
    )
    model, told = fitted(model, X, y)
    assert any(text.startswith("learning rate: it was halved") for text in told), told
    assert model.score(X, y) > 0.9


def test_one_class_for_all_is_told_by_name(digits):
    X, y = digits
    model = RectifierClassifier((30,), l1_activation=100.0, solver="sgd", max_iter=3, early_stopping=True, random_state=0)
    _, told = fitted(model, X, np.where(y < 7, "low", "high"))
    assert any('taken for "low"' in text for text in told), told
