"""Models from files and from elsewhere, as estimators."""

import json
import math
import os

import numpy as np

from . import _foreign, _parameters, _values
from ._autoencoder import DenoisingAutoencoder
from ._base import CURVES
from ._classifier import RectifierClassifier, class_names
from ._regressor import RectifierRegressor
from ._truezero import Model

#: Where a model's configuration keeps what is Python's.
PYTHON = "python"
#: Estimators by what they are called in files.
ESTIMATORS = {each.__name__: each for each in [RectifierClassifier, RectifierRegressor, DenoisingAutoencoder]}
#: Types of classes that come back from a file as they were; others come back as their names say.
NUMBER_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
CLASS_TYPES = {"bool": bool, "str": str, "object": object, **{name: np.dtype(name) for name in NUMBER_TYPES}}
#: Kinds of types of NumPy that are times or durations.
TIMES = "mM"
#: Numbers among the fitted attributes that files keep, beside the curves; some may be missing.
KEPT = ["n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_"]
#: Those that are whole.
COUNTS = ["n_iter_", "t_"]


def save(
    estimator: RectifierClassifier | RectifierRegressor | DenoisingAutoencoder,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
) -> None:
    """Write an estimator to a file that `load` and the ``truezero`` command read.

    Parameters
    ----------
    estimator : RectifierClassifier, RectifierRegressor or DenoisingAutoencoder
        Fitted; of a subclass too, which comes back by its class method ``load``. Parameters are kept that are values, and an
        estimator for pre-training; callbacks and generators of random numbers are not.
    path : path-like
        The file is written completely, or stays as it was. A model of truezero that is there is replaced; any other file
        is not, which raises a FileExistsError.
    force : bool, default=False
        Replace whatever file is there.

    Examples
    --------
    >>> import os, tempfile, truezero
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = truezero.RectifierClassifier(random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.safetensors")
    ...     truezero.save(model, path)
    ...     again = truezero.load(path)
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    if not isinstance(estimator, tuple(ESTIMATORS.values())):
        raise TypeError(f"expected an estimator of truezero, found {type(estimator).__name__}")
    model = estimator._fitted_model()
    configuration = json.loads(model.configuration) or {}
    configuration[PYTHON] = _described(estimator)
    model.with_configuration(json.dumps(configuration)).save(os.fspath(path), force)


def load(path: str | os.PathLike[str]) -> RectifierClassifier | RectifierRegressor | DenoisingAutoencoder:
    """Read a file that `save` or the ``truezero`` command wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    estimator : RectifierClassifier, RectifierRegressor or DenoisingAutoencoder
        Fitted, with the file's preprocessing inside: it predicts what the command predicts. One that was trained on a
        table takes tables (pandas, polars, pyarrow, dict of columns).
    """
    path = os.fspath(path)
    try:
        return estimator(Model.load(path))
    except Unfit as error:
        raise ValueError(f"{path}: {error}") from None


def load_as(kind, path):
    """The estimator in a file as one of a class."""
    found = load(path)
    if not issubclass(kind, type(found)):
        raise TypeError(f"{os.fspath(path)}: expected a model for {kind.__name__}, found a {type(found).__name__}")
    made = kind()
    made.__dict__.update(found.__dict__)
    return made


def from_onnx(source, *, task=None, classes=None) -> RectifierClassifier | RectifierRegressor:
    """Read a multi-layer perceptron in the Open Neural Network Exchange format.

    Parameters
    ----------
    source : path-like, bytes, file or onnx.ModelProto
        A file, whose tensors may lie in other files of the same folder; what is in it; a file opened for reading
        bytes; or the model that the ``onnx`` package made of it.
    task : {"classify", "multilabel", "regress"}, default=None
        What the outputs are for. If None, the graph tells: a softmax, one logistic output or a label that it tells
        make a classifier, several logistic outputs one of several labels, anything else a regressor. So a classifier
        that PyTorch exported with its outputs as they are before the softmax needs ``task="classify"``.
    classes : array-like, default=None
        Classes in the order of the outputs; those that the graph tells, or 0, 1, …, if None. Of two classes that one
        logistic output tells apart, the second is the one whose probability it is.

    Returns
    -------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted.

    Warns
    -----
    DataWarning
        If the graph does something that a model cannot, such as telling labels by a threshold of its own.

    Examples
    --------
    >>> import truezero
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = truezero.RectifierClassifier(random_state=0).fit(X, y)
    >>> again = truezero.from_onnx(model.to_onnx())
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    names = None
    if classes is not None:
        classes = np.asarray(classes)
        if classes.ndim != 1:
            raise ValueError(f"classes: expected one for each output, found shape {classes.shape}")
        names = class_names(classes)
    if isinstance(source, (str, os.PathLike)):
        model, text, features = Model.load_onnx(os.fspath(source), task, names)
    else:
        model, text, features = Model.from_onnx(_foreign.onnx_bytes(source), task, names)
    made = estimator(model)
    if model.task == "classify" and (text or classes is not None):
        made.classes_ = np.array(model.names, dtype=object) if classes is None else classes
    if features:
        made.feature_names_in_ = np.array(features, dtype=object)
    return made


