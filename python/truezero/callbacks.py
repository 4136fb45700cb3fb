"""What is called after each epoch: what it is told, and two that are ready-made."""

import math
import numbers
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

#: Figures of an `Epoch` that a metric may name; the others are scorers of scikit-learn.
LESS_IS_BETTER = ["loss", "validation_loss"]
GREATER_IS_BETTER = ["validation_score"]


@dataclass(eq=False)
class Epoch:
    """What callbacks are told after each epoch.

    Attributes
    ----------
    epoch : int
        Counted from 1; `partial_fit` counts on from call to call.
    loss : float
        Mean cost of a training example, with the L2 penalty.
    validation_loss, validation_score : float or None
        On the validation examples, where there are any. The score is the accuracy (of several labels, the fraction of
        labels that are right) or R².
    sparsity : ndarray of shape (n_hidden_layers,)
        Fraction of exact zeros in each hidden layer, on the validation examples (without any, up to 1,000 of the training
        examples).
    dead_units : ndarray of shape (n_hidden_layers,)
        Units that are zero for all of these examples.
    l1 : float
        Strength of the penalty on activations; steered where there is a target sparsity.
    learning_rate : float
    model : estimator
        The network as it is now, a fitted estimator of its own: it predicts, scores, and can be saved. It is made when a
        callback asks for it first, and later ones see the same.
    validation : (X, y) or None
        The validation examples, where there are any.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    validation_score: float | None
    sparsity: np.ndarray
    dead_units: np.ndarray
    l1: float
    learning_rate: float
    #: Given by the training while callbacks run.
    _show: Callable[[], Any] | None = field(default=None, repr=False)
    _keep: Callable[[], None] | None = field(default=None, repr=False)
    _examples: Callable[[], Any] | None = field(default=None, repr=False)

    @cached_property
    def model(self):
        return self._now(self._show)()

    @cached_property
    def validation(self):
        return self._now(self._examples)()

    def keep(self) -> None:
        """Let the weights of this epoch be those that `fit` ends with, unless those of a later epoch are kept."""
        self._now(self._keep)()

    def _now(self, given):
        if given is None:
            raise RuntimeError("the training has gone on since: ask for it while the callback runs")
        return given

    def _over(self):
        """The training goes on."""
        self._show = self._keep = self._examples = None


class _Metric:
    """A figure of epochs, and which of two is better."""

    def __init__(self, metric, greater_is_better):
        self.metric = metric
        if greater_is_better is None:
            greater_is_better = metric not in LESS_IS_BETTER if isinstance(metric, str) else True
        self.sign = 1.0 if greater_is_better else -1.0
        self.scorer = None
        if isinstance(metric, str):
            if metric not in LESS_IS_BETTER + GREATER_IS_BETTER:
                from sklearn.metrics import get_scorer

                self.scorer = get_scorer(metric)
        elif not callable(metric):
            raise ValueError(f"metric: expected a name or something to call with an Epoch, found {metric!r}")

    def of(self, epoch):
        """The metric of an epoch, as greater ones are better."""
        if self.scorer is not None:
            if epoch.validation is None:
                raise self._no_examples()
            value = self.scorer(epoch.model, *epoch.validation)
        elif isinstance(self.metric, str):
            value = getattr(epoch, self.metric)
            if value is None:
                raise self._no_examples()
        else:
            value = self.metric(epoch)
        if not isinstance(value, numbers.Real):
            raise ValueError(f"metric: expected a number, found {value!r}")
        return self.sign * float(value)

    def _no_examples(self):
        return ValueError(
            f"metric: {self.metric!r} is of validation examples, and there are none\n"
            "hint: pass X_val and y_val to fit, or set early_stopping=True"
        )


class EarlyStopping:
    """A callback that ends the training when a metric no longer becomes better, with the weights of the best epoch.

    In calls of `partial_fit`, which end after an epoch anyway, `stopped` tells that it would.

    Parameters
    ----------
    metric : str or callable, default="validation_loss"
        "loss", "validation_loss", "validation_score"; the name of a scorer of scikit-learn, on the validation examples; or
        what is called with an `Epoch` and gives a number.
    patience : int, default=10
        Epochs without a better one after which the training ends.
    min_delta : float, default=0.0
        What is better by no more than this is not better.
    greater_is_better : bool, default=None
        If None, less is better of the losses, more of all else.

    Attributes
    ----------
    best : float
        The best metric so far.
    best_epoch : int
        Its epoch.
    stopped : bool

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from truezero import EarlyStopping, RectifierClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> stopping = EarlyStopping("balanced_accuracy", patience=20)
    >>> model = RectifierClassifier(max_iter=300, learning_rate_init=0.01, callbacks=stopping, random_state=0)
    >>> model = model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    >>> bool(model.n_iter_ == stopping.best_epoch + 20), stopping.best > 0.95
    (True, True)
    """

    def __init__(
        self,
        metric: str | Callable[[Epoch], float] = "validation_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        greater_is_better: bool | None = None,
    ):
        if isinstance(patience, bool) or not isinstance(patience, numbers.Integral) or patience < 1:
            raise ValueError(f"patience: expected a whole number of at least 1, found {patience!r}")
        if not isinstance(min_delta, numbers.Real) or not 0 <= min_delta < math.inf:
            raise ValueError(f"min_delta: expected a number of at least 0, found {min_delta!r}")
        self._metric = _Metric(metric, greater_is_better)
        self.patience, self.min_delta = int(patience), float(min_delta)
        self._begin()

    def _begin(self):
        self.best, self.best_epoch, self.stopped = math.nan, 0, False

    def __call__(self, epoch: Epoch) -> bool:
        """Take note of an epoch; whether to stop."""
        if epoch.epoch <= self.best_epoch or epoch.epoch == 1:
            self._begin()  # of another training
        value, sign = self._metric.of(epoch), self._metric.sign
        if self.best_epoch == 0 or math.isnan(self.best) or value > sign * self.best + self.min_delta:
            self.best, self.best_epoch = sign * value, epoch.epoch
            epoch.keep()
        self.stopped = epoch.epoch - self.best_epoch >= self.patience
        return self.stopped


class Checkpoint:
    """A callback that saves the network, so that it outlives the process.

    A file that cannot be written (a full disk, a folder that is gone) does not end the training: a warning tells, the next
    epoch tries again, and another warning at the end says so if the last one could not be written.

    Parameters
    ----------
    path : path-like
        Where to: ``{epoch}`` in it becomes the number of the epoch (``{epoch:03}`` with three digits), so that each has a file of
        its own; else the file is replaced. It is written completely, or stays as it was.
    metric : str or callable, default=None
        As of `EarlyStopping`; then only what is better than all before is saved. If None, each epoch is.
    greater_is_better : bool, default=None
        As of `EarlyStopping`.
    force : bool, default=False
        As for `truezero.save`.

    Examples
    --------
    >>> import os, tempfile, truezero
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saving = truezero.Checkpoint(os.path.join(folder, "epoch-{epoch}.safetensors"))
    ...     model = truezero.RectifierClassifier(max_iter=2, callbacks=saving, random_state=0).fit(X, y)
    ...     sorted(os.listdir(folder))
    ['epoch-1.safetensors', 'epoch-2.safetensors']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        metric: str | Callable[[Epoch], float] | None = None,
        greater_is_better: bool | None = None,
        force: bool = False,
    ):
        self.path, self.force = os.fspath(path), force
        self._metric = None if metric is None else _Metric(metric, greater_is_better)
        self._best, self._epoch = -math.inf, 0
        #: Why the last one could not be written.
        self._failure: OSError | None = None

    def __call__(self, epoch: Epoch) -> None:
        """Save the network of an epoch, if it is to be."""
        value = self._best
        if self._metric is not None:
            if epoch.epoch <= self._epoch:
                self._best = -math.inf  # of another training
            self._epoch = epoch.epoch
            value = self._metric.of(epoch)
            if not value > self._best:
                return
        try:
            path = self.path.format(epoch=epoch.epoch)
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"path: expected no braces but those of {{epoch}}, found {self.path!r}") from error
        try:
            epoch.model.save(path, force=self.force)
        except FileExistsError:
            raise  # what is there would be lost
        except OSError as error:
            if self._failure is None:
                warnings.warn(f"the training goes on without a checkpoint: {error}", stacklevel=2)
            self._failure = error
        else:
            # Of what could not be saved, nothing is the best so far.
            self._best, self._failure = value, None

    def _ended(self):
        """The training is over."""
        failure, self._failure = self._failure, None
        if failure is not None:
            warnings.warn(f"the last checkpoint could not be written: {failure}", stacklevel=2)
