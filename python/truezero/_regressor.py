"""Quantities."""

from typing import Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.metaestimators import available_if

from ._base import BaseRectifier, learns_in_parts
from ._network import Following


class RectifierRegressor(RegressorMixin, BaseRectifier):
    """A deep sparse rectifier network that predicts one quantity or several.

    Parameters and attributes are those of :class:`sklearn.neural_network.MLPRegressor` wherever they exist there,
    with the same defaults, so that changing the import is enough. Computations are in 32 bits. Targets are
    learned as they are: scale them (:class:`sklearn.compose.TransformedTargetRegressor`) if they are far from 1.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer, lowest first; empty for a linear model.
    activation : str or list of str, default="relu"
        Of all hidden layers, or of each: "rectifier" (also "relu"), "softplus" or "softplus:ALPHA", "tanh",
        "logistic", "leaky" or "leaky:ALPHA" (slope below 0), "elu" or "elu:ALPHA", "gelu" or "gelu:tanh", "silu" (also
        "swish"), "mish", "hardswish", "relu6", "softsign", "lif" (leaky integrate-and-fire), "identity".
    loss : {"squared_error", "poisson"}, default="squared_error"
        What is minimised. "poisson", half the deviance of Poisson's distribution, is for counts: the outputs go through an
        exponential, and targets are at least 0.
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
    coefs_, intercepts_ : list of ndarray
        Weights of shape (n_inputs, n_units) and biases of each layer, lowest first.
    loss_curve_ : list of float
        Loss of each epoch: half the mean squared error, and the L2 penalty.
    validation_scores_, validation_loss_curve_ : list of float or None
        On the validation examples: R², over all outputs together, and half the mean squared error.
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
    RectifierClassifier : The same for classes and labels.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from truezero import RectifierRegressor
    >>> X, y = make_regression(n_samples=300, n_features=5, random_state=0)
    >>> y = y / y.std()
    >>> model = RectifierRegressor((50, 50), max_iter=300, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.transform(X).shape
    (300, 50)
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        loss="squared_error",
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
        pretrain=None,
        callbacks=None,
        transform_layer=-1,
        n_threads=None,
    ):
        self.loss = loss
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
        self.pretrain = pretrain
        self.callbacks = callbacks
        self.transform_layer = transform_layer
        self.n_threads = n_threads

    @available_if(learns_in_parts)
    def partial_fit(self, X, y, sample_weight=None) -> Self:
        """Train one epoch on examples, going on from where the call before ended, the optimiser's memory included.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        return self._fit(X, y, sample_weight, None, None, None, incremental=True)

    def predict(self, X) -> np.ndarray:
        """The quantities of each example.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            float32 if X is, else float64.
        """
        quantities, wide = self._outputs(X)
        quantities = quantities.astype(np.float64) if wide else quantities
        return quantities[:, 0] if quantities.shape[1] == 1 else quantities

    @Following
    def n_outputs_(self) -> int:
        """Quantities of an example."""
        return self._fitted_model().layers()[-1][0].shape[1]

    @Following
    def out_activation_(self) -> str:
        """What the outputs go through."""
        return "exp" if self._fitted_model().counts else "identity"

    def _learned_targets(self, X, y, first, incremental):
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if first:
            self._outputs_learned = y.shape[1] if y.ndim == 2 else 1
        return self._known_targets(X, y)

    def _known_targets(self, X, y):
        """Targets for the native part."""
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        if y.ndim == 1:
            y = y.reshape(-1, 1)
        if y.shape[0] != X.shape[0]:
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[X.shape[0], y.shape[0]]}")
        if y.ndim != 2 or y.shape[1] != self._outputs_learned:
            raise ValueError(f"y: expected {self._outputs_learned} quantities for each example, found shape {y.shape}")
        if self.loss == "poisson" and np.any(y < 0):
            raise ValueError("y: expected quantities of at least 0 with loss='poisson', found negative ones")
        with np.errstate(over="ignore"):
            return y.astype(np.float32)

    def _shown_targets(self, targets):
        return targets[:, 0] if targets.shape[1] == 1 else targets

    def _classifies(self):
        return False

    def _task(self):
        return "counts" if self.loss == "poisson" else "regress"

    def _network_task(self):
        return "regress"

    def _n_native_outputs(self):
        return self._outputs_learned

    def _names(self):
        return []

    def _scoring(self, validation):
        variance = None
        if validation is not None:
            targets = validation[1].astype(np.float64)
            variance = float(((targets - targets.mean(axis=0)) ** 2).mean())
        # As in scikit-learn, the deviance of counts is a sum over the outputs.
        return {"outputs": 1 if self.loss == "poisson" else self._outputs_learned, "variance": variance}
