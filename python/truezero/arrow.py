"""Scoring of Arrow tables, as engines for data larger than one machine pass them on: Ray, Spark, Dask, DuckDB, …"""

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import sparse

from . import _inputs
from ._truezero import Model


class Scorer:
    """A model that takes tables and gives tables.

    Parameters
    ----------
    model : path-like or estimator
        A file that `truezero.save` or the ``truezero`` command wrote, or a fitted estimator.
    features : str, (str, str), list of str or None, default=None
        Where the inputs are, for a model that was trained on a matrix:

        - name of a column of lists of numbers, all as long as the model has inputs;
        - a pair of names ``("indices", "values")`` of two columns of lists: positions (from 0, rising) and values
          of what is not zero, the form in which ``truezero encode`` writes codes; zeros are never spread out;
        - list of names of number columns, in order;
        - None: all columns of the table are numbers, in order.

        A model that was trained on a table finds its columns by their names.
    keep : list of str or None, default=None
        Columns that are passed on beside the predictions; None for all.
    threads : int, default=1
        Of a batch; the engine that calls is expected to run several at a time.

    Examples
    --------
    >>> import pyarrow as pa, truezero, truezero.arrow
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = truezero.RectifierClassifier(random_state=0).fit(X, y)
    >>> scorer = truezero.arrow.Scorer(model, features="x", keep=["id"])
    >>> scorer(pa.table({"id": range(150), "x": list(X)})).column_names
    ['id', 'label', 'probability_0', 'probability_1', 'probability_2']
    """

    def __init__(
        self,
        model,
        *,
        features: str | tuple[str, str] | list[str] | None = None,
        keep: Sequence[str] | None = None,
        threads: int = 1,
    ):
        self._model = native(model)
        self.features, self.keep, self.threads = features, keep, threads
        names = self._model.output_names
        #: What the predictions are called: as in what ``truezero predict`` writes.
        self.names = names if self._model.task == "regress" else [f"probability_{name}" for name in names]
        if self._model.columns is not None and features is not None:
            raise ValueError("features: expected None, for the model takes the columns it was trained on")

    def __call__(self, table: pa.Table | pa.RecordBatch) -> pa.Table:
        """The table's columns to keep and, for each row, what the model predicts.

        Parameters
        ----------
        table : pyarrow Table or RecordBatch

        Returns
        -------
        pyarrow Table
            With as many rows: ``label`` and a probability for each class; or ``labels`` and a probability for each
            label; or the quantities.
        """
        if isinstance(table, pa.RecordBatch):
            table = pa.Table.from_batches([table])
        kept = table if self.keep is None else table.select(list(self.keep))
        outputs = self._model.predict(self._inputs(table), self.threads)
        labels = self._model.labels(outputs)
        # Types are told, not guessed: those of no rows are those of others.
        columns = {name: pa.array(outputs[:, at], pa.float32()) for at, name in enumerate(self.names)}
        if self._model.task != "regress":
            name = "label" if self._model.task == "classify" else "labels"
            columns = {name: pa.array(labels, pa.string()), **columns}
        for name, values in columns.items():
            if name in kept.column_names:
                raise ValueError(
                    f"column {name!r}: expected a name that no prediction has\nhint: leave it out with keep=[…]"
                )
            kept = kept.append_column(name, values)
        return kept

    def _inputs(self, table):
        if self._model.columns is not None:
            return _inputs.table(table, self._model.columns)
        width = self._model.width
        if isinstance(self.features, str):
            X = _vectors(table, self.features, width)
        elif isinstance(self.features, tuple):
            X = _active(table, *self.features, width)
        else:
            X = _numbers(table, self.features, width)
        return _inputs.matrix(X)


def native(model):
    """The model in a file or of a fitted estimator. scikit-learn, which takes seconds to load, is not asked for."""
    if isinstance(model, (str, os.PathLike)):
        return Model.load(os.fspath(model))
    if isinstance(model, Model):
        return model
    if hasattr(model, "_fitted_model"):
        return model._fitted_model()
    raise TypeError(f"model: expected a file or a fitted estimator of truezero, found {type(model).__name__}")


def _numbers(table, names, width):
    names = table.column_names if names is None else names
    if len(names) != width:
        raise ValueError(
            f"features: expected {width} columns of numbers, found {len(names)}\n"
            "hint: name them, or the column of lists that holds all of them"
        )
    X = np.empty((table.num_rows, width), dtype=np.float32)
    for at, name in enumerate(names):
        X[:, at] = _column(table, name).to_numpy(zero_copy_only=False)
    return X


def _vectors(table, name, width):
    column = _column(table, name)
    if isinstance(column, pa.ExtensionArray):  # a tensor
        column = column.storage
    _, values = _lists(column, name)
    if len(values) != table.num_rows * width:
        raise ValueError(f"column {name!r}: expected lists of {width} numbers, found other lengths")
    lengths = set(np.diff(_offsets(column)).tolist())
    if lengths - {width}:
        raise ValueError(f"column {name!r}: expected lists of {width} numbers, found one of {min(lengths - {width})}")
    return _single(values).reshape(-1, width)


def _active(table, indices, values, width):
    offsets, positions = _lists(_column(table, indices), indices)
    others, numbers = _lists(_column(table, values), values)
    if not np.array_equal(offsets, others):
        raise ValueError(f"columns {indices!r} and {values!r}: expected lists of the same lengths")
    if positions.dtype.kind not in "iuf":
        raise ValueError(f"column {indices!r}: expected whole numbers, found {positions.dtype}")
    whole = positions.astype(np.int64)
    if np.any(whole != positions):
        found = positions[whole != positions][0]
        raise ValueError(f"column {indices!r}: expected whole numbers, found {found}")
    positions = whole
    if len(positions) and not 0 <= positions.min() <= positions.max() < width:
        found = positions.min() if positions.min() < 0 else positions.max()
        raise ValueError(f"column {indices!r}: expected positions from 0 to {width - 1}, found {found}")
    return sparse.csr_matrix((_single(numbers), positions, offsets), shape=(table.num_rows, width))


def _column(table, name):
    if name not in table.column_names:
        raise ValueError(f"expected a column {name!r}, found {', '.join(table.column_names[:12])}")
    column = table.column(name).combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    if column.null_count:
        raise ValueError(f"column {name!r}: expected a value in each row, found {column.null_count} missing")
    return column


def _lists(column, name):
    """Where each list begins, from 0, and all their items."""
    if not hasattr(column, "flatten") or not hasattr(column.type, "value_type"):
        raise ValueError(f"column {name!r}: expected lists of numbers, found {column.type}")
    items = column.flatten()
    if items.null_count:
        raise ValueError(f"column {name!r}: expected a number at each place, found {items.null_count} missing")
    return _offsets(column), items.to_numpy(zero_copy_only=False)


def _offsets(column):
    if pa.types.is_fixed_size_list(column.type):
        return np.arange(len(column) + 1, dtype=np.int64) * column.type.list_size
    offsets = column.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0]


def _single(values):
    return np.ascontiguousarray(values, dtype=np.float32)
