"""What classifier and regressor share: from parameters and data to a trained network, and its use."""

import json
import math
import numbers
import warnings
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _inputs, _training
from ._onnx import OnnxMixin
from ._report import Report
from ._truezero import Trainer, hold_out

#: Examples of a mini-batch with ``batch_size="auto"``, at most.
AUTO_BATCH = 200
#: Parameters that are numbers, or lists of them.
FINITE = ["learning_rate_init", "momentum", "beta_1", "beta_2", "epsilon", "alpha", "l1_activation", "dropout"]
FINITE += ["input_dropout"]
#: Epochs that a training which goes on by `partial_fit` may have.
ENDLESS = 2**53
#: Attributes that `fit` leaves beside the model.
CURVES = ["loss_curve_", "validation_loss_curve_", "validation_scores_", "sparsity_curve_"]


class BaseRectifier(OnnxMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A network of rectifiers as an estimator; the subclasses say what the targets are."""

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, X_unlabelled=None) -> Self:
        """Train on examples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs. They are copied once, in 32 bits; sparse matrices are never made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each example counts. A weight of 0 is as if the example were not there.
        X_val, y_val : as X and y, default=None
            Examples to validate on after each epoch. With ``early_stopping=True`` they take the place of the
            fraction that is held out else.
        X_unlabelled : as X, default=None
            More examples to pre-train on; needs `pretrain`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, X_unlabelled, incremental=False)

    def transform(self, X) -> sparse.csr_array:
        """The codes that a hidden layer gives examples: its activations.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        codes : scipy.sparse.csr_array of shape (n_samples, n_units), float32
            Of the hidden layer `transform_layer`.
        """
        check_is_fitted(self)
        layer = self._code_layer()
        offsets, indices, values, shape = self._model.encode(self._given(X), layer, self._threads())
        return sparse.csr_array((values, indices, offsets), shape=shape)

    def report(self, X=None) -> Report:
        """What happened in the training and what the hidden layers do: a table in a terminal, a page in a notebook.

        Parameters
        ----------
        X : array-like, sparse matrix or table of shape (n_samples, n_features), default=None
            Examples on which the hidden layers are observed; those of the training, if None.

        Returns
        -------
        report : Report
        """
        check_is_fitted(self)
        observed = self._observed
        if X is not None:
            observed = json.loads(self._model.observe(self._given(X), self._threads()))
        return Report.of(self, observed)

    def save(self, path, *, force=False) -> None:
        """Write the model to a file that `truezero.load` and the ``truezero`` command read.

        Parameters
        ----------
        path : path-like
        force : bool, default=False
            As for `truezero.save`.
        """
        from ._models import save

        save(self, path, force=force)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights of each layer, lowest first: ndarrays of shape (n_inputs, n_units), float32."""
        return [weights for weights, _ in self._shown_layers()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases of each layer, lowest first: ndarrays of shape (n_units,), float32."""
        return [bias for _, bias in self._shown_layers()]

    @property
    def n_layers_(self) -> int:
        """Number of layers, that of the inputs counted too."""
        return len(self._fitted_model().layers()) + 1

    @property
    def _n_features_out(self):
        layers = self._fitted_model().layers()
        return layers[self._code_layer()][0].shape[1]

    def _fitted_model(self):
        if "_model" not in self.__dict__:
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet.")
        return self._model

    def _shown_layers(self):
        """Weights and biases as a network without signs has them."""
        shown, signs = [], None
        for weights, bias, _, own in self._fitted_model().layers():
            shown.append((weights if signs is None else signs[:, None] * weights, bias))
            signs = own
        return shown

    def _code_layer(self):
        layers = len(self._fitted_model().layers()) - 1
        if layers == 0:
            raise ValueError("transform: expected a network with hidden layers, found a linear one")
        layer = self.transform_layer
        if not isinstance(layer, numbers.Integral) or not -layers <= layer < layers:
            raise ValueError(f"transform_layer: expected a number from {-layers} to {layers - 1}, found {layer!r}")
        return int(layer) % layers

    def _threads(self):
        return _inputs.threads(self.n_threads)

    def _given(self, X):
        """Inputs to predict from, as the native part takes them."""
        if self._model.columns is not None:
            return _inputs.table(X, self._model.columns)
        if not _inputs.is_plain(X, self):
            X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        return _inputs.matrix(X)

    def _outputs(self, X):
        """Probabilities or quantities, float32, and whether the inputs had 64 bits."""
        self._fitted_model()
        X = self._given(X)
        outputs = self._model.predict(X, self._threads())
        return outputs, getattr(X, "dtype", np.float64) == np.float64

    def _fit(self, X, y, sample_weight, X_val, y_val, X_unlabelled, incremental):
        """Train; where that fails, the estimator stays as it was."""
        before = dict(self.__dict__)
        try:
            return self._learn(X, y, sample_weight, X_val, y_val, X_unlabelled, incremental)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _learn(self, X, y, sample_weight, X_val, y_val, X_unlabelled, incremental):
        first = "_model" not in self.__dict__ or not (self.warm_start or incremental)
        if not first and not self._model.plain:
            raise ValueError(
                "this model prepares its inputs in a way that was fitted elsewhere, and cannot be trained on here\n"
                "hint: clone it and fit the clone, or fit without warm_start"
            )
        hidden, activations = self._checked()
        if not first:
            layers = [(weights.shape[1], name) for weights, _, name, _ in self._model.layers()[:-1]]
            if hidden != [units for units, _ in layers]:
                found = tuple(units for units, _ in layers)
                raise ValueError(f"hidden_layer_sizes: expected {found}, as the training began with, found {hidden}")
            activations = [name for _, name in layers]
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=first)
        targets = self._learned_targets(X, y, first, incremental)
        weights = self._weights(sample_weight, X, targets)
        random = check_random_state(self.random_state)
        seed = int(random.randint(np.iinfo(np.int32).max))

        validation, stops_early = None, self.early_stopping and not incremental
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                raise ValueError("X_val and y_val: expected both or none")
            X_val = validate_data(self, X_val, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
            validation = (X_val, self._known_targets(X_val, y_val), None)
        elif stops_early:
            X, targets, weights, validation = self._held_out(X, targets, weights, random)

        kept = weights > 0
        if not kept.any():
            raise ValueError("sample_weight: expected at least one example with a weight above 0")
        if not kept.all():
            X, targets, weights = X[kept], targets[kept], weights[kept]
        examples = X.shape[0]
        batch_size = self._batch_size(examples)
        # In each mini-batch the L2 penalty is divided by the weight of its examples, as in scikit-learn.
        decay = self.alpha / (batch_size * weights.mean())
        if batch_size >= examples:
            X, targets, weights = _inputs.merged(X, targets, weights)
        weights = weights * (len(weights) / weights.sum())
        train = _part(X, targets, None if np.all(weights == 1) else weights)

        options = self._options(hidden, activations, batch_size, decay, seed, incremental)
        goes_on = incremental and not first and "_trainer" in self.__dict__
        if goes_on:
            trainer = self._trainer
            trainer.set_train(train)
            trainer.replan(json.dumps(options))
        else:
            start = self._start(first, options, X, X_unlabelled, validation)
            outputs = self._n_native_outputs()
            given = None if validation is None else _part(*validation)
            watched = given is not None and not stops_early
            trainer = Trainer(
                json.dumps(options), self._task(), outputs, train, given, start, self._threads(), watched
            )
        self._train(trainer, validation, decay, examples, incremental, first)
        return self

    def _train(self, trainer, validation, decay, examples, incremental, first):
        curves = _training.Curves()
        rules = _training.Rules(
            max_iter=1 if incremental else self.max_iter,
            tol=self.tol,
            n_iter_no_change=np.inf if incremental else self.n_iter_no_change,
            early_stopping=self.early_stopping and not incremental,
            learning_rate=self.learning_rate if self.solver == "sgd" else "constant",
            learning_rate_init=self.learning_rate_init,
            power_t=self.power_t,
            examples=examples,
            verbose=bool(self.verbose),
            penalty=0.5 * decay,
            callbacks=self._callbacks(),
            **self._scoring(validation),
        )
        names = self._names()
        if incremental:
            epochs_before = trainer.epochs
            try:
                trainer.epoch()
                curves.add(trainer, rules)
                _training.warn(trainer, names)
                self._model = trainer.model(names, "{}")
                self._trainer = trainer
            except KeyboardInterrupt:
                # What was learned of the epoch stays; the optimiser begins anew.
                self._model = trainer.finish(names, "{}", True)
                self.__dict__.pop("_trainer", None)
                warnings.warn("Training interrupted by user.", stacklevel=4)
        else:
            epochs_before = 0
            _training.run(trainer, rules, curves)
            _training.warn(trainer, names)
            self._model = trainer.finish(names, "{}", False)
            self.__dict__.pop("_trainer", None)
        self._remember(curves, epochs_before > 0 or (incremental and not first))

    def _remember(self, curves, continued):
        """Set the attributes that tell what happened; those of a training that went on are appended to."""
        found = [curves.loss, curves.validation_loss, curves.validation_scores, curves.sparsity]
        losses = list(curves.loss)
        if continued and self.best_loss_ is not None:
            losses.append(self.best_loss_)
        for name, values in zip(CURVES, found):
            before = getattr(self, name, None) if continued else None
            setattr(self, name, [] if before is None else before)
            getattr(self, name).extend(values)
        if not self.validation_scores_:
            self.validation_scores_ = self.validation_loss_curve_ = None
        self.n_iter_ = len(self.loss_curve_)
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else None
        self.best_loss_ = None if self.early_stopping else min(losses, default=None)
        summary = json.loads(self._model.summary)
        best = summary["best_epoch"] if summary else None
        # That of the weights that are kept.
        scored = best and self.early_stopping and curves.validation_scores
        self.best_validation_score_ = curves.validation_scores[best - 1] if scored else None
        self._observed = summary["history"][best - 1]["layers"] if best else curves.layers
        self.sparsity_ = np.array([layer["sparsity"] for layer in self._observed])

    def _start(self, first, options, X, X_unlabelled, validation):
        """What the training starts from: nothing, the model as it is, or pre-trained layers."""
        if not first:
            return self._model
        if self.pretrain is None or self.pretrain is False:
            if X_unlabelled is not None:
                raise ValueError("X_unlabelled: expected pretrain=True, found no pre-training\nhint: set pretrain")
            return None
        from ._autoencoder import DenoisingAutoencoder, pretrained

        settings = DenoisingAutoencoder() if self.pretrain is True else self.pretrain
        if not isinstance(settings, DenoisingAutoencoder):
            raise ValueError(f"pretrain: expected True or a DenoisingAutoencoder, found {settings!r}")
        inputs = X
        if X_unlabelled is not None:
            more = validate_data(self, X_unlabelled, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
            inputs = _stacked(inputs, more)
        stop_by = None if validation is None else _inputs.matrix(validation[0])
        self.pretraining_ = pretrained(settings, options, _inputs.matrix(inputs), stop_by, self._threads())
        return self.pretraining_._model

    def _checked(self):
        """Units and activations of the hidden layers; other parameters checked where the native part does not."""
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if np.iterable(sizes) else [sizes]
        for size in sizes:
            if not isinstance(size, numbers.Integral) or size < 1:
                raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        activation = self.activation
        activations = [activation] if isinstance(activation, str) else list(activation)
        if len(activations) not in (1, len(sizes)):
            raise ValueError(f"activation: expected one, or one for each of {len(sizes)} layers, found {activations}")
        if self.solver == "lbfgs":
            raise ValueError(
                "solver: expected 'adam' or 'sgd', found 'lbfgs', which looks at all examples at once\n"
                "hint: solver='adam' with batch_size=n_samples comes closest"
            )
        for name, allowed in [("solver", ["adam", "sgd"]), ("learning_rate", ["constant", "invscaling", "adaptive"])]:
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: expected one of {', '.join(allowed)}, found {getattr(self, name)!r}")
        for name, least in [("max_iter", 1), ("n_iter_no_change", 1), ("tol", 0), ("alpha", 0), ("power_t", 0)]:
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not value >= least:
                raise ValueError(f"{name}: expected a number of at least {least}, found {value!r}")
        for name in FINITE:
            for value in np.atleast_1d(np.asarray(getattr(self, name), dtype=object)):
                if not isinstance(value, numbers.Real) or not np.isfinite(value):
                    raise ValueError(f"{name}: expected a finite number, found {value!r}")
        if not 0 < self.validation_fraction < 1:
            raise ValueError(f"validation_fraction: expected a fraction in (0, 1), found {self.validation_fraction!r}")
        self._threads()
        return [int(size) for size in sizes], activations * (len(sizes) if len(activations) == 1 else 1)

    def _options(self, hidden, activations, batch_size, decay, seed, incremental):
        """Options of the native trainer."""
        rule = "adam"
        if self.solver == "sgd":
            rule = "sgd" if self.momentum == 0 else "nesterov" if self.nesterovs_momentum else "momentum"
        dropout = list(self.dropout) if np.iterable(self.dropout) else [self.dropout] * len(hidden)
        return {
            "hidden": hidden,
            "activation": activations,
            "l1": float(self.l1_activation),
            "target-sparsity": self.target_sparsity,
            "dropout": [float(rate) for rate in dropout],
            "input-dropout": float(self.input_dropout),
            "optimizer": {
                "rule": rule,
                "momentum": float(self.momentum),
                "beta1": float(self.beta_1),
                "beta2": float(self.beta_2),
                "epsilon": float(self.epsilon),
                "weight_decay": float(decay),
            },
            "learning-rate": float(self.learning_rate_init),
            "batch-size": int(batch_size),
            "shuffle": bool(self.shuffle),
            "epochs": ENDLESS if incremental else int(self.max_iter),
            "patience": 0,
            "seed": seed,
        }

    def _batch_size(self, examples):
        if isinstance(self.batch_size, str) and self.batch_size == "auto":
            return min(AUTO_BATCH, examples)
        if not isinstance(self.batch_size, numbers.Integral) or self.batch_size < 1:
            raise ValueError(f"batch_size: expected 'auto' or a number of at least 1, found {self.batch_size!r}")
        return min(int(self.batch_size), examples)

    def _callbacks(self):
        if self.callbacks is None:
            return []
        callbacks = [self.callbacks] if callable(self.callbacks) else list(self.callbacks)
        for callback in callbacks:
            if not callable(callback):
                raise ValueError(f"callbacks: expected something to call, found {callback!r}")
        return callbacks

    def _weights(self, sample_weight, X, targets):
        """One weight for each example, float64."""
        if sample_weight is None:
            return np.ones(X.shape[0])
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if np.any(weights < 0):
            raise ValueError("sample_weight: expected weights of at least 0, found negative ones")
        return weights

    def _held_out(self, X, targets, weights, random):
        """Hold out a fraction of the examples to validate on, each class or label in its proportion."""
        width = 0 if self._task() == "regress" else int(np.prod(targets.shape[1:]))
        told = targets.astype(np.float64).ravel().tolist() if width else []
        count = math.ceil(self.validation_fraction * X.shape[0])
        kept, held = hold_out(X.shape[0], width, told, count, int(random.randint(np.iinfo(np.int32).max)))
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return X[kept], targets[kept], weights[kept], (X[held], targets[held], weights[held])

    def __sklearn_is_fitted__(self):
        return "_model" in self.__dict__

    def __getstate__(self):
        state = super().__getstate__()
        # A running training holds threads and all examples; what it has learned is in the model.
        return {name: value for name, value in state.items() if name != "_trainer"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _part(X, targets, weights):
    """Examples as the native trainer takes them."""
    weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float32)
    return _inputs.matrix(X), np.ascontiguousarray(targets), weights


def _stacked(above, below):
    """Two matrices as one, in the form of the first."""
    if sparse.issparse(above):
        return sparse.vstack([above, sparse.csr_array(below)], format="csr")
    below = below.toarray() if sparse.issparse(below) else below
    return np.vstack([above, below])
