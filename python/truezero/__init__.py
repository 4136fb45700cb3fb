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

from importlib.metadata import version

from . import datasets
from ._autoencoder import DenoisingAutoencoder
from ._classifier import RectifierClassifier
from ._models import from_onnx, from_sklearn, from_torch, load, save
from ._regressor import RectifierRegressor
from ._training import Epoch

__version__ = version("truezero")

__all__ = [
    "DenoisingAutoencoder",
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
