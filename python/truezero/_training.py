"""The loop over epochs, of `fit` and `partial_fit` alike: when to stop, at what rate, and what is remembered."""

import json
import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._truezero import visible
from .callbacks import Checkpoint, Epoch

#: An adaptive learning rate is divided by this when there is no progress …
ADAPTIVE_DIVISOR = 5.0
#: … down to here.
ADAPTIVE_LEAST = 1e-6
#: The least rate that 32 bits hold.
LEAST_RATE = float(np.finfo(np.float32).tiny)


@dataclass
class Rules:
    """How a training goes and when it stops, as in scikit-learn's multi-layer perceptrons."""

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
    #: Epochs that came before, in earlier calls of `partial_fit`
    epochs_before: int = 0

    def rate(self, progress):
        """The learning rate of the next epoch."""
        rate = self.learning_rate_init
        if self.learning_rate == "invscaling":
            rate /= (progress.seen + 1) ** self.power_t if progress.seen else 1
        elif self.learning_rate == "adaptive":
            rate /= ADAPTIVE_DIVISOR**progress.divisions
        return max(rate, LEAST_RATE)


@dataclass
class Progress:
    """What a training that goes on in another call goes on with."""

    #: Training examples seen, each as often as it was; the decay of "invscaling" follows it
    seen: int = 0
    #: How often an adaptive rate was divided
    divisions: int = 0
    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement: int = 0

    def anew(self):
        """The progress with which a warm start begins: its decay goes on."""
        return Progress(seen=self.seen)

    def count(self, epoch, rules, trainer, number):
        """Count epochs without improvement: of the weights that are kept, or on the way to a target sparsity."""
        if rules.early_stopping:
            kept = trainer.best_epoch == number
            score = epoch.validation_score
            # A lower score takes the place of a higher one that was not on the target or worth nothing.
            improved = kept and (score >= self.best_score + rules.tol or score < self.best_score)
            if kept:
                self.best_score = score
        else:
            improved = epoch.loss <= self.best_loss - rules.tol
        nearer = trainer.nearest_epoch == number
        self.no_improvement = 0 if improved or nearer else self.no_improvement + 1
        self.best_loss = min(self.best_loss, epoch.loss)


class Curves:
    """What is remembered of a call, epoch by epoch."""

    def __init__(self):
        self.loss, self.validation_loss, self.validation_scores, self.sparsity = [], [], [], []
        #: What the hidden layers did after the latest epoch.
        self.layers = []

    def add(self, trainer, rules, progress):
        """Take note of the latest epoch."""
        record = json.loads(trainer.record())
        loss = record["cost"] / rules.outputs + rules.penalty * trainer.squares()
        validated = record["validation_error"] is not None
        score = _score(record["validation_error"], rules.variance) if validated else None
        validation_loss = record["validation_cost"] / rules.outputs if validated else None
        self.layers = record["layers"]
        epoch = Epoch(
            epoch=rules.epochs_before + len(self.loss) + 1,
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
        progress.count(epoch, rules, trainer, record["epoch"])
        progress.seen += rules.examples
        return epoch


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
        warnings.warn(visible(remark), ConvergenceWarning, stacklevel=6)


def run(trainer, rules, progress, curves, shown, *, once=False):
    """Train until it is time to stop.

    Parameters
    ----------
    trainer : truezero._truezero.Trainer
    rules : Rules
    progress : Progress
        Goes on.
    curves : Curves
        Filled in.
    shown : callable
        Called before the callbacks of an epoch with it, to give it what they may ask for.
    once : bool
        Whether one epoch is all that was asked for: that it has not converged is then no news.

    Returns
    -------
    interrupted : bool
    """
    begun = trainer.epochs
    try:
        for _ in range(1 if once else rules.max_iter):
            rate = rules.rate(progress)
            trainer.set_learning_rate(rate)
            trainer.epoch()
            epoch = curves.add(trainer, rules, progress)
            if rules.verbose:
                print(f"Iteration {epoch.epoch}, loss = {epoch.loss:.8f}")
                if epoch.validation_score is not None:
                    print(f"Validation score: {epoch.validation_score:f}")
            if _told(epoch, rules.callbacks, shown):
                return False
            if progress.no_improvement > rules.n_iter_no_change:
                what = "Validation score" if rules.early_stopping else "Training loss"
                message = f"{what} did not improve more than tol={rules.tol:f} for {rules.n_iter_no_change} epochs."
                if rules.learning_rate != "adaptive" or rate <= ADAPTIVE_LEAST:
                    if rules.verbose:
                        print(message, "Stopping.")
                    return False
                progress.divisions += 1
                progress.no_improvement = 0
                if rules.verbose:
                    print(f"{message} Setting learning rate to {rules.rate(progress):f}")
        if not once:
            warnings.warn(
                f"Maximum iterations ({rules.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=6,
            )
    except KeyboardInterrupt:
        if trainer.epochs - begun > len(curves.loss):
            curves.add(trainer, rules, progress)
        warnings.warn("Training interrupted by user.", stacklevel=6)
        return True
    finally:
        if not once:
            for callback in rules.callbacks or []:
                if isinstance(callback, Checkpoint):
                    callback._ended()
    return False


def _told(epoch, callbacks, shown):
    """Whether one of the callbacks wants to stop. Every one is called, whatever the others want."""
    if not callbacks:
        return False
    shown(epoch)
    try:
        return any([bool(callback(epoch)) for callback in callbacks])
    finally:
        epoch._over()
