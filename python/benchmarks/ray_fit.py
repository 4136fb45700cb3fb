"""One network trained by many workers (`truezero.ray.fit`) beside one process, on this machine: accuracy, pace, and how long
a round computes and exchanges.

  python3 python/benchmarks/ray_fit.py mnist --source mnist          the four IDX files of MNIST in the folder mnist
  python3 python/benchmarks/ray_fit.py amazon --source amazon        the eight svmlight files of Amazon reviews in the folder amazon
  python3 python/benchmarks/ray_fit.py overhead                      rounds that compute next to nothing, to see what Ray takes

It needs the package with Ray: pip install '.[ray]'
"""

import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

TRUEZERO = os.path.join(os.path.dirname(sys.executable), "truezero")


def mnist(source, folder):
    """Training images in six NPY files, their labels in one."""
    read = lambda name, skip: np.frombuffer(gzip.open(f"{source}/{name}-ubyte.gz").read(), np.uint8, offset=skip)
    pixels = lambda name: read(f"{name}-images-idx3", 16).reshape(-1, 784).astype(np.float32) / 255
    labels = lambda name: read(f"{name}-labels-idx1", 8).astype(np.int64)
    for shard, part in enumerate(np.array_split(pixels("train"), 6)):
        np.save(f"{folder}/train-{shard}.npy", part)
    np.save(f"{folder}/labels.npy", labels("train"))
    np.save(f"{folder}/test.npy", pixels("t10k"))
    np.save(f"{folder}/test-labels.npy", labels("t10k"))
    options = {"labels": f"{folder}/labels.npy", "hidden": [1000, 1000, 1000], "validation": 10000, "l1": 1e-4}
    return f"{folder}/train-*.npy", options, [f"{folder}/test.npy", "--labels", f"{folder}/test-labels.npy"], 5


def amazon(source, folder):
    """All reviews in random order: 22,677 to train on, the others to test."""
    lines = [line for name in sorted(glob.glob(f"{source}/*.svmlight.gz")) for line in gzip.open(name, "rt")]
    order = np.random.default_rng(0).permutation(len(lines))
    train, test = order[:-5000], order[-5000:]
    for shard, part in enumerate(np.array_split(train, 4)):
        with open(f"{folder}/train-{shard}.svmlight", "w") as file:
            file.writelines(lines[at] for at in part)
    with open(f"{folder}/test.svmlight", "w") as file:
        file.writelines(lines[at] for at in test)
    options = {"task": "classify", "hidden": [1000, 1000, 1000], "l1": 1e-4}
    return f"{folder}/train-*.svmlight", options, [f"{folder}/test.svmlight"], 5


def overhead(_source, folder):
    """Next to nothing to compute."""
    random = np.random.default_rng(0)
    np.save(f"{folder}/train.npy", random.standard_normal((4000, 10)).astype(np.float32))
    np.save(f"{folder}/labels.npy", random.integers(0, 2, 4000))
    return f"{folder}/train.npy", {"labels": f"{folder}/labels.npy", "hidden": [10]}, None, 3


WORKS = {"mnist": mnist, "amazon": amazon, "overhead": overhead}


def alone(files, options, epochs, model):
    """The command, on one thread: examples per second."""
    words = [f"--{name.replace('_', '-')}={','.join(map(str, value)) if isinstance(value, list) else value}"
             for name, value in options.items()]
    command = [TRUEZERO, "train", files, "--stream", "--threads=1", f"--epochs={epochs}", "--json", "--quiet", *words]
    said = subprocess.run([*command, f"--out={model}"], check=True, capture_output=True, text=True).stdout
    return json.loads(said)["examples_per_second"]


def error_of(model, test):
    if test is None:
        return float("nan")
    command = [TRUEZERO, "evaluate", model, *test, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["error"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--source", metavar="DIR", help="where the data is")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--every", type=int, nargs="+", default=[25, 100, 400], metavar="K", help="mini-batches")
    parser.add_argument("--epochs", type=int, metavar="N")
    args = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    import truezero.ray

    with tempfile.TemporaryDirectory() as folder:
        files, options, test, epochs = WORKS[args.work](args.source, folder)
        epochs = args.epochs or epochs
        print("| workers | average every | test error | examples/s | computing, s a round | exchanging, s a round |")
        print("|---|---|---|---|---|---|", flush=True)
        pace = alone(files, options, epochs, f"{folder}/alone")
        print(f"| the command | | {100 * error_of(f'{folder}/alone', test):.2f} % | {pace:,.0f} | | |", flush=True)
        ray.init(address="local", num_cpus=max(args.workers), include_dashboard=False, log_to_driver=False)
        for workers in args.workers:
            for every in args.every:
                seen = []
                model = f"{folder}/model"
                truezero.ray.fit(files, workers=workers, every=every, epochs=epochs, out=model, on_epoch=seen.append, **options)
                # The first epoch is left out: processes warm up.
                later = seen[1:] or seen
                total = lambda of: sum(getattr(epoch, of) for epoch in later)
                seconds = total("seconds_computing") + total("seconds_exchanging")
                print(
                    f"| {workers} | {every} | {100 * error_of(model, test):.2f} % | {total('examples') / seconds:,.0f} "
                    f"| {total('seconds_computing') / total('rounds'):.4f} | {total('seconds_exchanging') / total('rounds'):.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
