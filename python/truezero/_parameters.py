"""The parameters of the estimators: what each may be, checked in one place and by name."""

import math
import numbers

import numpy as np

from ._truezero import activation_names

#: Most threads that a call may ask for.
MAX_THREADS = 1024
#: The largest number of 32 bits, in which the native part computes.
LARGEST = float(np.finfo(np.float32).max)
#: The largest count that every part of a model file keeps exactly.
MOST = 2**53
SOLVERS = ["adam", "sgd", "lbfgs"]


def _refuse(name, expected, found):
    raise ValueError(f"{name}: expected {expected}, found {found!r}")


def _real(expected, holds):
    """A check of a finite number that fits 32 bits."""

    def check(name, value):
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
            _refuse(name, expected, value)
        number = float(value)
        if not math.isfinite(number) or not holds(number):
            _refuse(name, expected, value)
        if abs(number) > LARGEST or not holds(float(np.float32(number))):
            _refuse(name, f"{expected} as 32 bits hold it", value)
        return number

    return check


def _whole(expected, least, most=MOST, *others):
    """A check of a whole number, or of one of a few other values."""

    def check(name, value):
        for other in others:
            if value is other or (isinstance(value, type(other)) and value == other):
                return other
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
            _refuse(name, expected, value)
        if value < least or value > most:
            _refuse(name, expected if value < least or most != MOST else f"{expected}, and at most {MOST}", value)
        return int(value)

    return check


def _flag(name, value):
    if not isinstance(value, (bool, np.bool_)):
        _refuse(name, "True or False", value)
    return bool(value)


def _one_of(*allowed):
    def check(name, value):
        if not isinstance(value, str) or value not in allowed:
            _refuse(name, f"one of {', '.join(map(repr, allowed))}", value)
        return str(value)

    return check


def _listed(check):
    """One value, or a list of them."""

    def checked(name, value):
        if isinstance(value, str) or not np.iterable(value):
            return check(name, value)
        return [check(name, each) for each in value]

    return checked


def _or_none(check):
    return lambda name, value: None if value is None else check(name, value)


def _sizes(name, value):
    sizes = list(value) if np.iterable(value) and not isinstance(value, str) else [value]
    for size in sizes:
        if isinstance(size, (bool, np.bool_)) or not isinstance(size, numbers.Integral) or size < 1:
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        if size > MOST:
            _refuse(name, f"at most {MOST} units in a layer", size)
    return [int(size) for size in sizes]


def _activations(name, value):
    names = [value] if isinstance(value, str) else list(value) if np.iterable(value) else [value]
    for each in names:
        if not isinstance(each, str):
            _refuse(name, "the name of an activation", each)
    return activation_names([str(each) for each in names])


def _text(name, value):
    if not isinstance(value, str):
        _refuse(name, "a text such as 'masking:0.25'", value)
    return str(value)


def _verbose(name, value):
    if not isinstance(value, (bool, np.bool_, numbers.Integral)) or abs(int(value)) > MOST:
        _refuse(name, "True, False or a number", value)
    return bool(value)


def _seed(name, value):
    if value is None or isinstance(value, (np.random.RandomState, np.random.Generator)) or value is np.random:
        return value
    return _whole("a whole number from 0 to 4294967295, a RandomState or None", 0, 2**32 - 1)(name, value)


def _callbacks(name, value):
    if value is None:
        return []
    callbacks = [value] if callable(value) or not np.iterable(value) else list(value)
    for callback in callbacks:
        if not callable(callback):
            _refuse(name, "something to call", callback)
    return callbacks


AT_LEAST_0 = _real("a number of at least 0", lambda number: number >= 0)
ABOVE_0 = _real("a number above 0", lambda number: number > 0)
BELOW_1 = _real("a number in [0, 1)", lambda number: 0 <= number < 1)
PROBABILITY = _real("a probability in [0, 1)", lambda number: 0 <= number < 1)
FRACTION = _real("a fraction in (0, 1)", lambda number: 0 < number < 1)
AT_LEAST_1 = _whole("a whole number of at least 1", 1)

#: What each parameter may be; a check gives the value in a type of Python's own.
CHECKS = {
    "hidden_layer_sizes": _sizes,
    "activation": _activations,
    "solver": _one_of(*SOLVERS),
    "loss": _one_of("squared_error", "poisson"),
    "alpha": AT_LEAST_0,
    "batch_size": _whole("'auto' or a whole number of at least 1", 1, MOST, "auto"),
    "learning_rate": _one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": ABOVE_0,
    "power_t": AT_LEAST_0,
    "max_iter": AT_LEAST_1,
    "max_fun": AT_LEAST_1,
    "shuffle": _flag,
    "random_state": _seed,
    "tol": AT_LEAST_0,
    "verbose": _verbose,
    "warm_start": _flag,
    "momentum": BELOW_1,
    "nesterovs_momentum": _flag,
    "early_stopping": _flag,
    "validation_fraction": FRACTION,
    "beta_1": BELOW_1,
    "beta_2": BELOW_1,
    "epsilon": ABOVE_0,
    "n_iter_no_change": _whole("a whole number of at least 1, or infinity", 1, MOST, math.inf),
    "l1_activation": AT_LEAST_0,
    "target_sparsity": _or_none(FRACTION),
    "dropout": _listed(PROBABILITY),
    "input_dropout": PROBABILITY,
    "callbacks": _callbacks,
    "transform_layer": _whole("a whole number", -(2**31), 2**31),
    "n_threads": _whole(f"a whole number from 1 to {MAX_THREADS} or None", 1, MAX_THREADS, None),
}

#: The same of an auto-encoder, where it differs.
ENCODER_CHECKS = {
    **CHECKS,
    "corruption": _listed(_text),
    "reconstruction": _or_none(_listed(_text)),
    "tied": _flag,
    "l1_activation": _listed(AT_LEAST_0),
    "sample_zeros": _or_none(AT_LEAST_0),
    "batch_size": AT_LEAST_1,
    "learning_rate_init": _listed(ABOVE_0),
}


def checked(estimator, checks=CHECKS) -> dict:
    """The parameters of an estimator in types of Python's own; one that is not in the table is checked where it is used."""
    return {name: check(name, getattr(estimator, name)) for name, check in checks.items() if hasattr(estimator, name)}


def of_layers(name, values, layers):
    """One value for each hidden layer, of one for all or a list."""
    values = values if isinstance(values, list) else [values]
    if len(values) == 1:
        return values * layers
    if len(values) != layers:
        raise ValueError(f"{name}: expected one value, or one for each of {layers} layers, found {len(values)}")
    return values
