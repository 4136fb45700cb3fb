"""Parameters: numbers of NumPy are numbers, what cannot be is named, and a file gives what was put into it."""

import json
import subprocess
import sys

import numpy as np
import pytest
import truezero
from sklearn.neural_network import MLPClassifier, MLPRegressor
from truezero import DenoisingAutoencoder, RectifierClassifier, RectifierRegressor

NUMPY = {
    "target_sparsity": np.float32(0.8),
    "alpha": np.float32(1e-4),
    "dropout": np.float32(0.1),
    "l1_activation": np.float16(1e-3),
    "learning_rate_init": np.float64(0.01),
    "max_iter": np.int64(3),
    "batch_size": np.uint8(10),
    "n_iter_no_change": np.int32(4),
    "max_fun": np.int64(40),
    "n_threads": np.int64(1),
    "transform_layer": np.int8(0),
    "random_state": np.int64(3),
    "shuffle": np.bool_(True),
    "early_stopping": np.bool_(False),
    "activation": np.str_("relu"),
    "tol": np.float32(1e-3),
}


@pytest.mark.parametrize("name", NUMPY)
def test_numbers_of_numpy_are_numbers_and_come_back_from_a_file(name, iris, tmp_path):
    model = RectifierClassifier(**{"hidden_layer_sizes": (4,), "max_iter": 2, name: NUMPY[name]}).fit(*iris)
    model.save(tmp_path / "m")
    again = getattr(truezero.load(tmp_path / "m"), name)
    assert again == NUMPY[name] and not isinstance(again, np.generic) or isinstance(again, str)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_iter_no_change": np.inf},
        {"dropout": (0.1,)},
        {"activation": ["tanh"]},
        {"hidden_layer_sizes": (np.int64(4),)},
        {"class_weight": {0: 1, 1: np.float32(2), 2: 3}},
        {"pretrain": DenoisingAutoencoder(max_iter=np.int64(1), corruption="none")},
    ],
)
def test_what_json_has_no_form_for_comes_back_too(parameters, iris, tmp_path):
    model = RectifierClassifier(**{"hidden_layer_sizes": (4,), "max_iter": 2, **parameters}).fit(*iris)
    model.save(tmp_path / "m")
    assert repr(truezero.load(tmp_path / "m").get_params()) == repr(
        {**model.get_params(), **truezero.load(tmp_path / "m").get_params()}
    )
    for name, value in parameters.items():
        again = getattr(truezero.load(tmp_path / "m"), name)
        if name == "pretrain":
            assert again.get_params() == value.get_params()
        else:
            assert again == value and type(again) is type(value)


NUMBERS = ["learning_rate_init", "alpha", "momentum", "beta_1", "beta_2", "epsilon", "l1_activation", "target_sparsity"]
NUMBERS += ["dropout", "input_dropout", "tol", "power_t", "validation_fraction"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -1, "0.1", 1e300, [], True, 1 + 2j])
def test_what_is_no_number_is_named(name, value, iris):
    if name == "dropout" and value == []:
        value = [[]]
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        RectifierClassifier(**{name: value}).fit(*iris)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_iter", 10.0),
        ("max_iter", True),
        ("max_iter", 2**70),
        ("max_fun", 2**70),
        ("verbose", 2**70),
        ("hidden_layer_sizes", 2**70),
        ("learning_rate_init", 1e-46),
        ("momentum", 1 - 1e-12),
        ("tol", 1e300),
        ("batch_size", 2**70),
        ("batch_size", 20.0),
        ("n_iter_no_change", 2.5),
        ("n_threads", 10**6),
        ("shuffle", "yes"),
        ("warm_start", "x"),
        ("early_stopping", 1),
        ("solver", "optimizer"),
        ("learning_rate", None),
        ("random_state", "a"),
        ("random_state", -1),
        ("verbose", "loud"),
        ("activation", 3),
        ("activation", "relux"),
        ("callbacks", 3),
        ("class_weight", {0: -1, 1: 1, 2: 1}),
        ("class_weight", {0: np.nan, 1: 1, 2: 1}),
    ],
)
def test_values_of_other_types_are_named(name, value, iris):
    with pytest.raises(ValueError, match=f"^{name}: "):
        RectifierClassifier(**{name: value}).fit(*iris)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("l1_activation", np.nan),
        ("learning_rate_init", [0.1, np.inf]),
        ("sample_zeros", "2"),
        ("batch_size", 2.0),
        ("max_iter", 0),
        ("tied", "no"),
        ("corruption", 0.25),
        ("corruption", "masking:7"),
        ("reconstruction", "no such"),
        ("activation", "relux"),
    ],
)
def test_parameters_of_an_encoder_are_named(name, value, iris):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        DenoisingAutoencoder(**{name: value}).fit(iris[0])