def from_torch(source, *, activation="relu", task=None, classes=None) -> RectifierClassifier | RectifierRegressor:
    """Make an estimator of a multi-layer perceptron of PyTorch.

    Parameters
    ----------
    source : torch.nn.Sequential, dict of arrays, or path-like
        A ``Sequential`` of ``Linear`` and activations (``Dropout``, ``Identity`` and ``Flatten`` are left out), its
        ``state_dict()``, or a ``.safetensors`` file of one.
    activation : str or list of str, default="relu"
        Of all hidden layers or of each, where `source` does not tell: a ``state_dict`` knows weights only.
    task : {"classify", "multilabel", "regress"}, default=None
        What the outputs are. Told by a last ``Softmax`` (classify) or ``Sigmoid`` (multilabel); else "classify" if
        `classes` are given, or "regress".
    classes : array-like, default=None
        Classes in the order of the outputs; 0, 1, … if None.

    Returns
    -------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted.

    Examples
    --------
    >>> import numpy as np, truezero
    >>> state = {"0.weight": np.ones((3, 2)), "0.bias": np.zeros(3), "2.weight": np.ones((1, 3)), "2.bias": [1.0]}
    >>> truezero.from_torch(state).predict([[1.0, 2.0], [-1.0, 0.0]])
    array([10.,  1.])
    """
    layers, told = _foreign.torch_layers(source, activation)
    task = task or told or ("regress" if classes is None else "classify")
    return _network(layers, task, classes)


def from_sklearn(model) -> RectifierClassifier | RectifierRegressor:
    """Make an estimator of a fitted multi-layer perceptron of scikit-learn.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor

    Returns
    -------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted; it predicts what `model` predicts, up to rounding to 32 bits.

    Examples
    --------
    >>> import truezero
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=500, random_state=0).fit(X, y)
    >>> bool((truezero.from_sklearn(model).predict(X) == model.predict(X)).all())
    True
    """
    layers, task, classes = _foreign.sklearn_layers(model)
    made = _network(layers, task, classes)
    if hasattr(model, "feature_names_in_"):
        made.feature_names_in_ = model.feature_names_in_
    return made


def _network(layers, task, classes):
    """An estimator of layers (weights, bias, activation)."""
    outputs = layers[-1][0].shape[1]
    if task == "classify" and outputs == 1:
        # One logistic output tells two classes apart: softmax(0, z) is logistic(z).
        weights, bias, activation = layers[-1]
        layers[-1] = (np.hstack([np.zeros_like(weights), weights]), np.array([0, bias[0]]), activation)
        outputs = 2
    if task == "regress":
        if classes is not None:
            raise ValueError("classes: expected none for task 'regress'")
        names = []
    else:
        classes = np.arange(outputs) if classes is None else np.asarray(classes)
        if classes.shape != (outputs,):
            raise ValueError(f"classes: expected {outputs}, one for each output, found shape {classes.shape}")
        names = class_names(classes)
    given = [(_single(weights), _single(bias), activation, None) for weights, bias, activation in layers]
    made = estimator(Model.network(given, task, names, "{}", [], []))
    if task == "classify":
        made.classes_ = classes
    return made


