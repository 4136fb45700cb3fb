"""One network trained on many machines."""

import json
import math
import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import ray

from .. import _parameters, _truezero, _values

#: Mini-batches between two averages, unless it is said otherwise: see RESULTS.md.
EVERY = 400
#: Options that name files.
FILES = ("labels", "test", "from")


@dataclass(frozen=True)
class Epoch:
    """An epoch of a training on many machines."""

    #: Counted from 1.
    epoch: int
    #: Mean cost of a training example, without penalties.
    cost: float
    #: Fraction wrong, or root mean squared error, on the validation examples.
    validation_error: float
    #: Mean over the hidden layers.
    mean_sparsity: float
    #: Examples that all workers trained on.
    examples: int
    #: How often the workers' parameters were averaged.
    rounds: int
    #: From its beginning to its end.
    seconds: float
    #: In which the slowest worker of each round computed.
    seconds_computing: float
    #: Of the rest of the rounds: bringing parameters to workers and back, and averaging.
    seconds_exchanging: float
    #: In which the lead evaluated the validation examples.
    seconds_evaluating: float
    #: The whole record, as the command has it.
    record: dict[str, Any] = field(repr=False)


def fit(
    data: str | os.PathLike[str],
    *,
    workers: int,
    every: int = EVERY,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    threads: int = 1,
    on_epoch: Callable[[Epoch], Any] | None = None,
    **options: Any,
):
    """Train one network with many workers (data-parallel).

    Each worker trains a copy of the network on its share of the examples, which it reads piece by piece from files;
    after every `every` mini-batches the mean of what they have come to, weighted by examples, takes the place of all
    (local SGD; McDonald, Hall & Mann 2010). The learning rate, the schedule, early stopping and what is kept at the
    end are those of ``truezero train --stream``, which is what one worker alone does.

    The same data, options and number of workers give the same network, whichever machines the workers are on. One
    that is lost with its machine is started again on another, and trains its part of the round again, from the last
    average; the network is the same as without the loss. If there is no room for it, the training waits for a machine.

    Parameters
    ----------
    data : str or path-like
        A file, a folder of files of one format, or a pattern (``"part-*.parquet"``); every machine must see it under
        this name. Workers take examples that follow each other, so examples are best in random order.
    workers : int
        How many; each is an actor of Ray's that takes `threads` CPUs.
    every : int
        Mini-batches of each worker between two averages. Few cost more exchange, many let the copies drift apart.
    out : str or path-like, default=None
        File to save the model to. It is none of the files that are read, and replaces a model of truezero only.
    force : bool, default=False
        Replace whatever file is at `out`.
    threads : int, default=1
        Of each worker.
    on_epoch : callable, default=None
        Called with an `Epoch` after each.
    **options
        Options of ``truezero train`` under their long names with underscores: ``target="price"``,
        ``hidden=[1000, 1000]``, ``learning_rate=0.1``, ``l1=1e-3``, ``shuffle_buffer=50_000``, …

    Returns
    -------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted: what `truezero.load` makes of the file.

    Examples
    --------
    >>> import truezero.ray
    >>> model = truezero.ray.fit(
    ...     "parts/*.parquet", target="label", hidden=[1000, 1000], workers=8, out="model.safetensors"
    ... )  # doctest: +SKIP
    """
    given = {"workers": workers, "every": every, "threads": threads}
    workers, every, threads = [_parameters.AT_LEAST_1(name, value) for name, value in given.items()]
    given = {name.replace("_", "-"): value for name, value in options.items() if value is not None}
    given |= {name: _absolute(given[name]) for name in FILES if name in given}
    text = _values.options_json({**given, "data": _absolute(data)})
    lead = _truezero.Lead(text, threads, None if out is None else os.fspath(out), force)
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    start = ray.put(lead.model())
    if (cpus := ray.cluster_resources().get("CPU", 0)) < workers * threads:
        warnings.warn(
            f"workers: expected {workers * threads} free CPUs for {workers} workers, found {cpus:g} in the cluster: "
            "training begins when there are more",
            stacklevel=2,
        )
    # Two threads each, so that a mean never waits behind a round that it needs.
    Actor = ray.remote(num_cpus=threads, max_restarts=-1, max_task_retries=-1, max_concurrency=2)(_Worker)
    crew = [Actor.remote(text, rank, workers, threads) for rank in range(workers)]
    try:
        ray.get([worker.prepare.remote(start) for worker in crew])
        _train(lead, crew, start, every, on_epoch)
    except ray.exceptions.RayTaskError as failed:
        raise failed.cause from failed  # as one process would raise it
    finally:
        for worker in crew:
            ray.kill(worker)
    model = lead.finish()
    from .._models import estimator  # not above: workers do without scikit-learn

    return estimator(model)