def test_parameters_of_scikit_learn_are_taken_as_they_are(iris):
    X, y = iris
    assert RectifierClassifier(**MLPClassifier(max_iter=3).get_params()).fit(X, y).n_iter_ == 3
    assert RectifierRegressor(**MLPRegressor(max_iter=3).get_params()).fit(X, y).n_iter_ == 3


def test_balanced_weights_need_all_examples(iris):
    with pytest.raises(ValueError, match="class_weight: 'balanced' needs the frequencies .*\nhint: compute them"):
        RectifierClassifier(class_weight="balanced").partial_fit(*iris, classes=[0, 1, 2])


def test_one_class_is_predicted_always(iris, tmp_path):
    X, _ = iris
    model = RectifierClassifier((4,), max_iter=3).fit(X, ["only"] * 150)
    model.save(tmp_path / "m")
    for each in [model, truezero.load(tmp_path / "m")]:
        assert set(each.predict(X)) == {"only"} and np.all(each.predict_proba(X) == 1)


def test_rare_classes_and_early_stopping_are_as_in_scikit_learn():
    X = np.random.default_rng(0).normal(size=(61, 4))
    model = RectifierClassifier((8,), max_iter=5, early_stopping=True, random_state=0)
    assert list(model.fit(X, [0] * 30 + [1] * 30 + [2]).classes_) == [0, 1, 2]
    assert len(model.fit(X, np.arange(61) % 40).classes_) == 40
    with pytest.raises(ValueError, match="only 1 member"):
        model.fit(X, [0] * 60 + [1])


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("parameters", "n_threads", 0),
        ("parameters", "n_threads", "four"),
        ("parameters", "max_iter", {"kind": "float", "value": "nan"}),
        ("parameters", "dropout", {"kind": "no such", "value": 1}),
        ("fitted", "loss_curve_", "abc"),
        ("fitted", "loss_curve_", [1, "2"]),
        ("fitted", "sparsity_curve_", [1, 2]),
        ("fitted", "validation_scores_", {"a": 1}),
        ("fitted", "n_iter_", "3"),
        ("fitted", "best_loss_", [1]),
    ],
)
def test_a_file_is_checked_when_it_is_loaded(part, name, value, iris, tmp_path):
    model = RectifierClassifier((3,), max_iter=1).fit(*iris)
    python = {"class": "RectifierClassifier", part: {name: value}}
    model._model.with_configuration(json.dumps({"python": python})).save(str(tmp_path / "m"))
    with pytest.raises(ValueError, match=rf"/m: .*{name}: expected"):
        truezero.load(tmp_path / "m")


class Mine(RectifierClassifier):
    """A user's own."""

    def twice(self, X):
        return [self.predict(X)] * 2


def test_a_subclass_is_saved_and_comes_back_by_its_class_method(iris, tmp_path):
    X, y = iris
    model = Mine((4,), max_iter=2, random_state=0).fit(X, y)
    model.save(tmp_path / "m")
    assert type(truezero.load(tmp_path / "m")) is RectifierClassifier
    again = Mine.load(tmp_path / "m")
    assert type(again) is Mine and again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.twice(X)[1], model.predict(X))
    with pytest.raises(TypeError, match="expected a model for RectifierRegressor, found a RectifierClassifier"):
        RectifierRegressor.load(tmp_path / "m")


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_threads_are_those_of_the_process():
    script = (
        "import os; os.environ.pop('OMP_NUM_THREADS', None); os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from truezero._inputs import threads; print(threads(None))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
