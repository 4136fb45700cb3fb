"""What classifier and regressor share: from parameters and data to a trained network, and its use."""

import json
import numbers
from dataclasses import replace
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _inputs, _lbfgs, _parameters, _training
from ._network import NetworkMixin, whole
from ._onnx import OnnxMixin
from ._report import Report
from ._truezero import Model, Trainer, hold_out

#: Examples of a mini-batch with ``batch_size="auto"``, at most.
AUTO_BATCH = 200
#: Epochs that a training which goes on by `partial_fit` may have.
ENDLESS = 2**53
#: Attributes that `fit` leaves beside the model.
CURVES = ["loss_curve_", "validation_loss_curve_", "validation_scores_", "sparsity_curve_"]
#: What is no part of an estimator that others are shown.
OWN = ["_trainer", "_memory", "_told"]


def learns_in_parts(estimator):
    """For `partial_fit`, which an optimiser of all examples at once cannot have."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit: expected solver='sgd' or 'adam', found 'lbfgs', which needs all examples")
    return True


class BaseRectifier(NetworkMixin, OnnxMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
            Of the hidden layer `transform_layer`; after ``set_output`` a DataFrame, which holds the zeros too.
        """
        check_is_fitted(self)
        layer = self._code_layer()
        offsets, indices, values, shape = self._model.encode(self._given(X), layer, self._threads())
        return shown_codes(self, sparse.csr_array((values, indices, offsets), shape=shape))

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
        with whole(self):
            self._learn(X, y, sample_weight, X_val, y_val, X_unlabelled, incremental)
            self._check_told()
        return self

    def _learn(self, X, y, sample_weight, X_val, y_val, X_unlabelled, incremental):
        parameters = self._checked()
        goes_on = parameters["warm_start"] or incremental
        first = "_model" not in self.__dict__ or not goes_on
        if not first:
            self._check_continued(parameters)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=first)
        targets = self._learned_targets(X, y, first, incremental)
        weights = self._weights(sample_weight, X, targets)
        random = check_random_state(parameters["random_state"])
        seed = int(random.randint(np.iinfo(np.int32).max))

        stops_early = parameters["early_stopping"] and not incremental and parameters["solver"] != "lbfgs"
        validation = None
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
        batch_size = examples if parameters["solver"] == "lbfgs" else self._batch_size(parameters, examples)
        # In each mini-batch the L2 penalty is divided by the weight of its examples, as in scikit-learn.
        decay = parameters["alpha"] / (batch_size * weights.mean())
        if batch_size >= examples:
            X, targets, weights = _inputs.merged(X, targets, weights)
        weights = weights * (len(weights) / weights.sum())
        train = _part(X, targets, None if np.all(weights == 1) else weights)

        options = self._options(parameters, batch_size, decay, seed, incremental)
        start = self._start(first and goes_on, first, parameters, options, X, X_unlabelled, validation)
        if parameters["solver"] == "lbfgs":
            self._minimise(parameters, options, train, start, validation)
            return
        trainer = self._live(options, train, start, validation, stops_early, incremental)
        rules = _training.Rules(
            max_iter=parameters["max_iter"],
            tol=parameters["tol"],
            n_iter_no_change=parameters["n_iter_no_change"],
            early_stopping=stops_early,
            learning_rate=parameters["learning_rate"] if parameters["solver"] == "sgd" else "constant",
            learning_rate_init=parameters["learning_rate_init"],
            power_t=parameters["power_t"],
            examples=examples,
            verbose=parameters["verbose"],
            penalty=0.5 * decay,
            callbacks=parameters["callbacks"],
            epochs_before=0 if first or not incremental else self.n_iter_,
            **self._scoring(validation),
        )
        self._train(trainer, rules, validation, options, incremental, first)

    def _train(self, trainer, rules, validation, options, incremental, first):
        progress = self.__dict__.get("_progress") or _training.Progress(seen=self.__dict__.get("t_", 0))
        progress = _training.Progress() if first else replace(progress) if incremental else progress.anew()
        curves, names, continued = _training.Curves(), self._names(), incremental and not first

        def as_it_is():
            other = object.__new__(type(self))
            other.__dict__.update({name: value for name, value in self.__dict__.items() if name not in OWN})
            other._model = trainer.model(names, "{}")
            other._remember(curves, progress, continued)
            return other

        def shown(epoch):
            epoch._show, epoch._keep = as_it_is, trainer.keep
            epoch._examples = lambda: validation and (validation[0], self._shown_targets(validation[1]))

        interrupted = _training.run(trainer, rules, progress, curves, shown, once=incremental)
        if incremental and not interrupted:
            trainer.keep()
            _training.warn(trainer, names)
            self._model = trainer.model(names, "{}")
            self._trainer = (trainer, self._kind(options))
        else:
            # What was learned of an epoch that was interrupted stays; the optimiser begins anew.
            if not incremental:
                _training.warn(trainer, names)
            self._model = trainer.finish(names, "{}", incremental)
        self._remember(curves, progress, continued)
        self._progress = progress

    def _live(self, options, train, start, validation, stops_early, incremental):
        """The training that goes on if there is one, in memory or as a copy brought it, or a new one."""
        kind, task, outputs = self._kind(options), self._task(), self._n_native_outputs()
        trainer, before = self.__dict__.pop("_trainer", (None, None))
        memory, before = self.__dict__.pop("_memory", (None, before))
        if incremental and before == kind and isinstance(start, Model):
            if trainer is None:
                trainer = Trainer.resume(memory, start, task, outputs, train, self._threads())
            else:
                trainer.set_train(train)
            trainer.replan(options)
            return trainer
        given = None if validation is None else _part(*validation)
        watched = given is not None and not stops_early
        return Trainer(options, task, outputs, train, given, start, self._threads(), watched)

    def _kind(self, options):
        """What a training keeps from its start to its end: with another rule, or other layers, a new one begins."""
        return options["rule"], tuple(options["activation"]), self._task()

    def _minimise(self, parameters, options, train, start, validation):
        """Train on all examples at once."""
        for name in ["dropout", "input_dropout", "l1_activation", "target_sparsity", "callbacks"]:
            if np.any(parameters[name]):
                raise ValueError(f"{name}: expected none with solver='lbfgs', found {getattr(self, name)!r}")
        if validation is not None:
            raise ValueError("X_val: expected none with solver='lbfgs', which does not validate")
        found = _lbfgs.minimise(self, parameters, options, train, start)
        self._model = found.model
        curves, progress = _training.Curves(), _training.Progress()
        curves.loss, curves.layers = found.losses, json.loads(found.model.observe(found.observed, self._threads()))
        self._remember(curves, progress, False)
        self.loss_, self.n_iter_ = found.loss, found.iterations
        self.__dict__.pop("_progress", None)

    def _remember(self, curves, progress, continued):
        """Set the attributes that tell what happened; those of a training that went on are appended to."""
        losses = list(curves.loss)
        if continued and self.best_loss_ is not None:
            losses.append(self.best_loss_)
        found = [curves.loss, curves.validation_loss, curves.validation_scores, curves.sparsity]
        for name, values in zip(CURVES, found):
            before = getattr(self, name, None) if continued else None
            setattr(self, name, [*(before or []), *values])
        if not self.validation_scores_:
            self.validation_scores_ = self.validation_loss_curve_ = None
        self.n_iter_ = len(self.loss_curve_)
        self.t_ = progress.seen
        self._no_improvement_count = progress.no_improvement
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else None
        self.best_loss_ = None if self.early_stopping else min(losses, default=None)
        summary = json.loads(self._model.summary)
        best = summary["best_epoch"] if summary else None
        # That of the weights that are kept.
        scored = best and self.early_stopping and curves.validation_scores
        self.best_validation_score_ = curves.validation_scores[best - 1] if scored else None
        self._observed = summary["history"][best - 1]["layers"] if best else curves.layers
        self.sparsity_ = np.array([layer["sparsity"] for layer in self._observed])

    def _start(self, takes_given, first, parameters, options, X, X_unlabelled, validation):
        """What the training starts from: nothing, the model as it is, weights that were set, or pre-trained layers."""
        if not first:
            return self._with_activations(parameters["activation"])
        given = self._given_model(takes_given, parameters, X.shape[1])
        if not self.pretrain:
            if X_unlabelled is not None:
                raise ValueError("X_unlabelled: expected pretrain=True, found no pre-training\nhint: set pretrain")
            return given
        if given is not None:
            raise ValueError("pretrain: expected none where weights were set, found both")
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
        """The parameters, one activation and dropout rate for each hidden layer."""
        parameters = _parameters.checked(self)
        layers = len(parameters["hidden_layer_sizes"])
        for name in ["activation", "dropout"]:
            parameters[name] = _parameters.of_layers(name, parameters[name], layers)
        return parameters

    def _check_continued(self, parameters):
        """Whether a training can go on from the model."""
        if not self._model.plain:
            raise ValueError(
                "this model prepares its inputs in a way that was fitted elsewhere, and cannot be trained on here\n"
                "hint: clone it and fit the clone, or fit without warm_start"
            )
        found, hidden = tuple(self._hidden_sizes()), parameters["hidden_layer_sizes"]
        if tuple(hidden) != found:
            raise ValueError(f"hidden_layer_sizes: expected {found}, as the training began with, found {hidden}")

    def _options(self, parameters, batch_size, decay, seed, incremental):
        """Options of the native trainer."""
        rule = "adam"
        if parameters["solver"] == "sgd":
            rule = "nesterov" if parameters["nesterovs_momentum"] else "momentum"
            rule = "sgd" if parameters["momentum"] == 0 else rule
        as_they_are = [
            "hidden_layer_sizes",
            "activation",
            "l1_activation",
            "target_sparsity",
            "dropout",
            "input_dropout",
        ]
        as_they_are += ["momentum", "beta_1", "beta_2", "epsilon", "learning_rate_init", "shuffle"]
        return {
            **{name: parameters[name] for name in as_they_are},
            "rule": rule,
            "weight_decay": decay,
            "batch_size": batch_size,
            "max_iter": ENDLESS if incremental else parameters["max_iter"],
            "seed": seed,
        }

    def _batch_size(self, parameters, examples):
        batch_size = parameters["batch_size"]
        return min(AUTO_BATCH if batch_size == "auto" else batch_size, examples)

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
        width = 0 if not self._classifies() else int(np.prod(targets.shape[1:]))
        told = targets.astype(np.float64).ravel().tolist() if width else []
        count = int(np.ceil(self.validation_fraction * X.shape[0]))
        kept, held = hold_out(X.shape[0], width, told, count, int(random.randint(np.iinfo(np.int32).max)))
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return X[kept], targets[kept], weights[kept], (X[held], targets[held], weights[held])

    def __sklearn_is_fitted__(self):
        return "_model" in self.__dict__

    def __getstate__(self):
        state = dict(super().__getstate__())
        # A running training holds threads and all examples; what it remembers is as good.
        trainer, kind = state.pop("_trainer", (None, None))
        if trainer is not None:
            state["_memory"] = (trainer.memory(), kind)
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def shown_codes(estimator, codes):
    """Codes in the form that ``set_output`` asked for: frames are dense."""
    return codes if _get_output_config("transform", estimator)["dense"] == "default" else codes.toarray()


def _part(X, targets, weights):
    """Examples as the native trainer takes them."""
    weights = None if weights is None else np.require(weights, np.float32, ["C", "A"])
    return _inputs.matrix(X), np.require(targets, requirements=["C", "A"]), weights


def _stacked(above, below):
    """Two matrices as one, in the form of the first."""
    if sparse.issparse(above):
        return sparse.vstack([above, sparse.csr_array(below)], format="csr")
    below = below.toarray() if sparse.issparse(below) else below
    return np.vstack([above, below])
