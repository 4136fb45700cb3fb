"""Weights and biases as users see and set them."""

import numpy as np


class Arrays(list):
    """Arrays of a network's layers, lowest first.

    An item that is set becomes part of the network at once, and the other layers stay as the network has them. The arrays
    themselves are copies that cannot be written to, so that a change which would be lost is refused: assign an array
    instead. Layers are not added or taken away.
    """

    def __init__(self, arrays, change):
        super().__init__(arrays)
        self._change = change

    def __setitem__(self, at, value):
        changed = list(self)
        changed[at] = value
        if len(changed) != len(self):
            self._fixed()
        places = range(len(self))[at]
        super().__init__(self._change(self, changed, places if isinstance(places, range) else [places]))

    def _fixed(self, *_, **__):
        raise TypeError("the number of layers is fixed: expected an array assigned to one of them")

    append = extend = insert = pop = remove = clear = sort = reverse = _fixed
    __delitem__ = __iadd__ = __imul__ = _fixed

    def __reduce__(self):
        # A copy is no part of the network.
        return list, (list(self),)


def out_of_date(name):
    return ValueError(
        f"{name}: this list is out of date, as the network has changed since it was read\n"
        f"hint: assign to an item of the estimator's {name}, or edit a copy, list({name}), and assign that"
    )


def read_only(array):
    array.flags.writeable = False
    return array


def fitting(name, arrays, shapes):
    """Arrays of the shapes of a network, in 32 bits."""
    arrays = list(arrays)
    if len(arrays) != len(shapes):
        raise ValueError(f"{name}: expected {len(shapes)} arrays, one for each layer, found {len(arrays)}")
    fit = []
    for layer, (array, shape) in enumerate(zip(arrays, shapes)):
        try:
            array = np.asarray(array, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"{name}[{layer}]: expected an array of numbers, found {array!r}") from None
        if array.shape != shape:
            raise ValueError(f"{name}[{layer}]: expected shape {shape}, found {array.shape}")
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(array, dtype=np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"{name}[{layer}]: expected finite numbers of 32 bits")
        fit.append(array)
    return fit
