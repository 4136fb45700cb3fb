"""Data that comes with truezero."""

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

from . import _truezero

#: Examples of the training, validation and test part of the digits.
DIGITS_PARTS = {"train": slice(0, 4000), "validation": slice(4000, 4500), "test": slice(4500, 5000)}
#: The same of the snippets.
SNIPPETS_PARTS = {"train": slice(0, 9545), "test": slice(9545, 10605)}

__all__ = ["load_digits5k", "load_film_snippets"]


def load_digits5k(*, return_X_y=False, as_sparse=False):
    """5,000 handwritten digits of 28 × 28 pixels, from MNIST.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` alone.
    as_sparse : bool, default=False
        Whether `data` is a CSR array; four of five pixels are zero.

    Returns
    -------
    digits : Bunch
        ``data`` of shape (5000, 784), float32, values from 0 to 255; ``target`` of shape (5000,); ``images`` of shape
        (5000, 28, 28), unless sparse; ``parts``, slices of the training (4,000), validation (500) and test part (500).

    Examples
    --------
    >>> from truezero.datasets import load_digits5k
    >>> digits = load_digits5k()
    >>> digits.data[digits.parts["test"]].shape
    (500, 784)
    """
    (offsets, indices, values, shape), labels = _truezero.digits5k()
    data = sparse.csr_array((values, indices, offsets), shape=shape)
    target = np.array(labels)
    if not as_sparse:
        data = data.toarray()
    if return_X_y:
        return data, target
    bunch = Bunch(data=data, target=target, target_names=np.arange(10), parts=dict(DIGITS_PARTS))
    if not as_sparse:
        bunch.images = data.reshape(-1, 28, 28)
    return bunch


def load_film_snippets(*, return_X_y=False):
    """10,605 sentences from film reviews, rated with 1 to 5 stars.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` alone.

    Returns
    -------
    snippets : Bunch
        ``data``, a list of texts; ``target`` of shape (10605,); ``parts``, slices of the training (9,545) and test part
        (1,060).

    Examples
    --------
    >>> from truezero.datasets import load_film_snippets
    >>> texts, stars = load_film_snippets(return_X_y=True)
    >>> len(texts), int(stars.max())
    (10605, 5)
    """
    texts, stars = _truezero.film_snippets()
    target = np.array(stars)
    if return_X_y:
        return texts, target
    return Bunch(data=texts, target=target, parts=dict(SNIPPETS_PARTS))
