"""The network of an estimator: its weights as users see and set them, and what follows from it."""

import warnings
from contextlib import contextmanager
from typing import Self

import numpy as np
from sklearn.exceptions import NotFittedError

from ._truezero import Model
from ._weights import Arrays, fitting, out_of_date, read_only


@contextmanager
def whole(estimator):
    """A training: what fails within leaves the estimator as it was, but for a live training that was begun to be changed."""
    before = dict(estimator.__dict__)
    try:
        yield
    except BaseException:
        if "_trainer" not in estimator.__dict__:
            before.pop("_trainer", None)
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise
    # Lists of weights that were read before are of another network.
    estimator.__dict__.pop("_mark", None)


class _OfNetwork:
    """An attribute that is read from the network; where there is none yet, it is what it was set to."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self
        if "_model" not in estimator.__dict__ and self.name in estimator.__dict__.get("_told", {}):
            return estimator._told[self.name]
        estimator._fitted_model()
        return self.compute(estimator)

    def _tell(self, estimator, value):
        """Keep a value for the network that is to come."""
        estimator._told = {**estimator.__dict__.get("_told", {}), self.name: value}


class Following(_OfNetwork):
    """An attribute that follows from the network. It can be set to what it is; where there is no network yet, to what it
    will be, which is checked when there is one."""

    def __init__(self, compute):
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set__(self, estimator, value):
        if "_model" not in estimator.__dict__:
            self._tell(estimator, value)
        elif value != self.compute(estimator):
            raise AttributeError(
                f"{self.name}: expected {self.compute(estimator)!r}, which follows from the network, found {value!r}"
            )


class WeightsOf(_OfNetwork):
    """Weights or biases: `coefs_` or `intercepts_`."""

    def __init__(self, part, doc):
        self.part, self.__doc__ = part, doc

    def compute(self, estimator):
        arrays = [read_only(layer[self.part]) for layer in estimator._shown_layers()]
        mark = estimator.__dict__.setdefault("_mark", object())
        return Arrays(arrays, lambda _, changed, places: self._change(estimator, mark, changed, places))

    def __set__(self, estimator, arrays):
        if "_model" in estimator.__dict__:
            self._take_over(estimator, arrays)
        else:
            # Their shapes are known when the training begins.
            self._tell(estimator, Arrays(arrays, lambda own, changed, _: self._retell(estimator, own, changed)))

    def _retell(self, estimator, own, changed):
        """Change what was set before there was a network."""
        if estimator.__dict__.get("_told", {}).get(self.name) is not own:
            raise out_of_date(self.name)
        return changed

    def _change(self, estimator, mark, changed, places):
        """Set a few layers of the network as it is now, if it is the one that the list was read from. It has a mark of its
        own while weights are set, until it is trained."""
        if estimator.__dict__.get("_mark") is not mark:
            raise out_of_date(self.name)
        present = [layer[self.part] for layer in estimator._shown_layers()]
        return self._take_over(estimator, [changed[at] if at in places else each for at, each in enumerate(present)])

    def _take_over(self, estimator, arrays):
        layers = [list(layer) for layer in estimator._shown_layers()]
        arrays = fitting(self.name, arrays, [layer[self.part].shape for layer in layers])
        for layer, array in zip(layers, arrays):
            layer[self.part] = array
        estimator._model = estimator._model.with_layers(estimator._native_layers(layers))
        for name in ["_trainer", "_memory"]:  # the optimiser knows other weights
            estimator.__dict__.pop(name, None)
        if "_decoders" in estimator.__dict__:
            estimator._decoders = None
        return [read_only(array.copy()) for array in arrays]


class NetworkMixin:
    """What an estimator with a network has: `_model`, the native one, once it is fitted."""

    coefs_ = WeightsOf(
        0,
        """Weights of each layer, lowest first: ndarrays of shape (n_inputs, n_units), float32. They can be set, all or one by
        one; the arrays themselves cannot be written to, and a list that was read before the network learned more is refused.
        Set before a training, they are what `partial_fit` or, with
        ``warm_start=True``, `fit` starts from.""",
    )
    intercepts_ = WeightsOf(
        1,
        """Biases of each layer, lowest first: ndarrays of shape (n_units,), float32. They can be set as `coefs_` can.""",
    )

    @Following
    def n_layers_(self) -> int:
        """Number of layers, that of the inputs counted too."""
        return len(self._fitted_model().layers()) + 1

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

    @classmethod
    def load(cls, path) -> Self:
        """Read a file as `truezero.load` does, as an estimator of this class.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        estimator : object
            Of this very class, which may be a subclass of the one that was saved.
        """
        from ._models import load_as

        return load_as(cls, path)

    @property
    def _n_features_out(self):
        return self._hidden_sizes()[self._code_layer()]

    def _fitted_model(self):
        if "_model" not in self.__dict__:
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet.")
        return self._model

    def _hidden_sizes(self):
        return [weights.shape[1] for weights, _, _, _ in self._fitted_model().layers()[:-1]]

    def _shown_layers(self):
        """Weights and biases as a network without signs has them."""
        shown, signs = [], None
        for weights, bias, _, own in self._fitted_model().layers():
            shown.append((weights if signs is None else signs[:, None] * weights, bias))
            signs = own
        return shown

    def _as_native(self, layers):
        """Layers (weights, biases, activation, signs) as a model has them, of those that are shown."""
        return layers

    def _n_shown_outputs(self):
        """Units of the highest layer that is shown."""
        return self._n_native_outputs()

    def _network_task(self):
        """The task of a model, whatever it is learned by."""
        return self._task()

    def _native_layers(self, layers):
        """The layers of the model with other weights and biases, given as they are shown."""
        native, signs = [], None
        for (weights, bias), (_, _, activation, own) in zip(layers, self._model.layers()):
            weights = np.ascontiguousarray(weights if signs is None else signs[:, None] * weights)
            native.append((weights, bias, activation, own))
            signs = own
        return self._as_native(native)

    def _with_activations(self, activations):
        """The model, its hidden layers with the activations that the parameter names now."""
        layers = self._model.layers()
        if [name for _, _, name, _ in layers[:-1]] == activations:
            return self._model
        names = [*activations, layers[-1][2]]
        return self._model.with_layers([(w, b, name, signs) for (w, b, _, signs), name in zip(layers, names)])

    def _given_model(self, taken, parameters, inputs):
        """A model of the weights that were set before there was a network; none if there are none."""
        told = self.__dict__.get("_told", {})
        if "coefs_" not in told and "intercepts_" not in told:
            return None
        if not taken:
            warnings.warn(
                "the weights that were set are not used: fit begins anew\n"
                "hint: warm_start=True, or partial_fit, begins with them",
                stacklevel=6,
            )
            return None
        sizes = [inputs, *parameters["hidden_layer_sizes"], self._n_shown_outputs()]
        shapes = list(zip(sizes, sizes[1:]))
        parts = []
        for name, expected in [("coefs_", shapes), ("intercepts_", [(units,) for _, units in shapes])]:
            if name not in told:
                raise ValueError(f"{name}: expected arrays, as the other parts of the network were set, found none")
            parts.append(fitting(name, told[name], expected))
        activations = [*parameters["activation"], "identity"]
        layers = [(*layer, name, None) for *layer, name in zip(*parts, activations)]
        return Model.network(self._as_native(layers), self._network_task(), self._names(), "{}", [], [])

    def _check_told(self):
        """Whether the network became what it was said to be."""
        for name, value in self.__dict__.pop("_told", {}).items():
            follows = getattr(type(self), name)
            if isinstance(follows, Following) and value != follows.compute(self):
                raise ValueError(f"{name}: expected {follows.compute(self)!r}, as the network has it, found {value!r}")
