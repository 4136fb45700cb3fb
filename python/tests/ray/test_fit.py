"""One network trained by many workers."""

import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from sklearn.datasets import load_digits

import truezero
import truezero.ray

#: Small enough to be quick, large enough that a node can be lost in the middle.
OPTIONS = {"target": "y", "hidden": [40, 30], "learning_rate": 0.05, "l1": 1e-4, "shuffle_buffer": 200}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Digits in Parquet files."""
    folder = tmp_path_factory.mktemp("digits")
    X, y = load_digits(return_X_y=True)
    columns = {f"p{at}": X[:, at].astype(np.float32) for at in range(X.shape[1])}
    table = pa.table({**columns, "y": [f"digit {label}" for label in y]})
    for part in range(4):
        pq.write_table(table.slice(450 * part, 450), folder / f"{part}.parquet")
    return folder


def weights(model):
    return [array for arrays in [model.coefs_, model.intercepts_] for array in arrays]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def test_one_worker_is_the_command(cluster, files, command, tmp_path):
    out = tmp_path / "command.safetensors"
    command(
        *["train", files, "--stream", "--target=y", "--hidden=40,30", "--learning-rate=0.05", "--l1=1e-4"],
        *["--shuffle-buffer=200", "--epochs=3", "--threads=1", "--quiet", "--out", out],
    )
    saved = tmp_path / "ray.safetensors"
    model = truezero.ray.fit(files, workers=1, every=7, epochs=3, out=saved, **OPTIONS)
    assert same(model, truezero.load(out))
    assert same(model, truezero.load(saved))


def test_a_lost_node_changes_nothing(cluster, files):
    def fit(on_epoch=None):
        # More than fit on one node: some are on the second.
        return truezero.ray.fit(files, workers=3, every=4, epochs=6, on_epoch=on_epoch, **OPTIONS)

    epochs = []
    undisturbed = fit(epochs.append)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert {epoch.examples for epoch in epochs} == {1797 - 180 - 162}
    assert epochs[-1].validation_error < 0.1

    seen, killed = [], []

    def lose():
        time.sleep(0.1)  # in the middle of a round
        cluster.remove_node(cluster.second)
        killed.append(len(seen))

    def on_epoch(epoch):
        seen.append(epoch)
        if epoch.epoch == 2:
            cluster.add_node(num_cpus=2)
            threading.Thread(target=lose).start()

    disturbed = fit(on_epoch)
    assert killed and killed[0] < 6, "the node was lost before the end"
    assert same(disturbed, undisturbed)
    assert [epoch.record for epoch in seen] == [epoch.record for epoch in epochs]


def test_what_goes_wrong_with_a_worker_is_told(cluster, files):
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        truezero.ray.fit(files, workers=2, **{**OPTIONS, "learning_rate": 1e9})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"workers": 0}, "workers: expected a whole number of at least 1"),
        ({"every": 0.5}, "every: expected a whole number"),
        ({"colour": 1}, "colour"),
        ({"out_dir": "x"}, "out-dir"),
        ({"json": True}, "json: expected options of the training"),
        ({"hidden": [0]}, "hidden"),
        ({"target": "z"}, "z"),
    ],
)
def test_what_cannot_be_is_told_before_workers_start(files, options, told):
    with pytest.raises(ValueError, match=told):
        truezero.ray.fit(files, **{"workers": 1, **OPTIONS, **options})
    assert not ray.is_initialized()
