"""Sweeps on a cluster find what sweeps on one machine find, whatever is lost on the way."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import truezero.ray
from ray import tune
from truezero import _truezero

PROGRAM = Path(sys.executable).parent / "truezero"

GRID = {
    "method": "grid",
    "train": {"hidden": [400, 400], "epochs": 8},
    "vary": {"l1": [0.0, 1e-3], "seed": [1, 2]},
}
TOML = """
method = "grid"
[train]
hidden = [400, 400]
epochs = 8
[vary]
l1 = [0.0, 1e-3]
seed = [1, 2]
"""


def command(*arguments, **options):
    # A cluster of its own, not one that somebody else started on this machine.
    environment = os.environ | {"RAY_ADDRESS": "local"}
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, env=environment, **options)


def document(*arguments, **options):
    process = command(*arguments, **options)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(said)


def untimed(results):
    return [trial | {"seconds": 0} for trial in results["trials"]]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """What one machine finds, and its best model."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "sweep.toml").write_text(TOML)
    found = document("sweep", "sweep.toml", "--json", "--quiet", cwd=folder)
    return found, (folder / "sweep.safetensors").read_bytes()


class Watched(tune.schedulers.FIFOScheduler):
    """Gives nobody up, but sees where trainings are, and may do something about it."""

    def __init__(self, on_result):
        super().__init__()
        _seen.clear()
        _on_result[:] = [on_result]

    def on_trial_result(self, tune_controller, trial, result):
        _seen.append((trial.config["trial"], result["node"], result["epoch"]))
        _on_result[0](result["node"], result["epoch"])
        return super().on_trial_result(tune_controller, trial, result)


# Tune keeps a scheduler in a file, and a cluster cannot be in it.
_seen, _on_result = [], []


def test_a_node_that_dies_in_the_middle_takes_nothing_with_it(cluster, local, tmp_path):
    second = cluster.second.node_id
    killed = []

    def kill(node, epoch):
        if node == second and epoch >= 2 and not killed:
            killed.append(epoch)
            cluster.remove_node(cluster.second, allow_graceful=False)

    found = truezero.ray.sweep(GRID, tmp_path / "sweep.sqlite", scheduler=Watched(kill))
    expected, model = local
    assert killed, _seen
    begun = {trial for trial, node, _ in _seen if node == second}
    moved = {trial for trial, node, _ in _seen if trial in begun and node != second}
    assert moved, "no training that had begun on the node was begun again elsewhere"
    went_on = [min(epoch for which, node, epoch in _seen if which == trial and node != second) for trial in moved]
    assert max(went_on) > 1, "each began from its first epoch"
    assert untimed(found) == untimed(expected)
    assert (tmp_path / "sweep.safetensors").read_bytes() == model
    epochs = sqlite3.connect(tmp_path / "sweep.sqlite").execute("SELECT trial, count(*) FROM epochs GROUP BY trial")
    assert epochs.fetchall() == [(trial, 8) for trial in range(1, 5)]
    assert not (tmp_path / "sweep.sqlite.checkpoints").exists()


def test_halving_gives_some_up_and_what_fails_is_told(cluster, tmp_path):
    definition = {
        "method": "halving",
        "trials": 8,
        "factor": 2,
        "train": {"hidden": [30], "epochs": 5},
        "vary": {"learning-rate": {"low": 1e-4, "high": 0.3, "scale": "log"}},
    }
    found = truezero.ray.sweep(definition, tmp_path / "halving.sqlite", jobs=2)
    states = [trial["state"] for trial in found["trials"]]
    assert states.count("stopped") >= 1 and states[0] == "done", found
    assert {trial["epochs"] for trial in found["trials"] if trial["state"] == "stopped"} <= {1, 2, 4}
    assert all(trial["epochs"] == 5 for trial in found["trials"] if trial["state"] == "done")

    definition = {"method": "grid", "train": {"hidden": [8], "epochs": 1}, "vary": {"dropout": [[0.1], [0.1, 0.2]]}}
    found = truezero.ray.sweep(definition, tmp_path / "failed.sqlite")
    assert [trial["state"] for trial in found["trials"]] == ["done", "failed"]
    assert found["trials"][1]["message"].startswith("option dropout: ")
    with pytest.raises(ValueError, match="another sweep"):
        truezero.ray.sweep(GRID, tmp_path / "failed.sqlite")


def test_two_sweeps_and_other_files_share_a_storage(cluster, tmp_path):
    storage = tmp_path / "shared"
    (storage / "sweep").mkdir(parents=True)
    (storage / "sweep" / "thesis.txt").write_text("years of work")
    definition = {"method": "grid", "train": {"hidden": [8], "epochs": 1}, "vary": {"seed": [1, 2]}}
    for out in ["first.sqlite", "second.sqlite"]:
        found = truezero.ray.sweep(definition, tmp_path / out, storage=storage)
        assert [trial["state"] for trial in found["trials"]] == ["done", "done"]
    assert (storage / "sweep" / "thesis.txt").read_text() == "years of work"
    assert os.listdir(storage) == ["sweep"], "what the sweeps had there is gone"


def test_results_are_open_once(tmp_path):
    # Where a file is closed, SQLite loses the locks of the same process on it.
    opened = None, json.dumps(GRID), str(tmp_path / "sweep.sqlite"), True, False
    results = _truezero.Sweep(*opened)
    with pytest.raises(OSError, match="this process is writing it already"):
        _truezero.Sweep(*opened)
    results.release()
    with pytest.raises(ValueError, match="released"):
        results.waiting()
    assert _truezero.Sweep(*opened).waiting() == [1, 2, 3, 4]


def test_a_killed_driver_goes_on_where_it_was(local, tmp_path):
    (tmp_path / "sweep.toml").write_text(TOML)
    arguments = ["sweep", "sweep.toml", "--on", "ray", "--json", "--quiet"]
    process = command(*arguments, cwd=tmp_path, start_new_session=True)
    noted, until = 0, time.monotonic() + 90
    while noted < 3 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
        if (tmp_path / "sweep.sqlite").exists():
            try:
                query = "SELECT count(*) FROM epochs"
                noted = sqlite3.connect(tmp_path / "sweep.sqlite").execute(query).fetchone()[0]
            except sqlite3.OperationalError:
                pass  # not made yet
    assert noted >= 3 and process.poll() is None, "it was done before it could be killed"
    process.kill()
    process.wait()
    assert (tmp_path / "sweep.sqlite.checkpoints").exists()
    found = document(*arguments, cwd=tmp_path)
    expected, model = local
    assert untimed(found) == untimed(expected)
    assert (tmp_path / "sweep.safetensors").read_bytes() == model


def test_without_ray_the_command_says_what_is_missing(tmp_path):
    (tmp_path / "sweep.toml").write_text(TOML)
    script = "import sys; from truezero import _truezero; sys.exit(_truezero.command(['truezero', *sys.argv[1:]]))"
    run = subprocess.run(
        [sys.executable, "-c", script, "sweep", "sweep.toml", "--on", "ray"],
        cwd=tmp_path,
        env=os.environ | {"TRUEZERO_PYTHON": shutil.which("false")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "has no truezero.ray" in run.stderr and "hint: pip install 'truezero[ray]'" in run.stderr
    wrong = subprocess.run([PROGRAM, "sweep", "a.toml", "--on", "spark"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "expected ray or ray://HOST:PORT" in wrong.stderr
