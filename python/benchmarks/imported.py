"""An imported network beside where it came from: how sparse it is, and how fast it predicts. Tables in Markdown.

    python python/benchmarks/imported.py [--threads 1]

scikit-learn trains 784-1000-1000-10 on the 4,000 digits that come with truezero; ``truezero.from_sklearn`` takes it over,
and ONNX Runtime gets the same network. All predict probabilities of the same test digits, in turns, and medians count.
"""

import argparse
import os
import time
import warnings


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


ASKED = parsed()
# Libraries read these when they are loaded.
for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[variable] = str(ASKED.threads)

import numpy as np
import onnxruntime
import truezero
from sklearn.neural_network import MLPClassifier

ROUNDS = 30
#: Seconds that each has in a round.
TURN = 0.1


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = ASKED.threads
    session = onnxruntime.InferenceSession(model.to_onnx(), options, providers=["CPUExecutionProvider"])
    return lambda X: session.run(["probabilities"], {"input": X})[0]


def main():
    warnings.simplefilter("ignore")
    digits = truezero.datasets.load_digits5k()
    X, y = digits.data / np.float32(255), digits.target
    train, test = digits.parts["train"], digits.parts["test"]
    peer = MLPClassifier((1000, 1000), max_iter=15, random_state=0).fit(X[train], y[train])
    ours = truezero.from_sklearn(peer)
    print(ours.report(X[test]), end="\n\n")
    variants = {"scikit-learn": peer.predict_proba, "ONNX Runtime": session_of(ours), "truezero": ours.predict_proba}
    print("| examples at once |", " | ".join(variants), "|")
    print("|---|" + "---|" * len(variants))
    for size in [1, 64, 500]:
        batch = np.ascontiguousarray(X[test][:size])
        expected = peer.predict_proba(batch)
        for name, predict in variants.items():
            np.testing.assert_allclose(predict(batch), expected, atol=1e-4, err_msg=name)
        found = {name: [] for name in variants}
        for _ in range(ROUNDS):
            for name, predict in variants.items():
                started, count = time.perf_counter(), 0
                while time.perf_counter() - started < TURN:
                    predict(batch)
                    count += 1
                found[name].append((time.perf_counter() - started) / count)
        medians = [np.median(times) * 1e6 for times in found.values()]
        print(f"| {size} |", " | ".join(f"{median:,.0f} µs" for median in medians), "|", flush=True)


if __name__ == "__main__":
    main()
