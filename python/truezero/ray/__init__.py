"""truezero on a `Ray <https://docs.ray.io>`_ cluster: for data and searches that outgrow one machine.

``pip install 'truezero[ray]'`` brings it. Placement, retries and transport are Ray's; this package says what is to
be computed.
"""

try:
    import ray as _ray  # noqa: F401
except ImportError as error:
    raise ImportError("truezero.ray needs Ray\nhint: pip install 'truezero[ray]'") from error

from importlib import import_module

#: Where things are; imported when they are asked for, so that workers load what they need only.
_HOMES = {"Epoch": "_fit", "fit": "_fit", "score": "_score", "sweep": "_sweep"}

__all__ = ["Epoch", "fit", "score", "sweep"]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
