"""Codes without labels."""

import json
import warnings
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _inputs, _parameters
from ._base import shown_codes
from ._network import NetworkMixin, whole
from ._truezero import decode, pretrain

#: Epochs without a better reconstruction of validation examples after which a layer is done.
PATIENCE = 3


class DenoisingAutoencoder(NetworkMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Hidden layers that learn sparse codes of their inputs by undoing a corruption of them, one layer after the other.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each layer, lowest first.
    activation : str or list of str, default="rectifier"
        Of all layers or of each, as in `RectifierClassifier`.
    corruption : str or list of str, default="masking:0.25"
        What is done to inputs: "none", "masking:P", "salt-and-pepper:P" or "gaussian:DEVIATION".
    reconstruction : str, list of str or None, default=None
        Decoder and cost: "softplus", "cross-entropy", "linear" or "rectifier"; None chooses by the activation.
    tied : bool, default=True
        Whether a decoder has the weights of its encoder.
    l1_activation : float, default=0.0001
        Strength λ of the penalty λ Σ|h| on codes.
    sample_zeros : float, default=None
        Zeros that are reconstructed for each non-zero, where inputs are sparse; all if None.
    batch_size : int, default=10
        Examples of a mini-batch.
    learning_rate_init : float, default=0.01
        Rate of plain gradient descent.
    max_iter : int, default=10
        Most epochs of each layer.
    early_stopping : bool, default=False
        Whether a layer is done when validation examples are no longer reconstructed better.
    validation_fraction : float, default=0.1
        Fraction of the examples held out for that.
    random_state : int, RandomState instance or None, default=None
        Of all random numbers.
    verbose : bool, default=False
        Whether to print the cost of each epoch.
    n_threads : int, default=None
        Threads; all that joblib or the machine allow, if None.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights of shape (n_inputs, n_units) and biases of each layer, lowest first.
    loss_curve_ : list of list of float
        For each layer the reconstruction cost of each epoch.
    validation_loss_curve_ : list of list of float or None
        The same on the validation examples.
    sparsity_ : ndarray of shape (n_layers,)
        Fraction of zeros in the codes of each layer, after its last epoch.
    n_iter_ : int
        Epochs of all layers together.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    RectifierClassifier : Its parameter `pretrain` takes this estimator.

    Examples
    --------
    >>> from truezero import DenoisingAutoencoder
    >>> from truezero.datasets import load_digits5k
    >>> X = load_digits5k().data[:500] / 255
    >>> encoder = DenoisingAutoencoder((64,), max_iter=3, random_state=0).fit(X)
    >>> codes = encoder.transform(X)
    >>> codes.shape, codes.format
    ((500, 64), 'csr')
    >>> encoder.inverse_transform(codes).shape
    (500, 784)
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="rectifier",
        *,
        corruption="masking:0.25",
        reconstruction=None,
        tied=True,
        l1_activation=0.0001,
        sample_zeros=None,
        batch_size=10,
        learning_rate_init=0.01,
        max_iter=10,
        early_stopping=False,
        validation_fraction=0.1,
        random_state=None,
        verbose=False,
        n_threads=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.corruption = corruption
        self.reconstruction = reconstruction
        self.tied = tied
        self.l1_activation = l1_activation
        self.sample_zeros = sample_zeros
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose
        self.n_threads = n_threads

    def fit(self, X, y=None) -> Self:
        """Learn to reconstruct examples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Sparse matrices are never made dense.
        y : ignored

        Returns
        -------
        self : object
        """
        if self.__dict__.pop("_told", None):
            warnings.warn("the weights that were set are not used: fit begins anew", stacklevel=2)
        with whole(self):
            parameters = _parameters.checked(self, _parameters.ENCODER_CHECKS)
            X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
            random = check_random_state(parameters["random_state"])
            seed = int(random.randint(np.iinfo(np.int32).max))
            stop_by = None
            if parameters["early_stopping"]:
                X, stop_by = train_test_split(X, test_size=parameters["validation_fraction"], random_state=random)
                stop_by = _inputs.matrix(stop_by)
            self._learn(parameters, seed, _inputs.matrix(X), stop_by, _inputs.threads(self.n_threads))
        return self

    def transform(self, X) -> sparse.csr_array:
        """The codes of examples: activations of the highest layer.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        codes : scipy.sparse.csr_array of shape (n_samples, n_units), float32
            After ``set_output`` a DataFrame, which holds the zeros too.
        """
        check_is_fitted(self)
        if self._model.columns is not None:
            X = _inputs.table(X, self._model.columns)
        else:
            X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
            X = _inputs.matrix(X)
        highest = len(self._model.layers()) - 1
        offsets, indices, values, shape = self._model.encode(X, highest, _inputs.threads(self.n_threads))
        return shown_codes(self, sparse.csr_array((values, indices, offsets), shape=shape))

    def inverse_transform(self, X) -> np.ndarray:
        """The inputs that codes stand for.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_units)
            Codes.

        Returns
        -------
        reconstructions : ndarray of shape (n_samples, n_features), float32
        """
        check_is_fitted(self)
        if self._decoders is None:
            raise ValueError(
                "inverse_transform: expected decoders, found none: model files do not hold them, and none go with weights that "
                "were set\n"
                "hint: pickle the estimator to keep them"
            )
        if sparse.issparse(X):
            X = _inputs.matrix(sparse.csr_array(X))
        else:
            X = np.asarray(X, dtype=np.float32)
        return decode(self._decoders, X, _inputs.threads(self.n_threads))

    def to_onnx(self, path=None, *, force=False) -> bytes:
        """Not possible: an encoder has no outputs that the format knows; raises a ValueError."""
        check_is_fitted(self)
        return self._model.to_onnx(None, False, None, False)

    @property
    def _n_features_out(self):
        return self._fitted_model().layers()[-1][0].shape[1]

    def _learn(self, parameters, seed, X, stop_by, threads):
        records = []

        def note(record):
            record = json.loads(record)
            records.append(record)
            if parameters["verbose"]:
                print(f"Layer {record['layer']}, iteration {record['epoch']}, cost = {record['cost']:.8f}")

        options = self._options(parameters, seed)
        self._model, decoders, raised = pretrain(options, X, stop_by, threads, "{}", note)
        if isinstance(raised, KeyboardInterrupt):
            warnings.warn("Training interrupted by user.", stacklevel=3)
        elif raised is not None:
            raise raised
        layers = len(self._model.layers())
        # Interrupted before all layers were begun, there is no way back through all of them.
        self._decoders = decoders if len(decoders) == layers else None
        of = [[record for record in records if record["layer"] == layer + 1] for layer in range(layers)]
        self.loss_curve_ = [[record["cost"] for record in layer] for layer in of]
        validated = stop_by is not None
        curves = [[record["validation_cost"] for record in layer] for layer in of]
        self.validation_loss_curve_ = curves if validated else None
        self.sparsity_ = np.array([layer[-1]["code"]["sparsity"] if layer else np.nan for layer in of])
        self.n_iter_ = len(records)

    def _options(self, parameters, seed):
        """Options of the native pre-training."""
        lists = ["corruption", "reconstruction", "l1_activation", "learning_rate_init"]
        others = ["hidden_layer_sizes", "activation", "tied", "max_iter", "batch_size", "sample_zeros"]
        return {
            **{name: parameters[name] for name in others},
            **{name: _listed(parameters[name]) for name in lists},
            "patience": PATIENCE,
            "seed": seed,
        }

    def __sklearn_is_fitted__(self):
        return "_model" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def pretrained(settings, options, X, stop_by, threads):
    """Hidden layers of a network, pre-trained in the manner of a `DenoisingAutoencoder`; a fitted one."""
    encoder = DenoisingAutoencoder(**settings.get_params(deep=False))
    parameters = _parameters.checked(encoder, _parameters.ENCODER_CHECKS)
    parameters.update({name: options[name] for name in ["hidden_layer_sizes", "activation"]})
    encoder._learn(parameters, options["seed"], X, stop_by, threads)
    return encoder
