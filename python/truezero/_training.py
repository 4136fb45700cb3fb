"""The loop over epochs: when to stop, and what is remembered of each epoch."""

import json
import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._truezero import visible

#: An adaptive learning rate is divided by this when there is no progress …
ADAPTIVE_DIVISOR = 5.0
#: … down to here.
ADAPTIVE_LEAST = 1e-6


@dataclass
class Epoch:
    """What callbacks are told after each epoch.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean cost of a training example, with the L2 penalty.
    validation_loss, validation_score : float or None
        On the validation examples, where there are any. The score is the accuracy (of several labels, the fraction of
        labels that are right) or R².
    sparsity : ndarray of shape (n_hidden_layers,)
        Fraction of exact zeros in each hidden layer, on the validation examples (without any, up to 10,000 of the training
        examples).
    dead_units : ndarray of shape (n_hidden_layers,)
        Units that are zero for all of these examples.
    l1 : float
        Strength of the penalty on activations; steered where there is a target sparsity.
    learning_rate : float
    """

    epoch: int
    loss: float
    validation_loss: float | None
    validation_score: float | None
    sparsity: np.ndarray
    dead_units: np.ndarray
    l1: float
    learning_rate: float


@dataclass
class Rules:
    """When a training stops, as in scikit-learn's multi-layer perceptrons."""

    max_iter: int
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    #: "constant", "invscaling" or "adaptive"
    learning_rate: str
    learning_rate_init: float
    power_t: float
    #: Examples of an epoch
    examples: int
    verbose: bool
    #: Half of the weight decay: the L2 penalty is this times Σ w²
    penalty: float
    #: What a cost is divided by to be a loss
    outputs: int = 1
    #: Variance of the validation targets, for R²; None where the score is an accuracy
    variance: float | None = None
    callbacks: list = field(default_factory=list)


class Curves:
    """What is remembered of a training, epoch by epoch."""

    def __init__(self):
        self.loss, self.validation_loss, self.validation_scores, self.sparsity = [], [], [], []
        self.best_loss = np.inf
        self.best_score = -np.inf
        self.no_improvement = 0
        #: What the hidden layers did after the latest epoch.
        self.layers = []

    def add(self, trainer, rules):
        """Take note of the latest epoch."""
        record = json.loads(trainer.record())
        loss = record["cost"] / rules.outputs + rules.penalty * trainer.squares()
        validated = record["validation_error"] is not None
        score = _score(record["validation_error"], rules.variance) if validated else None
        validation_loss = record["validation_cost"] / rules.outputs if validated else None
        self.layers = record["layers"]
        epoch = Epoch(
            epoch=record["epoch"],
            loss=loss,
            validation_loss=validation_loss,
            validation_score=score,
            sparsity=np.array([layer["sparsity"] for layer in self.layers]),
            dead_units=np.array([layer["dead_units"] for layer in self.layers], dtype=int),
            l1=record["l1"],
            learning_rate=record["learning_rate"],
        )
        self.loss.append(loss)
        self.sparsity.append(epoch.sparsity)
        if validated:
            self.validation_scores.append(score)
            self.validation_loss.append(validation_loss)
        self._count(epoch, rules, trainer)
        return epoch

    def _count(self, epoch, rules, trainer):
        """Count epochs without improvement: of the weights that are kept, or on the way to a target sparsity."""
        if rules.early_stopping:
            kept = trainer.best_epoch == epoch.epoch
            score = epoch.validation_score
            # A lower score takes the place of a higher one that was not on the target or worth nothing.
            improved = kept and (score >= self.best_score + rules.tol or score < self.best_score)
            if kept:
                self.best_score = score
        else:
            improved = epoch.loss <= self.best_loss - rules.tol
        nearer = trainer.nearest_epoch == epoch.epoch
        self.no_improvement = 0 if improved or nearer else self.no_improvement + 1
        self.best_loss = min(self.best_loss, epoch.loss)


def _score(error, variance):
    if variance is None:
        return 1.0 - error
    return 1.0 - error**2 / variance if variance > 0 else 0.0


def warn(trainer, names):
    """Warn of what a person should know of a training: that it diverged, learned nothing, missed its target.

    Parameters
    ----------
    trainer : truezero._truezero.Trainer
    names : list of str
        Of the classes or labels.
    """
    for remark in trainer.remarks(names):
        warnings.warn(visible(remark), ConvergenceWarning, stacklevel=5)


def run(trainer, rules, curves):
    """Train until it is time to stop.

    Parameters
    ----------
    trainer : truezero._truezero.Trainer
    rules : Rules
    curves : Curves
        Filled in.
    """
    rate, seen = rules.learning_rate_init, 0
    try:
        for iteration in range(1, rules.max_iter + 1):
            trainer.epoch()
            epoch = curves.add(trainer, rules)
            if rules.verbose:
                print(f"Iteration {iteration}, loss = {epoch.loss:.8f}")
                if epoch.validation_score is not None:
                    print(f"Validation score: {epoch.validation_score:f}")
            seen += rules.examples
            if rules.learning_rate == "invscaling":
                rate = rules.learning_rate_init / (seen + 1) ** rules.power_t
                trainer.set_learning_rate(rate)
            # Every one is called, whatever the others want.
            if any([bool(callback(epoch)) for callback in rules.callbacks]):
                return
            if curves.no_improvement > rules.n_iter_no_change:
                what = "Validation score" if rules.early_stopping else "Training loss"
                message = f"{what} did not improve more than tol={rules.tol:f} for {rules.n_iter_no_change} epochs."
                if rules.learning_rate != "adaptive" or rate <= ADAPTIVE_LEAST:
                    if rules.verbose:
                        print(message, "Stopping.")
                    return
                rate /= ADAPTIVE_DIVISOR
                trainer.set_learning_rate(rate)
                curves.no_improvement = 0
                if rules.verbose:
                    print(f"{message} Setting learning rate to {rate:f}")
        warnings.warn(
            f"Maximum iterations ({rules.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=5,
        )
    except KeyboardInterrupt:
        if trainer.epochs > len(curves.loss):
            curves.add(trainer, rules)
        warnings.warn("Training interrupted by user.", stacklevel=5)
