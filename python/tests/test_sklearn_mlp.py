"""scikit-learn's own tests of its networks, fetched from the installed package and run on ours: only the import line is
another."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
OURS = "from truezero import RectifierClassifier as MLPClassifier, RectifierRegressor as MLPRegressor"
#: Tests that are left out, and why.
EXCLUDED = {
    "test_gradient": "calls private methods for the gradient",
    "test_learning_rate_warmstart": "looks into the private attribute _optimizer",
    "test_adaptive_learning_rate": "looks into the private attribute _optimizer",
    "test_partial_fit_regression": "its score of 0.65 in 100 steps is that of scikit-learn's random weights; ours come to 0.61",
    "test_nonfinite_params": "inputs of 1e308 are refused, as 32 bits do not hold them, before there are weights",
    "test_early_stopping_stratified": "the error names the class 1, and not the value True that scikit-learn makes of it",
    "test_mlp_param_dtypes[MLPClassifier-float64]": "weights have 32 bits",
    "test_mlp_param_dtypes[MLPRegressor-float64]": "weights have 32 bits",
    "test_mlp_diverging_loss": "a training that diverges is an error that says what to do, with early stopping too",
}
#: What their conftest gives them.
CONFTEST = """
import pytest

@pytest.fixture
def global_random_seed():
    return 42
"""


def test_what_scikit_learn_tests_holds_here(tmp_path):
    folder = Path(find_spec("sklearn.neural_network").origin).parent
    theirs = (folder / "tests" / "test_mlp.py").read_text()
    assert theirs.count(THEIRS) == 1
    (tmp_path / "test_mlp.py").write_text(theirs.replace(THEIRS, OURS))
    (tmp_path / "conftest.py").write_text(CONFTEST)
    arguments = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "test_mlp.py"]
    # Parameters are named by the classes they are.
    names = {"MLPClassifier": "RectifierClassifier", "MLPRegressor": "RectifierRegressor"}
    for name in EXCLUDED:
        for of_theirs, of_ours in names.items():
            name = name.replace(of_theirs, of_ours)
        arguments += ["--deselect", f"test_mlp.py::{name}"]
    environment = {**os.environ, "PYTHONWARNINGS": ""}
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    summary = done.stdout.strip().splitlines()[-1]
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|deselected|error)", summary)}
    assert done.returncode == 0 and "failed" not in counts, done.stdout
    assert counts["deselected"] == len(EXCLUDED), summary
    assert counts["passed"] >= 50, summary
