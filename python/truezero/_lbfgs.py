"""The optimiser of scikit-learn's networks that looks at all examples at once: L-BFGS, scipy's on our gradient."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from sklearn.exceptions import ConvergenceWarning

from ._truezero import Model, Objective

#: On so many examples is told what the hidden layers do.
OBSERVED = 1_000
#: What scipy ends with when a limit is reached.
LIMIT = 1


@dataclass
class Found:
    """Where the optimiser ended."""

    model: Model
    #: Of each iteration
    losses: list
    loss: float
    iterations: int
    #: The examples to observe the hidden layers on
    observed: object


def minimise(estimator, parameters, options, train, start):
    """Minimise the loss of a network on all examples.

    Parameters
    ----------
    estimator : BaseRectifier
    parameters : dict
        Checked.
    options : dict
        As for the native trainer.
    train : tuple
        Examples as the native part takes them.
    start : Model or None

    Returns
    -------
    Found
    """
    outputs = estimator._n_native_outputs()
    objective = Objective(options, estimator._task(), outputs, train, start, estimator._threads())
    divisor = estimator._scoring(None).get("outputs", 1)
    penalty, first = 0.5 * options["weight_decay"], objective.parameters()
    weights = np.zeros(first.size, dtype=bool)
    sizes = [train[0].shape[1], *options["hidden_layer_sizes"], estimator._n_shown_outputs()]
    at = 0
    for inputs, units in zip(sizes, sizes[1:]):
        weights[at : at + inputs * units] = True
        at += inputs * units + units

    best, losses = [np.inf, first], []

    def cost(at):
        value, gradient = objective.gradient(at)
        value += penalty * np.square(at[weights]).sum()
        gradient[weights] += 2 * penalty * at[weights]
        if not np.isfinite(value):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                "preprocessed."
            )
        if value < best[0]:
            best[:] = value, at.copy()
        return value, gradient

    def note(intermediate_result):
        losses.append(float(intermediate_result.fun) / divisor)
        if parameters["verbose"]:
            print(f"Iteration {len(losses)}, loss = {losses[-1]:.8f}")

    limits = {"maxiter": parameters["max_iter"], "maxfun": parameters["max_fun"], "gtol": parameters["tol"]}
    try:
        found = optimize.minimize(cost, first, method="L-BFGS-B", jac=True, callback=note, options=limits)
        if found.status == LIMIT:
            warnings.warn(
                f"lbfgs stopped after {found.nit} iterations, at max_iter or max_fun, and has not converged.\n"
                "hint: raise them, or scale the inputs",
                ConvergenceWarning,
                stacklevel=6,
            )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=6)
    objective.gradient(best[1])
    return Found(objective.model(estimator._names()), losses, best[0] / divisor, len(losses), train[0][:OBSERVED])
