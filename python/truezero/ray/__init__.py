"""truezero on a `Ray <https://docs.ray.io>`_ cluster: for data and searches that outgrow one machine.

``pip install 'truezero[ray]'`` brings it. Placement, retries and transport are Ray's; this package says what is to
be computed.
"""

try:
    import ray as _ray  # noqa: F401
except ImportError as error:
    raise ImportError("truezero.ray needs Ray\nhint: pip install 'truezero[ray]'") from error

from .sweep import sweep  # noqa: E402

__all__ = ["sweep"]
