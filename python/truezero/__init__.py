"""Deep sparse rectifier networks as estimators for scikit-learn, on an engine that never computes a zero.

>>> from truezero import RectifierClassifier
>>> from truezero.datasets import load_digits5k
>>> digits = load_digits5k()
>>> train, test = digits.parts["train"], digits.parts["test"]
>>> model = RectifierClassifier((200,), max_iter=5, random_state=0)
>>> import warnings; warnings.simplefilter("ignore")
>>> model = model.fit(digits.data[train] / 255, digits.target[train])
>>> model.score(digits.data[test] / 255, digits.target[test]) > 0.85
True
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import datasets
    from ._autoencoder import DenoisingAutoencoder
    from ._classifier import RectifierClassifier
    from ._models import from_onnx, from_sklearn, from_torch, load, save
    from ._regressor import RectifierRegressor
    from ._truezero import DataWarning
    from .callbacks import Checkpoint, EarlyStopping, Epoch

#: Where things are. They are imported when they are asked for: the command needs none of them, nor scikit-learn.
_HOMES = {
    "Checkpoint": "callbacks",
    "DataWarning": "_truezero",
    "DenoisingAutoencoder": "_autoencoder",
    "EarlyStopping": "callbacks",
    "Epoch": "callbacks",
    "RectifierClassifier": "_classifier",
    "RectifierRegressor": "_regressor",
    "from_onnx": "_models",
    "from_sklearn": "_models",
    "from_torch": "_models",
    "load": "_models",
    "save": "_models",
}
#: Modules of their own.
_MODULES = ["arrow", "callbacks", "datasets", "paper", "plot", "ray"]

__all__ = [
    "Checkpoint",
    "DataWarning",
    "DenoisingAutoencoder",
    "EarlyStopping",
    "Epoch",
    "RectifierClassifier",
    "RectifierRegressor",
    "datasets",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "load",
    "save",
]


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        return version("truezero")
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES, *_MODULES, "__version__"])
