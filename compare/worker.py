"""A peer's process: builds every variant once, checks it, then times one block for each line it is sent.

Standard input: first line the job, then for each block {"variant": NAME, "seconds": S}. Standard output:
first line the variants (their checks or errors), then for each block {"examples_per_second": …, "cpus": …}.
"""
import importlib
import json
import os
import sys
import time
from itertools import islice

import numpy as np

from model import Model, difference, distance, softmax
from variant import Job, in_turn

# Mini-batches whose outputs are checked, and at least so many steps of training: the change of one step alone
# is small beside the rounding of the weights.
CHECKED = 8
STEPS = 5
# Difference from the reference that rounding explains: of outputs the largest, relative to the largest value; of the
# changes of weights the norm, relative to that of the change. (Rounding may wake a unit that is all but silent, and
# one that slept in the reference moves its own weights a little, whoever computes it.)
TOLERANCE = {"inference": 1e-3, "training": 1e-2}


def main():
    # Libraries print; what they print must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    peer = importlib.import_module("peers." + request.pop("peer"))
    only, warm_up = request.pop("only"), request.pop("warm_up")
    job = Job(model=Model.load(request.pop("model")), **request)
    check = Check(job)
    ready, variants = {}, {}
    for name, build in peer.variants(job).items():
        if only and name not in only:
            continue
        try:
            variant = build()
            ready[name] = {"difference": check(name, variant)}
            variants[name] = [variant, pace(variant, warm_up)]
        except Exception as error:  # what one version or variant cannot do must not stop the others
            text = str(error).strip().splitlines() or [""]
            ready[name] = {"error": f"{type(error).__name__}: {text[0]}"[:300]}
    print(json.dumps({"version": peer.version(), "variants": ready}), file=answers)
    for line in sys.stdin:
        block = json.loads(line)
        variant, per_second = variants[block["variant"]]
        calls = 1 if variant.whole else max(1, round(block["seconds"] * per_second))
        found = timed(variant, calls)
        variants[block["variant"]][1] = found["examples_per_second"] / variant.examples
        print(json.dumps(found), file=answers)


class Check:
    """Holds a variant against the reference: outputs of the first mini-batches, or the change of some steps."""

    def __init__(self, job):
        self.job = job
        self.changes = {}

    def __call__(self, name, variant):
        if variant.outputs:
            found = max(self.outputs(variant, k) for k in range(min(CHECKED, self.job.count)))
        elif variant.parameters:
            found = self.change(variant)
        else:
            return None
        if not found < TOLERANCE[self.job.kind]:
            raise ValueError(f"{name} does not compute what the reference does: difference {found:.2g}")
        return found

    def outputs(self, variant, k):
        x = self.job.x[k * self.job.batch:(k + 1) * self.job.batch]
        expected = self.job.model.outputs(x.toarray() if self.job.text else x)
        return difference(variant.outputs(k), softmax(expected) if variant.probabilities else expected)

    def change(self, variant):
        job, calls = self.job, -(-STEPS // variant.steps)
        steps = calls * variant.steps
        key = variant.steps, variant.l1
        if key not in self.changes:
            # Of the mini-batches, those that fill whole calls.
            turns = in_turn(islice(job.batches(), job.count // variant.steps * variant.steps))
            l1 = job.l1 if variant.l1 else 0.0
            self.changes[key] = job.model.changes(islice(turns, steps), job.learning_rate, l1)
        for _ in range(calls):
            variant.call()
        start = job.model.weights + job.model.biases
        # Weights are rounded in every step. A change that is not much more than that tells little.
        rounding = (steps * np.spacing(np.abs(array).max()) for array in start)
        return max(distance(after - before, change, 100 * least) for after, before, change, least
                   in zip(variant.parameters(), start, self.changes[key], rounding))


def pace(variant, warm_up):
    """Calls per second after a warm-up."""
    if variant.whole:
        return 1.0
    variant.call()
    calls, started = 0, time.perf_counter()
    while True:
        variant.call()
        calls += 1
        elapsed = time.perf_counter() - started
        if elapsed >= warm_up and (calls >= 3 or elapsed >= 4 * warm_up):
            return calls / elapsed


def timed(variant, calls):
    cpu, started = time.process_time(), time.perf_counter()
    for _ in range(calls):
        variant.call()
    elapsed = time.perf_counter() - started
    cpus = (time.process_time() - cpu) / elapsed
    return {"examples_per_second": variant.examples * calls / elapsed, "cpus": round(cpus, 2)}


if __name__ == "__main__":
    main()
