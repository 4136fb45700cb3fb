"""What users hand in, as the native part takes it."""

import numpy as np
from scipy import sparse

from ._parameters import CHECKS
from ._truezero import available_threads

_PLAIN = np.ndarray, sparse.csr_matrix, sparse.csr_array
_FLOATS = np.dtype(np.float32), np.dtype(np.float64)


def matrix(X):
    """A validated matrix in a form that the native part reads.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR form of shape (n_samples, n_features)

    Returns
    -------
    ndarray or CSR of shape (n_samples, n_features)
        An array of 32 or 64 bits as it is; a CSR matrix with rising indices, each once.
    """
    if not sparse.issparse(X):
        return aligned(X)
    # Offsets that lead out of a matrix would lead scipy out of memory.
    stored = min(len(X.indices), len(X.data))
    if X.indptr[0] != 0 or X.indptr[-1] > stored or (np.diff(X.indptr) < 0).any():
        raise ValueError(f"X: expected a CSR matrix of rising offsets from 0 to at most {stored}, its number of values")
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if X.dtype not in (np.float32, np.float64):
        X = X.astype(np.float64)
    return X


def aligned(array, dtype=None):
    """An array without gaps between the bytes of its numbers and where the processor reads them, as a column of packed
    records has."""
    return np.require(array, dtype, ["A"])


def is_plain(X, estimator):
    """Whether inputs are as the native part takes them: scikit-learn's check, which takes as long as a network of
    784-1000-1000-10 on one example, would change and refuse nothing.

    An estimator that knows names of features is left to the check, which warns of an array without them.
    """
    if type(X) not in _PLAIN or X.dtype not in _FLOATS or X.ndim != 2 or X.shape[0] == 0:
        return False
    known = estimator.__dict__
    if X.shape[1] != known.get("n_features_in_") or "feature_names_in_" in known:
        return False
    return np.isfinite(X.data if sparse.issparse(X) else X).all()


def table(X, columns):
    """The named columns of a table, as a list of (name, values) for the native part.

    Parameters
    ----------
    X : pandas or polars DataFrame, pyarrow Table, or dict of sequences
        It must have the columns; others are ignored.
    columns : list of str

    Returns
    -------
    list of (str, ndarray of float64 or list of str or None)
        What a word means (missing, a number, a boolean) is told by the rules that are stored in the model.
    """
    if isinstance(X, np.ndarray) or sparse.issparse(X) or not hasattr(X, "__getitem__"):
        names = ", ".join(map(str, columns[:12]))
        raise ValueError(
            f"X: expected a table with columns {names}, found {type(X).__name__}\n"
            "hint: pass a pandas or polars DataFrame, a pyarrow Table, or a dict of columns"
        )
    # Files have texts for names, without blanks around them; tables may have numbers.
    known = {str(name).strip(): name for name in column_names(X)}
    missing = [name for name in columns if name.strip() not in known]
    if missing:
        kind = "a column" if len(missing) == 1 else "columns"
        raise ValueError(
            f"X: expected {kind} {', '.join(map(repr, missing[:12]))}, as in training, "
            f"found only {', '.join(list(known)[:12])}"
        )
    return [(name, _column(X[known[name.strip()]])) for name in columns]


def column_names(X):
    """The names of the columns of a table."""
    if hasattr(X, "column_names"):  # pyarrow
        return list(X.column_names)
    return list(X.columns if hasattr(X, "columns") else X)


def _column(values):
    """Numbers as float64, booleans as 1 and 0, NaN where missing; anything else as words, None where missing."""
    if hasattr(values, "to_pylist"):  # pyarrow
        values = values.to_pylist()
    elif hasattr(values, "to_list"):  # pandas, polars
        values = values.to_list()
    else:
        values = list(values)
    values = [None if _is_missing(value) else value for value in values]
    if all(value is None or isinstance(value, (bool, int, float, np.number, np.bool_)) for value in values):
        return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    return [None if value is None else str(value) for value in values]


def _is_missing(value):
    # NaN, NaT and pandas.NA differ from themselves, or will not say.
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True


def threads(n_threads):
    """The number of threads: as asked; else as the command finds it, by ``OMP_NUM_THREADS``, which joblib sets for its
    workers, or by what the machine and the quotas of its control groups allow.

    The number never changes a model, only the time.
    """
    if n_threads is None:
        return available_threads()
    return CHECKS["n_threads"]("n_threads", n_threads)


def merged(X, targets, weights):
    """Examples that go into one mini-batch, in an order of their own, equal ones merged.

    Within a single mini-batch the order of examples and whether one counts twice or stands there twice is all the
    same but for rounding. With equal examples merged, and all sorted, the rounding is the same too: an integer weight
    gives the very model that repeated examples give.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    weights : ndarray of shape (n_samples,)

    Returns
    -------
    X, targets, weights
    """
    if sparse.issparse(X):
        X = matrix(X).copy()
        X.eliminate_zeros()
    keys = {}
    for row in range(X.shape[0]):
        if sparse.issparse(X):
            own = slice(X.indptr[row], X.indptr[row + 1])
            indices, values = X.indices[own], X.data[own]
        else:
            indices = np.flatnonzero(X[row])
            values = X[row, indices]
        with np.errstate(over="ignore"):  # what is too large is refused later, in words
            values = values.astype(np.float32)  # as they are learned from
        key = indices.astype(np.int64).tobytes(), values.tobytes(), targets[row].tobytes()
        keys.setdefault(key, []).append(row)
    groups = [keys[key] for key in sorted(keys)]
    first = [rows[0] for rows in groups]
    return X[first], targets[first], np.array([weights[rows].sum() for rows in groups])
