"""Classes and labels."""

import math
import numbers
from typing import Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ._base import BaseRectifier, learns_in_parts
from ._network import Following


class RectifierClassifier(ClassifierMixin, BaseRectifier):
    """A deep sparse rectifier network that tells classes apart, or finds any number of labels.

    Parameters and attributes are those of :class:`sklearn.neural_network.MLPClassifier` wherever they exist there,
    with the same defaults, so that changing the import is enough. Computations are in 32 bits.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer, lowest first; empty for a linear model.
    activation : str or list of str, default="relu"
        Of all hidden layers, or of each: "rectifier" (also "relu"), "softplus" or "softplus:ALPHA", "tanh",
        "logistic", "leaky" or "leaky:ALPHA" (slope below 0), "elu" or "elu:ALPHA", "gelu" or "gelu:tanh", "silu" (also
        "swish"), "mish", "hardswish", "relu6", "softsign", "lif" (leaky integrate-and-fire), "identity".
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        The optimiser. "lbfgs" looks at all examples at once: it knows neither mini-batches, dropout, penalties on activations,
        early stopping, callbacks nor `partial_fit`, and serves small data. Changed between two calls of `partial_fit`, another
        optimiser begins anew.
    alpha : float, default=0.0001
        Strength of the L2 penalty on weights, divided by the size of a mini-batch as in scikit-learn.
    batch_size : int or "auto", default="auto"
        Examples of a mini-batch; "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        How the rate changes from epoch to epoch, with ``solver="sgd"``.
    learning_rate_init : float, default=0.001
        The rate at the start.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs.
    shuffle : bool, default=True
        Whether the examples of each epoch come in random order.
    random_state : int, RandomState instance or None, default=None
        Of all random numbers; the same one gives the same model, on any number of threads.
    tol : float, default=1e-4
        An epoch that is not better by this much is one without progress.
    verbose : bool, default=False
        Whether to print the loss of each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the call before, and with the decay of "invscaling".
    momentum : float, default=0.9
        With ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        With ``solver="sgd"``.
    early_stopping : bool, default=False
        Whether to stop when the score on validation examples no longer rises, and keep the best weights.
    validation_fraction : float, default=0.1
        Fraction of the examples that is held out for early stopping, unless `fit` is given some.
    beta_1, beta_2 : float, default=0.9, 0.999
        Of Adam.
    epsilon : float, default=1e-8
        Of Adam.
    n_iter_no_change : int, default=10
        Epochs without progress after which training stops.
    max_fun : int, default=15000
        Most computations of the loss, with ``solver="lbfgs"``.
    l1_activation : float, default=0.0
        Strength λ of the penalty λ Σ|h| on hidden activations, which makes them sparser; 1e-4 is a good start.
    target_sparsity : float, default=None
        Mean fraction of zeros in the hidden layers that λ is steered to. Weights within two points of it are kept before
        others; if there are none, the best ones, with a warning.
    dropout : float or list of float, default=0.0
        Probability with which hidden units are dropped, for all layers or for each.
    input_dropout : float, default=0.0
        Probability with which inputs are dropped.
    class_weight : dict, "balanced" or None, default=None
        How much the examples of each class count, times `sample_weight`. "balanced" needs all examples, so `partial_fit`
        refuses it.
    pretrain : bool or DenoisingAutoencoder, default=None
        Whether hidden layers first learn to reconstruct their inputs; an estimator says how.
    callbacks : callable or list of callable, default=None
        Called with an `Epoch` after each epoch, of `partial_fit` too; one that returns something true ends the training.
        `EarlyStopping` and `Checkpoint` are ready-made.
    transform_layer : int, default=-1
        Hidden layer whose codes `transform` gives; 0 is the lowest, -1 the highest.
    n_threads : int, default=None
        Threads; all that joblib or the machine allow, if None. They never change a model.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes in order; for several labels, their positions.
    coefs_, intercepts_ : list of ndarray
        Weights of shape (n_inputs, n_units) and biases of each layer, lowest first. Of two classes there is one output,
        as in scikit-learn, the difference of the two that the network has.
    loss_curve_ : list of float
        Loss of each epoch.
    validation_scores_, validation_loss_curve_ : list of float or None
        On the validation examples: accuracy (of several labels, the fraction of labels that are right), and mean cost.
    sparsity_curve_ : list of ndarray of shape (n_hidden_layers,)
        Fraction of zeros in each hidden layer after each epoch, on the validation examples; without any, on up to 1,000
        training examples.
    sparsity_ : ndarray of shape (n_hidden_layers,)
        The same of the weights that were kept.
    loss_, best_loss_, best_validation_score_ : float or None
        Latest and best values of the curves; the score is that of the weights that were kept.
    n_iter_ : int
        Epochs.
    t_ : int
        Training examples seen, each as often as it was.
    n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_
        As in scikit-learn.

    See Also
    --------
    RectifierRegressor : The same for quantities.
    DenoisingAutoencoder : Codes without labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from truezero import RectifierClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = RectifierClassifier(max_iter=300, random_state=0)
    >>> model = make_pipeline(StandardScaler(), network).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> network.coefs_[0].shape
    (4, 100)
    >>> bool(network.sparsity_[0] > 0.3)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        l1_activation=0.0,
        target_sparsity=None,
        dropout=0.0,
        input_dropout=0.0,
        class_weight=None,
        pretrain=None,
        callbacks=None,
        transform_layer=-1,
        n_threads=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.l1_activation = l1_activation
        self.target_sparsity = target_sparsity
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.class_weight = class_weight
        self.pretrain = pretrain
        self.callbacks = callbacks
        self.transform_layer = transform_layer
        self.n_threads = n_threads

    @available_if(learns_in_parts)
    def partial_fit(self, X, y, sample_weight=None, classes=None) -> Self:
        """Train one epoch on examples, going on from where the call before ended, the optimiser's memory included.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like of shape (n_samples,), default=None
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; needed in the first call, but for several labels.

        Returns
        -------
        self : object
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if classes is not None:
            classes = unique_labels(classes)
            if "_model" in self.__dict__ and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes!r} is not the same as on last call to partial_fit: {self.classes_!r}"
                )
            self._announced = classes
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight: {self.class_weight!r} needs the frequencies of classes in all examples, and partial_fit sees only "
                "some of them\nhint: compute them with sklearn.utils.class_weight.compute_class_weight, and pass a dict"
            )
        try:
            return self._fit(X, y, sample_weight, None, None, None, incremental=True)
        finally:
            # A call that fails leaves no classes behind.
            self.__dict__.pop("_announced", None)

    def predict(self, X) -> np.ndarray:
        """The class of each example, or its labels.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes as in `classes_`; for several labels 0 or 1 for each.
        """
        probabilities, _ = self._outputs(X)
        if self._model.task == "multilabel":
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X) -> np.ndarray:
        """The probability of each class, or of each label.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float32
        """
        return self._outputs(X)[0]

    def predict_log_proba(self, X) -> np.ndarray:
        """The logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float32
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    @Following
    def n_outputs_(self) -> int:
        """Outputs as scikit-learn counts them: of two classes there is one."""
        outputs = self._fitted_model().layers()[-1][0].shape[1]
        return 1 if self._is_binary() else outputs

    @Following
    def out_activation_(self) -> str:
        """What the outputs go through."""
        return "logistic" if self._is_binary() or self._model.task == "multilabel" else "softmax"

    def _is_binary(self):
        model = self._fitted_model()
        return model.task == "classify" and model.layers()[-1][0].shape[1] == 2

    def _shown_layers(self):
        layers = super()._shown_layers()
        if self._is_binary():
            # softmax(a, b) is logistic(b - a)
            weights, bias = layers[-1]
            layers[-1] = (weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1])
        return layers

    def _as_native(self, layers):
        if layers[-1][0].shape[1] == 1 and len(self.classes_) == 2 and not self._multilabel:
            # softmax(0, z) is logistic(z)
            weights, bias, activation, _ = layers[-1]
            both = np.hstack([np.zeros_like(weights), weights]), np.array([0, bias[0]], dtype=np.float32)
            layers = [*layers[:-1], (*both, activation, None)]
        return layers

    def _learned_targets(self, X, y, first, incremental):
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if not hasattr(y, "shape") or type(y).__module__.startswith(("pyarrow", "polars")):
            y = np.asarray(y)
        check_classification_targets(y)
        multilabel = type_of_target(y) == "multilabel-indicator"
        if first:
            self._multilabel = multilabel
            if multilabel:
                self.classes_ = np.arange(y.shape[1])
            else:
                y = column_or_1d(y, warn=True)
                announced = self.__dict__.pop("_announced", None) if incremental else unique_labels(y)
                if announced is None:
                    raise ValueError("classes must be passed on the first call to partial_fit.")
                self.classes_ = announced
        elif self.warm_start and not incremental and not self._multilabel:
            found = unique_labels(y)
            if not np.array_equal(found, self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {found}"
                )
        return self._known_targets(X, y)

    def _known_targets(self, X, y):
        """Targets for the native part, of classes that are known."""
        y = y if hasattr(y, "toarray") else np.asarray(y)
        if y.shape[0] != X.shape[0]:
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[X.shape[0], y.shape[0]]}")
        if self._multilabel:
            y = y.toarray() if hasattr(y, "toarray") else y
            if y.ndim != 2 or y.shape[1] != len(self.classes_):
                raise ValueError(f"y: expected {len(self.classes_)} labels for each example, found shape {y.shape}")
            return y.astype(np.float32)
        y = column_or_1d(y)
        positions = np.searchsorted(self.classes_, y)
        positions = np.minimum(positions, len(self.classes_) - 1)
        unknown = self.classes_[positions] != y
        if unknown.any():
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {np.unique(y[unknown])}."
            )
        return positions.astype(np.uint32)

    def _weights(self, sample_weight, X, targets):
        weights = super()._weights(sample_weight, X, targets)
        if self.class_weight is None:
            return weights
        if self._multilabel:
            raise ValueError("class_weight: expected one class for each example, found several labels")
        if isinstance(self.class_weight, dict):
            for name, weight in self.class_weight.items():
                if not isinstance(weight, numbers.Real) or not 0 <= weight < math.inf:
                    raise ValueError(
                        f"class_weight: expected weights of at least 0, found {weight!r} for class {name!r}"
                    )
        counted = weights > 0
        balanced = np.zeros_like(weights)
        labels = self.classes_[targets[counted]]
        balanced[counted] = compute_sample_weight(self.class_weight, labels)
        return weights * balanced

    def _held_out(self, X, targets, weights, random):
        if not self._multilabel and len(self.classes_) == 2:
            counts = np.bincount(targets, minlength=2)
            if counts.min() < 2:
                raise ValueError(
                    "The least populated classes in y have only 1 member, which is too few: early stopping holds out "
                    "examples of both. Classes with too few members are: "
                    f"{[str(name) for name in self.classes_[counts < 2].tolist()]}\nhint: pass X_val and y_val"
                )
        return super()._held_out(X, targets, weights, random)

    def _shown_targets(self, targets):
        return targets.astype(int) if self._multilabel else self.classes_[targets]

    def _classifies(self):
        return True

    def _n_shown_outputs(self):
        return 1 if not self._multilabel and len(self.classes_) == 2 else len(self.classes_)

    def _task(self):
        return "multilabel" if self._multilabel else "classify"

    def _n_native_outputs(self):
        return len(self.classes_)

    def _names(self):
        return class_names(self.classes_)

    def _scoring(self, validation):
        return {}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def class_names(classes):
    """Classes as the names that a model file keeps; whole numbers as the command writes them."""
    names = []
    for value in classes.tolist():
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        names.append(str(value))
    return names
