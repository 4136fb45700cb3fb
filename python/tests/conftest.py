"""What tests share."""

import os
import subprocess
import sys
from pathlib import Path

# Asked when scipy is loaded: without it scikit-learn leaves a check out.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import StandardScaler


def pytest_configure(config):
    # Workers of joblib are processes of their own: they must not print what tests provoke.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning")
    config.addinivalue_line("filterwarnings", "ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="session")
def iris():
    """Scaled measurements, float32, and classes 0, 1, 2."""
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


@pytest.fixture(scope="session")
def digits():
    """8 × 8 pixels in [0, 1], and what they are."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@pytest.fixture(scope="session")
def command():
    """Runs the `truezero` command that the package installed; returns what it printed."""
    program = Path(sys.executable).with_name("truezero")
    assert program.exists(), "the package installs the command beside the interpreter"

    def run(*arguments, fails=False):
        arguments = [str(program), *map(str, arguments)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    run.program = str(program)
    return run


def network(estimator, X):
    """The outputs of a fitted network of rectifiers, computed by NumPy from its weights, before any softmax."""
    values = np.asarray(X, dtype=np.float64)
    for layer, (weights, bias) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        values = values @ weights + bias
        if layer + 1 < len(estimator.coefs_):
            values = np.maximum(values, 0)
    return values
