"""Predictions for a data set of Ray's."""

from collections.abc import Sequence
from typing import Any

import ray

from ..arrow import Scorer, native


def score(
    dataset: "ray.data.Dataset",
    model,
    *,
    features: str | tuple[str, str] | list[str] | None = None,
    keep: Sequence[str] | None = None,
    batch_size: int = 4096,
    concurrency: int | tuple[int, int] = (1, 1024),
    threads: int = 1,
    **options: Any,
) -> "ray.data.Dataset":
    """Let a model predict for all rows of a data set, on all machines of a cluster.

    A pool of actors does it (``Dataset.map_batches``), each with the model in memory; rows come and go as Arrow
    tables. As with all of Ray Data nothing happens before the result is read or written.

    Parameters
    ----------
    dataset : ray.data.Dataset
    model : path-like or estimator
        A file that `truezero.save` or the ``truezero`` command wrote, or a fitted estimator. It is read once, here.
    features, keep
        Where the inputs are, and which columns are passed on: see `truezero.arrow.Scorer`.
    batch_size : int, default=4096
        Rows that pass through the network together.
    concurrency : int or (int, int), default=(1, 1024)
        Actors; or the fewest and the most, between which Ray Data chooses by load and by free CPUs.
    threads : int, default=1
        Of an actor: CPUs that it takes.
    **options
        More options of ``Dataset.map_batches``.

    Returns
    -------
    ray.data.Dataset
        The columns to keep; then ``label`` and a probability for each class, or ``labels`` and a probability for
        each label, or the quantities: what ``truezero predict`` writes.

    Examples
    --------
    >>> import ray, truezero.ray
    >>> articles = ray.data.read_parquet("s3://bucket/articles/")  # doctest: +SKIP
    >>> scored = truezero.ray.score(articles, "model.safetensors", keep=["id"])  # doctest: +SKIP
    >>> scored.write_parquet("s3://bucket/scores/")  # doctest: +SKIP
    """
    model = native(model)
    # What cannot be is told now, not by an actor later.
    Scorer(model, features=features, keep=keep, threads=threads)
    return dataset.map_batches(
        _Actor,
        fn_constructor_kwargs={
            "model": ray.put(model),
            "options": {"features": features, "keep": keep, "threads": threads},
        },
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=_pool(concurrency),
        num_cpus=threads,
        **options,
    )


def _pool(concurrency):
    from ray.data import ActorPoolStrategy

    if isinstance(concurrency, int):
        return ActorPoolStrategy(size=concurrency)
    least, most = concurrency
    return ActorPoolStrategy(min_size=least, max_size=most)


class _Actor:
    """Has a model, and lets it predict."""

    def __init__(self, model, options):
        self.scorer = Scorer(ray.get(model), **options)

    def __call__(self, table):
        return self.scorer(table)
