"""Values of parameters as JSON documents, and back, so that a file gives what was put into it."""

import json
import math
import os

import numpy as np

#: The key of a document for what JSON has no form for, beside one that names the kind.
KIND = "kind"


class NoValue(TypeError):
    """Something that is no value: an estimator, a function, a generator of random numbers."""


def to_json(value):
    """A value as what JSON can hold: scalars and arrays of NumPy become Python's, and tuples, numbers that are not finite and
    dicts stay what they are."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {KIND: "float", "value": str(value)}
    if isinstance(value, np.ndarray):
        return [to_json(each) for each in value.tolist()]
    if isinstance(value, list):
        return [to_json(each) for each in value]
    if isinstance(value, tuple):
        return {KIND: "tuple", "value": [to_json(each) for each in value]}
    if isinstance(value, dict):
        return {KIND: "dict", "value": [[to_json(key), to_json(each)] for key, each in value.items()]}
    raise NoValue(type(value).__name__)


def of_json(document):
    """The value of a document that `to_json` made; one that it did not make is refused with a ValueError."""
    if isinstance(document, list):
        return [of_json(each) for each in document]
    if not isinstance(document, dict):
        return document
    kind, value = document.get(KIND), document.get("value")
    try:
        if kind == "float":
            return float(value)
        if kind == "tuple":
            return tuple(of_json(each) for each in value)
        if kind == "dict":
            return {of_json(key): of_json(each) for key, each in value}
    except (TypeError, ValueError):
        pass
    raise ValueError(f"expected a value, found {document!r}")


def options_json(options, place="options"):
    """Options of the command as a JSON text; numbers of NumPy become Python's, and one that is not finite is named."""
    return json.dumps(_plain(options, place))


def _plain(value, place):
    if isinstance(value, dict):
        return {str(name): _plain(each, str(name)) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, place) for each in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist(), place)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place}: expected a finite number, found {value}")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"{place}: expected a number, a text or a list of them, found {value!r}")