def _absolute(data):
    """Files under names that other processes know them by; embedded data as it is called."""
    name = os.fspath(data)
    return os.path.abspath(name) if os.path.dirname(name) or os.path.exists(name) else name


class _Worker:
    """Trains on its share. What `train` does is decided by its arguments alone, so Ray may do it again elsewhere."""

    def __init__(self, options, rank, workers, threads):
        self.options, self.place, self.threads = options, (rank, workers), threads
        self.worker = None
        self.training = threading.Lock()

    def prepare(self, model):
        """Makes it ready: at the beginning, and where one starts again on another machine."""
        if self.worker is None:
            self.worker = _truezero.Worker(self.options, model, *self.place, self.threads)

    def train(self, model, epoch, first, batches, scalars, *slices):
        """A report, and the parameters in as many slices as they came in."""
        with self.training:
            self.prepare(model)
            began = time.perf_counter()
            report, (values, scalars) = self.worker.round((slices, scalars), epoch, first, batches)
            seconds = time.perf_counter() - began
        return (report, scalars, seconds), *np.split(values, np.cumsum([len(each) for each in slices])[:-1])

    def mean(self, workers, *reports_and_slices):
        """The mean of a slice of the parameters: a report from each worker, then a slice from each."""
        reports, slices = reports_and_slices[:workers], reports_and_slices[workers:]
        return _truezero.mean([examples for (_, examples, *_), _, _ in reports], slices)


def _train(lead, crew, start, every, on_epoch):
    values, scalars = lead.parameters()
    # Some workers take the mean of a slice each, so that none has to receive the parameters of all. More slices would
    # be less to receive, but more objects to keep account of: workers x slices.
    average = [ray.put(each) for each in np.array_split(values, math.isqrt(len(crew) - 1) + 1)]
    while (epoch := lead.epoch()) is not None:
        began = time.perf_counter()
        reports, rounds, computing = [], 0, 0.0
        ended = False
        while not ended:
            place = (start, epoch, rounds * every, every, scalars)
            calls = [worker.train.options(num_returns=1 + len(average)).remote(*place, *average) for worker in crew]
            reported = [report for report, *_ in calls]
            of_slices = zip(*(slices for _, *slices in calls))
            means = [worker.mean.remote(len(crew), *reported, *slices) for worker, slices in zip(crew, of_slices)]
            done = ray.get(reported)
            # The next round's workers fetch the means from those who took them. That they are here too, as long as
            # they are held, is what a round is done again from when a machine is lost with its slice.
            average, slices = means, ray.get(means)
            reports += [report for report, _, _ in done]
            scalars = _mean_of_scalars(done)
            computing += max(seconds for _, _, seconds in done)
            rounds += 1
            diverged = not all(math.isfinite(cost) for (cost, *_), _, _ in done)
            ended = diverged or all(ended for (_, _, ended, _), _, _ in done)
        trained = time.perf_counter()
        record = json.loads(lead.end_epoch((slices, scalars), reports))
        if record is None:  # it diverged, and begins again
            values, scalars = lead.parameters()
            average = [ray.put(each) for each in np.array_split(values, len(average))]
            continue
        if on_epoch is not None:
            now = time.perf_counter()
            on_epoch(
                Epoch(
                    epoch=record["epoch"],
                    cost=record["cost"],
                    validation_error=record["validation_error"],
                    mean_sparsity=record["mean_sparsity"],
                    examples=sum(examples for _, examples, _, _ in reports),
                    rounds=rounds,
                    seconds=now - began,
                    seconds_computing=computing,
                    seconds_exchanging=trained - began - computing,
                    seconds_evaluating=now - trained,
                    record=record,
                )
            )


def _mean_of_scalars(done):
    weights = np.array([examples for (_, examples, _, _), _, _ in done], dtype=np.float64)
    of = [(weight, scalars) for weight, (_, scalars, _) in zip(weights, done) if weight > 0]
    return [float(sum(weight / weights.sum() * scalars[at] for weight, scalars in of)) for at in range(len(of[0][1]))]
