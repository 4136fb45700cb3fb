"""Accuracy beside scikit-learn's networks with the same parameters. `python/benchmarks/beside_sklearn.py` has more."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from truezero import RectifierClassifier

SEEDS = range(5)


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_accuracy_is_within_noise(load):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    scores = {MLPClassifier: [], RectifierClassifier: []}
    for seed in SEEDS:
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=y)
        for kind, found in scores.items():
            found.append(kind(random_state=seed).fit(X_train, y_train).score(X_test, y_test))
    theirs, ours = map(np.array, scores.values())
    noise = np.hypot(theirs.std(ddof=1), ours.std(ddof=1)) / np.sqrt(len(SEEDS))
    # Scores are steps of one test example.
    assert abs(ours.mean() - theirs.mean()) <= 2 * noise + 1 / len(y_test), (ours, theirs)
