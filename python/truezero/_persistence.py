"""What files keep of an estimator beside its network: parameters, classes, and what happened in its training."""

import inspect
import json

import numpy as np

from . import _classes, _parameters, _values
from ._autoencoder import DenoisingAutoencoder
from ._base import CURVES
from ._classifier import RectifierClassifier
from ._regressor import RectifierRegressor

#: Where a model's configuration keeps what is Python's.
PYTHON = "python"
#: Estimators by what they are called in files.
ESTIMATORS = {each.__name__: each for each in [RectifierClassifier, RectifierRegressor, DenoisingAutoencoder]}
#: Numbers among the fitted attributes that files keep, beside the curves; some may be missing.
KEPT = ["n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_"]
#: Those that are whole.
COUNTS = ["n_iter_", "t_"]
#: The sparsity of each hidden layer, and what was observed of it.
SPARSITY, LAYERS = "sparsity_", "layers"
#: What a report shows of a layer; the units that were active are a list.
OBSERVED = ["units", "sparsity", "dead_units", "always_on_units", "mean_activation"]
ACTIVE = "active_units"


def of_model(model):
    """What a file keeps that is Python's; empty if it is not one of ours."""
    configuration = json.loads(model.configuration)
    python = configuration.get(PYTHON) if isinstance(configuration, dict) else None
    return python if isinstance(python, dict) and python.get("class") in ESTIMATORS else {}


def restored_classes(python, model):
    """Classes that `described` described; None if there are none that fit."""
    classes = python.get("classes")
    values = _classes.restored(classes) if isinstance(classes, dict) else None
    return None if values is None or values.shape != (len(model.names),) else values


def own_parameters(kind, base, model):
    """Parameters in a file that a subclass has beside those of a class of ours."""
    parameters = of_model(model).get("parameters")
    own = {}
    for name in kind._get_param_names():
        if isinstance(parameters, dict) and name in parameters and name not in base._get_param_names():
            try:
                own[name] = _parameter(parameters[name])
            except ValueError as error:
                raise Unfit(f"parameter {name}: {error}") from None
    return own


def required(kind):
    """Parameters without which a class makes no estimator."""
    signature = inspect.signature(kind.__init__).parameters
    return [name for name in kind._get_param_names() if signature[name].default is inspect.Parameter.empty]


def _kind(estimator):
    """The class of ours that an estimator is of."""
    return next(kind for kind in ESTIMATORS.values() if isinstance(estimator, kind))


def described(estimator):
    """What a file keeps of an estimator beside the network."""
    kind = _kind(estimator)
    names = list(dict.fromkeys([*kind._get_param_names(), *estimator._get_param_names()]))
    document = {"class": kind.__name__, "parameters": _described_parameters(estimator, names)}
    for name in required(type(estimator)):
        if name not in document["parameters"]:
            raise ValueError(
                f"parameter {name}: expected a value that a file keeps, as {type(estimator).__name__} requires it, "
                f"found {getattr(estimator, name)!r:.80}\nhint: give it a default, or pickle the estimator"
            )
    if hasattr(estimator, "feature_names_in_"):
        document["feature_names_in"] = [str(name) for name in estimator.feature_names_in_]
    if hasattr(estimator, "classes_"):
        document["classes"] = _classes.described(estimator.classes_)
    fitted = {name: getattr(estimator, name, None) for name in [*KEPT, *CURVES]}
    document["fitted"] = {name: _values.to_json(value) for name, value in fitted.items() if value is not None}
    # A training that goes on, and weights that were set, leave no record in the network itself.
    document["fitted"][SPARSITY] = _values.to_json(estimator.sparsity_)
    if hasattr(estimator, "_observed"):
        document["fitted"][LAYERS] = estimator._observed
    return document


def _described_parameters(estimator, names):
    known = {}
    for name in names:
        value = getattr(estimator, name)
        if isinstance(value, DenoisingAutoencoder):
            known[name] = {
                "class": DenoisingAutoencoder.__name__,
                "parameters": _described_parameters(value, DenoisingAutoencoder._get_param_names()),
            }
            continue
        try:
            known[name] = _values.to_json(value)
        except _values.NoValue:
            continue
    return known