def _single(array):
    return np.ascontiguousarray(array, dtype=np.float32)


def estimator(model):
    """A fitted estimator of a native model."""
    configuration = json.loads(model.configuration)
    python = configuration.get(PYTHON) if isinstance(configuration, dict) else None
    known = isinstance(python, dict) and python.get("class") in ESTIMATORS
    summary = json.loads(model.summary)
    task = model.task
    made = {"regress": RectifierRegressor, "encode": DenoisingAutoencoder}.get(task, RectifierClassifier)()
    layers = model.layers()
    hidden = layers if task == "encode" else layers[:-1]
    made.set_params(
        hidden_layer_sizes=tuple(weights.shape[1] for weights, _, _, _ in hidden),
        activation=[name for _, _, name, _ in hidden] or made.activation,
    )
    made._model = model
    columns = model.columns
    made.n_features_in_ = layers[0][0].shape[0] if columns is None else len(columns)
    if columns is not None:
        made.feature_names_in_ = np.array(columns, dtype=object)
    if task == "encode":
        made._decoders = None
        _curves_of_encoder(made, summary, len(layers))
    else:
        _curves_of_network(made, summary)
    if task == "regress":
        made.loss = "poisson" if model.counts else made.loss
        made._outputs_learned = layers[-1][0].shape[1]
    elif task != "encode":
        made._multilabel = task == "multilabel"
        made.classes_ = np.arange(len(model.names)) if made._multilabel else _classes(model.names)
    if known and python["class"] == type(made).__name__:
        _restore(made, python)
    return made


def _kind(estimator):
    """The class of ours that an estimator is of."""
    return next(kind for kind in ESTIMATORS.values() if isinstance(estimator, kind))


def _described(estimator):
    """What a file keeps of an estimator beside the network."""
    kind = _kind(estimator)
    described = {"class": kind.__name__, "parameters": _described_parameters(estimator, kind)}
    if hasattr(estimator, "feature_names_in_"):
        described["feature_names_in"] = [str(name) for name in estimator.feature_names_in_]
    if hasattr(estimator, "classes_"):
        described["classes"] = _described_classes(estimator.classes_)
    fitted = {name: getattr(estimator, name, None) for name in [*KEPT, *CURVES]}
    described["fitted"] = {name: _values.to_json(value) for name, value in fitted.items() if value is not None}
    return described


def _described_classes(classes):
    of = classes.dtype
    name = "str" if of.kind == "U" else of.name
    if of.kind in TIMES:
        # Times and durations, as so many units.
        return {"type": name, "values": classes.astype(np.int64).tolist()}
    if name not in CLASS_TYPES:
        raise ValueError(f"classes: a file keeps numbers, texts, booleans and times, found {of}")
    return {"type": name, "values": classes.tolist()}


def _restored_classes(described):
    """Of a file; None if they are none that `_described_classes` described."""
    name, values = described.get("type"), described.get("values")
    try:
        if name in CLASS_TYPES:
            return np.array(values, dtype=CLASS_TYPES[name])
        times = np.dtype(name)
        return np.array(values, dtype=np.int64).astype(times) if times.kind in TIMES else None
    except (TypeError, ValueError, OverflowError):
        return None


def _described_parameters(estimator, kind):
    known = {}
    for name in kind._get_param_names():
        value = getattr(estimator, name)
        if isinstance(value, DenoisingAutoencoder):
            known[name] = {
                "class": "DenoisingAutoencoder",
                "parameters": _described_parameters(value, DenoisingAutoencoder),
            }
            continue
        try:
            known[name] = _values.to_json(value)
        except _values.NoValue:
            continue
    return known


class Unfit(ValueError):
    """A part of a file that cannot be."""


