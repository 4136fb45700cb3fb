"""Classes of models from files and from elsewhere: their types, and their order."""

import math

import numpy as np

from ._classifier import class_names

#: Types of classes that come back from a file as they were; others come back as their names say.
NUMBER_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
CLASS_TYPES = {"bool": bool, "str": str, "object": object, **{name: np.dtype(name) for name in NUMBER_TYPES}}
#: Kinds of types of NumPy that are times or durations.
TIMES = "mM"


def given(classes):
    """Classes as an array, of those that a caller gave."""
    array = np.asarray(classes)
    if array.ndim != 1 or isinstance(classes, np.ndarray):
        return array
    values = list(classes)
    return of_whole(values) if values and all(type(value) is int for value in values) else array


def of_whole(values):
    """Whole numbers as an array of a type that holds each of them exactly, which NumPy's own choice may not."""
    for name in ["int64", "uint64"]:
        limits = np.iinfo(name)
        if all(limits.min <= value <= limits.max for value in values):
            return np.array(values, dtype=name)
    return np.array(values, dtype=object)


def named(names):
    """Classes from their names. They are truth values, whole numbers or numbers only if all names are exactly the text
    of such values: 007, 1_000 and nan are names."""
    if sorted(names) == ["False", "True"]:
        return np.array([name == "True" for name in names])
    for kind in [int, float]:
        try:
            values = [kind(name) for name in names]
        except ValueError:
            continue
        if [_text(value) for value in values] == names and (kind is int or all(map(math.isfinite, values))):
            return of_whole(values) if kind is int else np.array(values)
    return np.array(names, dtype=object)


def _text(number):
    """A number as names of classes have it: see `class_names`."""
    return class_names(np.array([number]))[0]


def set_classes(estimator, classes):
    """Give a classifier its classes, which are in the order of the network's outputs. They and the outputs are brought into
    the order that scikit-learn expects of `classes_`: its scorers take the columns of `predict_proba` by it."""
    try:
        order = np.argsort(classes, kind="stable")
    except TypeError:
        raise ValueError(f"classes: expected values that can be sorted, found {classes.tolist()!r:.80}") from None
    if (order != np.arange(len(order))).any():
        estimator._model = estimator._model.with_classes_in_order(order.tolist())
    estimator.classes_ = classes[order]


def described(classes):
    """Classes as a document for a file."""
    of = classes.dtype
    name = "str" if of.kind == "U" else of.name
    if of.kind in TIMES:
        # Times and durations, as so many units.
        return {"type": name, "values": classes.astype(np.int64).tolist()}
    if name not in CLASS_TYPES:
        raise ValueError(f"classes: a file keeps numbers, texts, booleans and times, found {of}")
    return {"type": name, "values": classes.tolist()}


def restored(document):
    """Classes from a file; None if they are none that `described` described."""
    name, values = document.get("type"), document.get("values")
    try:
        if name in CLASS_TYPES:
            classes = np.array(values, dtype=CLASS_TYPES[name])
        else:
            times = np.dtype(name)
            if times.kind not in TIMES:
                return None
            classes = np.array(values, dtype=np.int64).astype(times)
        np.sort(classes)  # those that have no order are none
        return classes
    except (TypeError, ValueError, OverflowError):
        return None
