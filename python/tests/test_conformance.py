"""What scikit-learn demands of estimators, and what its tools do with them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor

CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{getattr(check, 'func', check).__name__}")
    for start in [RectifierClassifier(), RectifierRegressor(), DenoisingAutoencoder()]
    for estimator, check in estimator_checks_generator(start)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_grid_search_in_two_processes(iris):
    X, y = iris
    grid = {"hidden_layer_sizes": [(8,), (8, 8)], "l1_activation": [0.0, 1e-3]}
    search = GridSearchCV(
        RectifierClassifier(max_iter=150, learning_rate_init=0.01, random_state=0), grid, n_jobs=2, cv=3
    )
    search.fit(X, y)
    assert search.best_score_ > 0.9
    alone = GridSearchCV(search.estimator, grid, cv=3).fit(X, y)
    scores = [each.cv_results_["mean_test_score"] for each in (search, alone)]
    np.testing.assert_array_equal(*scores)


def test_pipeline_and_cross_validation(iris):
    X, y = iris
    model = make_pipeline(
        StandardScaler(), RectifierClassifier((20,), max_iter=200, learning_rate_init=0.01, random_state=0)
    )
    assert cross_val_score(model, X, y, cv=5).mean() > 0.92


def test_codes_feed_a_linear_model(digits):
    X, y = digits
    model = make_pipeline(DenoisingAutoencoder((128,), max_iter=5, random_state=0), LogisticRegression(max_iter=300))
    model.fit(X[:1000], y[:1000])
    assert model.score(X[1000:], y[1000:]) > 0.85
    supervised = make_pipeline(
        RectifierClassifier((64,), max_iter=30, random_state=0), LogisticRegression(max_iter=300)
    )
    assert supervised.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.85


def test_bags_of_words_stay_sparse_through_a_pipeline():
    texts = ["good film", "bad film", "good plot", "bad plot", "very good", "very bad"] * 5
    y = [1, 0] * 15
    model = make_pipeline(CountVectorizer(), RectifierClassifier((10,), learning_rate_init=0.01, random_state=0))
    model.fit(texts, y)
    assert list(model.predict(["good", "bad"])) == [1, 0]


def test_calibration(digits):
    X, y = digits
    model = CalibratedClassifierCV(RectifierClassifier((32,), max_iter=150, random_state=0), cv=2)
    model.fit(X[:600], y[:600])
    probabilities = model.predict_proba(X[600:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert model.score(X[600:], y[600:]) > 0.8


def test_permutation_importance_finds_what_matters():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 3)).astype(np.float32)
    y = 2 * X[:, 1]
    model = RectifierRegressor((20,), max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    importance = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean
    assert importance.argmax() == 1
    assert importance[1] > 10 * max(importance[0], importance[2])


def test_a_clone_has_the_parameters_and_nothing_that_was_learned(iris):
    model = RectifierClassifier((7,), "tanh", l1_activation=0.5, dropout=[0.1], max_iter=2).fit(*iris)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coefs_")
    assert not hasattr(copy, "n_iter_")
