"""Models from files and from elsewhere, as estimators."""

import json
import os

import numpy as np

from . import _classes, _foreign, _persistence
from ._autoencoder import DenoisingAutoencoder
from ._classifier import RectifierClassifier, class_names
from ._regressor import RectifierRegressor
from ._truezero import Model


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
        Fitted; of a subclass too, which comes back with its own parameters by its class method ``load``. Parameters are
        kept that are values, and an estimator for pre-training; callbacks and generators of random numbers are not.
        A subclass that requires a parameter which is no value cannot be saved: a ValueError.
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
    if not isinstance(estimator, tuple(_persistence.ESTIMATORS.values())):
        raise TypeError(f"expected an estimator of truezero, found {type(estimator).__name__}")
    model = estimator._fitted_model()
    configuration = json.loads(model.configuration) or {}
    configuration[_persistence.PYTHON] = _persistence.described(estimator)
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
    except _persistence.Unfit as error:
        raise ValueError(f"{path}: {error}") from None


def load_as(kind, path):
    """The estimator in a file as one of a class."""
    found = load(path)
    place = os.fspath(path)
    if not issubclass(kind, type(found)):
        raise TypeError(f"{place}: expected a model for {kind.__name__}, found a {type(found).__name__}")
    parameters = found.get_params(deep=False)
    try:
        own = _persistence.own_parameters(kind, type(found), found._model)
    except _persistence.Unfit as error:
        raise ValueError(f"{place}: {error}") from None
    given = {name: value for name, value in {**parameters, **own}.items() if name in kind._get_param_names()}
    for name in _persistence.required(kind):
        if name not in given:
            raise ValueError(f"{place}: expected the parameter {name}, which {kind.__name__} requires, found none")
    made = kind(**given)
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
        logistic output tells apart, the second is the one whose probability it is. The estimator has them sorted, as
        scikit-learn expects: `classes_` and the columns of `predict_proba`.

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
        classes = _classes.given(classes)
        if classes.ndim != 1:
            raise ValueError(f"classes: expected one for each output, found shape {classes.shape}")
        names = class_names(classes)
    if isinstance(source, (str, os.PathLike)):
        model, text, features = Model.load_onnx(os.fspath(source), task, names)
    else:
        model, text, features = Model.from_onnx(_foreign.onnx_bytes(source), task, names)
    if classes is None and text:
        classes = np.array(model.names, dtype=object)
    made = estimator(model, classes)
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
        Classes in the order of the outputs; 0, 1, … if None. The estimator has them sorted, as scikit-learn expects:
        `classes_` and the columns of `predict_proba`.

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
        classes = np.arange(outputs) if classes is None else _classes.given(classes)
        if classes.shape != (outputs,):
            raise ValueError(f"classes: expected {outputs}, one for each output, found shape {classes.shape}")
        names = class_names(classes)
    given = [(_single(weights), _single(bias), activation, None) for weights, bias, activation in layers]
    return estimator(Model.network(given, task, names, "{}", [], []), classes)


def _single(array):
    return np.ascontiguousarray(array, dtype=np.float32)


def estimator(model, classes=None):
    """A fitted estimator of a native model. Of one that tells classes apart, the classes are told by the file, or by names,
    unless they are given in the order of the outputs."""
    python = _persistence.of_model(model)
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
    known = python.get("class") == type(made).__name__
    if known:
        _persistence.restore(made, python)
    if task == "multilabel":
        made.classes_ = np.arange(len(model.names))
    elif task == "classify":
        if classes is None:
            classes = _persistence.restored_classes(python, model) if known else None
        _classes.set_classes(made, _classes.named(model.names) if classes is None else classes)
    return made


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