class Unfit(ValueError):
    """A part of a file that cannot be."""


def restore(made, python):
    """Set what `described` described. A file need not be one that we wrote: a value that cannot be is refused, and what we
    do not know is left out."""
    parameters = python.get("parameters")
    if isinstance(parameters, dict):
        _restore_parameters(made, parameters)
    names = python.get("feature_names_in")
    if isinstance(names, list) and len(names) == made.n_features_in_:
        made.feature_names_in_ = np.array(names, dtype=object)
    fitted = python.get("fitted")
    if isinstance(fitted, dict):
        encodes = isinstance(made, DenoisingAutoencoder)
        for name in [*KEPT, *CURVES]:
            if name in fitted:
                setattr(
                    made, name, _curve(name, fitted[name], encodes) if name in CURVES else _number(name, fitted[name])
                )
        if SPARSITY in fitted:
            made.sparsity_ = _sparsity(fitted[SPARSITY])
        if LAYERS in fitted and not encodes:
            made._observed = _layers(fitted[LAYERS])


def _restore_parameters(made, parameters):
    checks = _parameters.ENCODER_CHECKS if isinstance(made, DenoisingAutoencoder) else _parameters.CHECKS
    for name in made._get_param_names():
        if name not in parameters:
            continue
        try:
            value = _parameter(parameters[name])
            if name == "hidden_layer_sizes" and isinstance(value, list):
                value = tuple(value)  # as files of earlier versions have it
            if name in checks:
                checks[name](name, value)
        except Unfit:
            raise
        except ValueError as error:
            text = str(error)
            raise Unfit(f"parameter {text if text.startswith(name) else f'{name}: {text}'}") from None
        made.set_params(**{name: value})


def _parameter(document):
    """A value, or an estimator for pre-training."""
    if not isinstance(document, dict) or document.get("class") != DenoisingAutoencoder.__name__:
        return _values.of_json(document)
    value, inner = DenoisingAutoencoder(), document.get("parameters")
    _restore_parameters(value, inner if isinstance(inner, dict) else {})
    return value


def _number(name, document):
    """A fitted attribute that is a number, or a whole number; None where there is none."""
    try:
        value = _values.of_json(document)
    except ValueError:
        value = document
    whole = name in COUNTS
    good = isinstance(value, int) and value >= 0 if whole else isinstance(value, (int, float)) or value is None
    if isinstance(value, bool) or not good:
        raise Unfit(f"{name}: expected a {'whole ' if whole else ''}number, found {document!r:.80}")
    return value


def _curve(name, document, encodes):
    """A curve: a number of each epoch; of sparsities, or of the layers of an encoder, a list of them."""
    if document is None:
        return None
    nested = encodes or name == "sparsity_curve_"

    def numbers(values):
        return isinstance(values, list) and all(map(_numeric, values))

    if not (isinstance(document, list) and all(map(numbers, document)) if nested else numbers(document)):
        raise Unfit(f"{name}: expected {'lists of numbers' if nested else 'numbers'}, found {document!r:.80}")
    return [np.array(each) for each in document] if name == "sparsity_curve_" else document


def _numeric(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _sparsity(document):
    """Fractions of zeros, one for each hidden layer; NaN where nothing was observed."""
    try:
        values = _values.of_json(document)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(map(_numeric, values)):
        raise Unfit(f"{SPARSITY}: expected numbers, found {document!r:.80}")
    return np.array(values, dtype=float)


def _layers(document):
    """What was observed of each hidden layer."""

    def good(layer):
        active = layer.get(ACTIVE) if isinstance(layer, dict) else None
        listed = isinstance(active, list) and active and all(map(_numeric, active))
        return listed and all(name in layer and (_numeric(layer[name]) or name == "mean_activation" and layer[name] is None) for name in OBSERVED)

    if not isinstance(document, list) or not all(map(good, document)):
        raise Unfit(f"{LAYERS}: expected what was observed of each hidden layer, found {document!r:.80}")
    return document
