"""truezero through its public command."""
import csv
import json
import subprocess

import environment


def run(*arguments, threads=None):
    command = [environment.TRUEZERO, *map(str, arguments)]
    pin = None if threads is None else lambda: environment.pin(threads)
    done = subprocess.run(command, preexec_fn=pin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def train(data, out, *options, threads=None):
    """Trains a model; returns what was reported."""
    more = [] if threads is None else ["--threads", threads]
    return json.loads(run("train", data, "--out", out, *options, *more, "--json", "--quiet", threads=threads))


def predict(model, data, out):
    """For each example the outputs: probabilities, or the quantity."""
    import numpy as np
    run("predict", model, data, "--out", out)
    with open(out, encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        skip = 1 if next(rows)[0] == "label" else 0
        return np.array([[float(value) for value in row[skip:]] for row in rows])


def bench(model, data, work, threads, seconds):
    """Examples per second at a work of kind training or inference."""
    steps = ["--l1", work.l1, "--learning-rate", work.learning_rate] if work.kind == "training" else []
    document = json.loads(run("bench", model, data, "--batch-size", work.batch, "--threads", threads,
                              "--work", work.kind, "--seconds", seconds, *steps, "--json", threads=threads))
    return document[work.kind]["examples_per_second"]


def version():
    return run("--version").strip()
