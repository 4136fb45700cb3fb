"""Imported networks beside where they came from: how sparse they are, and how fast they predict. Tables in Markdown.

    python python/benchmarks/imported.py [--threads 1]

scikit-learn trains 784-1000-1000-10 on the 4,000 digits that come with truezero, and a network of 1,000 units on TF-IDF of
the film snippets; `truezero.from_sklearn` takes them over, and ONNX Runtime gets the same networks. All predict
probabilities of the same test examples, in turns, and the best of the turns counts, for other programs may be running.
ONNX Runtime takes no sparse matrices: making text dense is part of its time.
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
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neural_network import MLPClassifier

import truezero

ROUNDS = 60
#: Seconds that each has in a round: less than a system leaves a program undisturbed.
TURN = 0.03


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = ASKED.threads
    session = onnxruntime.InferenceSession(model.to_onnx(), options, providers=["CPUExecutionProvider"])

    def predict(X):
        X = X.toarray() if sparse.issparse(X) else X
        return session.run(["probabilities"], {"input": X})[0]

    return predict


def digits():
    data = truezero.datasets.load_digits5k()
    X, train, test = data.data / np.float32(255), data.parts["train"], data.parts["test"]
    # Plain descent leaves more zeros than Adam: 75 and 62 % against 44 and 32 %.
    rule = {"solver": "sgd", "learning_rate_init": 0.1, "batch_size": 50}
    peer = MLPClassifier((1000, 1000), max_iter=12, random_state=0, **rule).fit(X[train], data.target[train])
    return "digits", peer, X[test]


def text():
    data = truezero.datasets.load_film_snippets()
    train, test = data.parts["train"], data.parts["test"]
    vectorizer = TfidfVectorizer(min_df=2, dtype=np.float32)
    peer = MLPClassifier((1000,), max_iter=3, random_state=0)
    peer.fit(vectorizer.fit_transform(data.data[train]), data.target[train])
    return "text", peer, vectorizer.transform(data.data[test])


def best_times(variants, batch):
    """Seconds that each takes for a batch."""
    best = dict.fromkeys(variants, np.inf)
    for _ in range(ROUNDS):
        for name, predict in variants.items():
            ends = time.perf_counter() + TURN
            while (started := time.perf_counter()) < ends:
                predict(batch)
                best[name] = min(best[name], time.perf_counter() - started)
    return best.values()


def main():
    warnings.simplefilter("ignore")
    for name, peer, X in [digits(), text()]:
        ours = truezero.from_sklearn(peer)
        print(ours.report(X), end="\n\n")
        variants = {
            "scikit-learn": peer.predict_proba,
            "ONNX Runtime": session_of(ours),
            "truezero": ours.predict_proba,
        }
        print(f"| {name}, examples at once |", " | ".join(variants), "|")
        print("|---|" + "---|" * len(variants))
        for size in [1, 64, 500]:
            batch = X[:size]
            expected = peer.predict_proba(batch)
            for variant, predict in variants.items():
                np.testing.assert_allclose(predict(batch), expected, atol=1e-4, err_msg=variant)
            cells = [f"{1e6 * seconds:,.0f} µs" for seconds in best_times(variants, batch)]
            print(f"| {size} |", " | ".join(cells), "|", flush=True)
        print()


if __name__ == "__main__":
    main()