def _restore(made, python):
    """Set what `_described` described. A file need not be one that we wrote: a value that cannot be is refused, and what we
    do not know is left out."""
    parameters = python.get("parameters")
    if isinstance(parameters, dict):
        _restore_parameters(made, parameters)
    names = python.get("feature_names_in")
    if isinstance(names, list) and len(names) == made.n_features_in_:
        made.feature_names_in_ = np.array(names, dtype=object)
    classes = python.get("classes")
    if isinstance(classes, dict) and hasattr(made, "classes_"):
        values = _restored_classes(classes)
        if values is not None and values.shape == made.classes_.shape:
            made.classes_ = values
    fitted = python.get("fitted")
    if isinstance(fitted, dict):
        encodes = isinstance(made, DenoisingAutoencoder)
        for name in [*KEPT, *CURVES]:
            if name in fitted:
                setattr(
                    made, name, _curve(name, fitted[name], encodes) if name in CURVES else _number(name, fitted[name])
                )


def _restore_parameters(made, parameters):
    checks = _parameters.ENCODER_CHECKS if isinstance(made, DenoisingAutoencoder) else _parameters.CHECKS
    for name in made._get_param_names():
        if name not in parameters:
            continue
        document = parameters[name]
        if name == "pretrain" and isinstance(document, dict):
            value = DenoisingAutoencoder()
            inner = document.get("parameters")
            _restore_parameters(value, inner if isinstance(inner, dict) else {})
        else:
            try:
                value = _values.of_json(document)
                if name == "hidden_layer_sizes" and isinstance(value, list):
                    value = tuple(value)  # as files of earlier versions have it
                if name in checks:
                    checks[name](name, value)
            except ValueError as error:
                text = str(error)
                raise Unfit(f"parameter {text if text.startswith(name) else f'{name}: {text}'}") from None
        made.set_params(**{name: value})


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
        return isinstance(values, list) and all(
            isinstance(each, (int, float)) and not isinstance(each, bool) for each in values
        )

    if not (isinstance(document, list) and all(map(numbers, document)) if nested else numbers(document)):
        raise Unfit(f"{name}: expected {'lists of numbers' if nested else 'numbers'}, found {document!r:.80}")
    return [np.array(each) for each in document] if name == "sparsity_curve_" else document


def _classes(names):
    """Classes from their names. They are truth values, whole numbers or numbers only if all names are exactly the text
    of such values: 007, 1_000 and nan are names."""
    if names == ["False", "True"]:
        return np.array([False, True])
    for kind in [int, float]:
        try:
            values = [kind(name) for name in names]
        except ValueError:
            continue
        if [_text(value) for value in values] == names and (kind is int or all(map(math.isfinite, values))):
            return np.array(values)
    return np.array(names, dtype=object)


def _text(number):
    """A number as names of classes have it: see `class_names`."""
    return class_names(np.array([number]))[0]


def _curves_of_network(made, summary):
    history = summary["history"] if summary else []
    made.n_iter_ = len(history)
    made.t_ = 0
    made.loss_curve_ = [record["cost"] for record in history]
    made.loss_ = made.loss_curve_[-1] if history else None
    made.sparsity_curve_ = [np.array([layer["sparsity"] for layer in record["layers"]]) for record in history]
    validated = [record for record in history if record["validation_cost"] is not None]
    made.validation_loss_curve_ = [record["validation_cost"] for record in validated] or None
    made.validation_scores_ = None
    if made._model.task != "regress" and validated:
        made.validation_scores_ = [1.0 - record["validation_error"] for record in validated]
    made.best_loss_ = min(made.loss_curve_, default=None)
    made.best_validation_score_ = max(made.validation_scores_ or [], default=None)
    best = summary["best_epoch"] if summary else None
    made._observed = history[best - 1]["layers"] if best else []
    made.sparsity_ = np.array([layer["sparsity"] for layer in made._observed])


def _curves_of_encoder(made, summary, layers):
    history = summary["history"] if summary else []
    of = [[record for record in history if record["layer"] == layer + 1] for layer in range(layers)]
    made.n_iter_ = len(history)
    made.loss_curve_ = [[record["cost"] for record in layer] for layer in of]
    made.validation_loss_curve_ = None
    made.sparsity_ = np.array([layer[-1]["code"]["sparsity"] if layer else np.nan for layer in of])
