"""Sweeps on a Ray cluster: Ray Tune decides what runs where and for how long, truezero's sweep is what runs.

The driver has the results, in the file of a sweep on one machine; what a training tells after an epoch reaches it
through ``tune.report``. A training's checkpoint is the one of a training on one machine, too.
"""

import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import ray
from ray import tune

from .. import _truezero, _values

__all__ = ["sweep"]

# In the folder that is handed to Tune as a checkpoint.
_CHECKPOINT = "training.checkpoint"
_MODEL = "model.safetensors"

# What Tune compares, and by what it counts.
_METRIC, _TIME = "validation_error", "epoch"

# The results are a file already, and what is to be seen of them is shown here: Tune need neither write nor print more.
_QUIET = {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_AIR_NEW_OUTPUT": "0"}


def sweep(
    definition,
    out="sweep.sqlite",
    *,
    address=None,
    jobs=None,
    search_alg=None,
    scheduler=None,
    storage=None,
    max_failures=3,
    force=False,
    verbose=False,
) -> dict:
    """Train many networks that differ in their options on a Ray cluster, as ``truezero sweep`` does on one machine.

    What was not done when it ended, or was killed, is done when it is called again.

    Parameters
    ----------
    definition : path-like or dict
        TOML file that describes the sweep, or the same as a dictionary.
    out : path-like, default="sweep.sqlite"
        SQLite file to write results into; the best model goes beside it, as .safetensors. Files that are neither are not
        replaced, nor are the results of another sweep.
    address : str, default=None
        Of the cluster, for ``ray.init``, unless that was called before.
    jobs : int, default=None
        Networks to train at the same time; as many as the cluster has cores, if None.
    search_alg : ray.tune.search.Searcher, default=None
        Draws the configurations, instead of truezero; as many as the definition has trials.
    scheduler : ray.tune.schedulers.TrialScheduler, default=None
        Gives trainings up early, by "validation_error" and "epoch". If None, asynchronous successive halving (ASHA) where
        the method is "halving", else nobody.
    storage : str, default=None
        Folder or address that all nodes can write to, for checkpoints. If None, a folder beside `out`, which all nodes
        must share then, unless the cluster is one machine. Each sweep has a folder of its own in it, and touches nothing
        else there.
    max_failures : int, default=3
        How often a training goes on from its checkpoint after its process or node was lost.
    force : bool, default=False
        Begin anew if there are results of another sweep, or replace whatever files are there.
    verbose : bool, default=False
        Whether to print a line for each network.

    Returns
    -------
    results : dict
        "trials", the best first, and what their "error" is; as ``truezero sweep report --json`` prints them.
    """
    asked = definition, out, address, jobs, search_alg, scheduler, storage, max_failures, force, verbose
    with _run(*asked) as results:
        return json.loads(results.found())


@contextlib.contextmanager
def _run(
    definition,
    out,
    address,
    jobs,
    search_alg=None,
    scheduler=None,
    storage=None,
    max_failures=3,
    force=False,
    verbose=False,
):
    """Run a sweep; yields its results, which are open for as long."""
    file, fields = (None, definition) if isinstance(definition, dict) else (os.path.abspath(definition), None)
    out, folder = os.path.abspath(out), os.getcwd()
    opened = file, _values.options_json(fields), out, search_alg is None
    results = _truezero.Sweep(*opened, force)
    if results.waiting():
        # Whoever drives it opens it, and nobody else.
        results.release()
        with _connected(address):
            drive = _drive
            if ray.util.client.ray.is_connected():
                # The results are best collected where Tune is, and that is in the cluster.
                remote = ray.remote(num_cpus=0, max_retries=0)(_drive)
                drive = lambda *arguments: ray.get(remote.remote(*arguments))  # noqa: E731
            drive(opened, folder, jobs, search_alg, scheduler, storage, max_failures, verbose)
        results = _truezero.Sweep(*opened, False)
    try:
        if not results.waiting():
            results.close()
        yield results
    finally:
        results.release()


def _drive(opened, folder, jobs, search_alg, scheduler, storage, max_failures, verbose):
    """Run a sweep to its end, or as far as it comes."""
    global _collector
    os.environ.update(_QUIET)
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    os.chdir(folder)
    results = _truezero.Sweep(*opened, False)
    plan = json.loads(results.plan())
    storage = os.fspath(storage or os.path.join(plan["checkpoints"], "ray"))
    _collector = _Collector(results, search_alg is None, verbose)
    # Of this sweep alone, whatever else is in the storage.
    name = f"truezero-sweep-{plan['id']}"
    try:
        _tuner(plan, results, jobs, search_alg, scheduler, storage, name, max_failures).fit()
        if _is_folder(storage) and not results.waiting():
            _truezero.remove_folder(f"{storage}/{name}")
    finally:
        # Tune may hold on to it for longer.
        _collector = None
        results.release()


@contextlib.contextmanager
def _connected(address):
    """Connected to a cluster; for as long only, if that was not so before."""
    if ray.is_initialized():
        yield
        return
    ray.init(
        address=address, log_to_driver=False, logging_level="warning", include_dashboard=None if address else False
    )
    try:
        yield
    finally:
        ray.shutdown()


def _is_folder(storage):
    """Whether it is no address."""
    return "://" not in storage


def _tuner(plan, results, jobs, search_alg, scheduler, storage, name, max_failures):
    folder = os.getcwd()
    definition = json.dumps(plan["definition"])
    options = plan["options"] if search_alg is None else None
    train = tune.with_parameters(_train, definition=definition, options=options, folder=folder)
    train = tune.with_resources(train, {"cpu": 1})
    place = f"{storage}/{name}"
    if search_alg is None:
        # What a killed driver leaves of Tune's may name checkpoints that are no more. What is done is in our results; what
        # was under way begins anew, to the same results.
        if _is_folder(storage):
            _truezero.remove_folder(place)
            _truezero.claim_folder(place, name)
        space, samples = {"trial": tune.grid_search(results.waiting())}, 1
    elif tune.Tuner.can_restore(place) and list(Path(place).glob("experiment_state-*.json")):
        # What it has suggested, only Tune knows.
        return tune.Tuner.restore(place, train, resume_unfinished=True)
    else:
        space = {name: _domain(axis) for name, axis in plan["definition"]["vary"].items()}
        samples = len(plan["options"])
        if _is_folder(storage):
            _truezero.claim_folder(place, name)
    return tune.Tuner(
        train,
        param_space=space,
        tune_config=tune.TuneConfig(
            metric=_METRIC,
            mode="min",
            num_samples=samples,
            search_alg=search_alg,
            scheduler=scheduler or _halving(plan),
            max_concurrent_trials=jobs,
            reuse_actors=True,
            trial_dirname_creator=_id,
        ),
        run_config=tune.RunConfig(
            name=name,
            storage_path=storage,
            callbacks=[_Told()],
            checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
            failure_config=tune.FailureConfig(max_failures=max_failures),
            verbose=0,
        ),
    )


def _id(trial):
    return trial.trial_id


def _halving(plan):
    """Tune's successive halving, with the laps of ours."""
    if plan["definition"]["method"] != "halving" or plan["min_epochs"] >= plan["epochs"]:
        return None
    return tune.schedulers.AsyncHyperBandScheduler(
        time_attr=_TIME,
        # After the last epoch nobody is given up any more, nor stopped before the model is saved.
        max_t=plan["epochs"] - 0.5,
        stop_last_trials=False,
        grace_period=plan["min_epochs"],
        reduction_factor=plan["factor"],
    )


def _domain(axis):
    """Values to choose from or a range, as Tune's search algorithms take them."""
    if isinstance(axis, list):
        return tune.choice(axis)
    low, high, log = axis["low"], axis["high"], axis["scale"] == "log"
    if isinstance(low, int) and isinstance(high, int):
        return (tune.lograndint if log else tune.randint)(low, high + 1)
    return (tune.loguniform if log else tune.uniform)(low, high)


def _train(config, definition, options, folder):
    """One training, in a process of its own somewhere."""
    # Paths mean what they mean where the sweep was started; data that is embedded needs no folder.
    with contextlib.suppress(OSError):
        os.chdir(folder)
    number = config.get("trial", 0)
    chosen = config if options is None else options[number - 1]
    with tempfile.TemporaryDirectory(prefix="truezero-") as place:
        checkpoint, model = os.path.join(place, _CHECKPOINT), os.path.join(place, _MODEL)
        seconds = 0.0
        if begun := tune.get_checkpoint():
            seconds = begun.get_metadata()["seconds"]
            with begun.as_directory() as kept:
                shutil.copyfile(os.path.join(kept, _CHECKPOINT), checkpoint)

        def tell(told, kept):
            state = json.loads(told)
            trial = state["trial"]
            handed = None
            if kept:
                handed = tune.Checkpoint.from_directory(place)
                handed.set_metadata({"seconds": trial["seconds"]})
            tune.report(
                {
                    _TIME: trial["epochs"],
                    _METRIC: trial["validation_error"],
                    "mean_sparsity": trial["mean_sparsity"],
                    "node": ray.get_runtime_context().get_node_id(),
                    "told": told,
                },
                checkpoint=handed,
            )

        chosen = json.dumps(chosen, default=lambda number: number.item())
        told = _truezero.sweep_train(definition, chosen, number, seconds, checkpoint, model, tell)
        # The last report has the model with it, and what the training would go on from.
        tell(told, os.path.exists(model))


class _Collector:
    """Takes note of what trainings tell."""

    def __init__(self, results, drawn, verbose):
        self.results, self.drawn, self.verbose = results, drawn, verbose

    def number(self, trial):
        # Tune counts what a search algorithm suggests.
        return trial.config["trial"] if self.drawn else int(trial.experiment_tag.split("_")[0])

    def epoch(self, trial, result):
        self.results.tell(self.number(trial), result["told"])

    def end(self, trial):
        told = trial.last_result.get("told")
        if told is None:
            return
        with contextlib.ExitStack() as stack:
            model = None
            if trial.checkpoint:
                model = os.path.join(stack.enter_context(trial.checkpoint.as_directory()), _MODEL)
            there = model is not None and os.path.exists(model)
            self.say(self.results.finish(self.number(trial), told, model if there else None))

    def lost(self, trial):
        reason = str(trial.get_error()).strip().splitlines()
        self.say(self.results.fail(self.number(trial), reason[-1] if reason else "lost"))

    def say(self, line):
        if self.verbose:
            print(line, file=sys.stderr, flush=True)


# Of the sweep that this process drives: Tune keeps what it calls in a file, and an open one cannot be in it.
_collector = None


class _Told(tune.Callback):
    """What happens to trainings, as Tune tells it."""

    def on_trial_result(self, iteration, trials, trial, result, **info):
        if "told" in result:
            _collector.epoch(trial, result)

    def on_trial_complete(self, iteration, trials, trial, **info):
        _collector.end(trial)

    def on_trial_error(self, iteration, trials, trial, **info):
        _collector.lost(trial)
