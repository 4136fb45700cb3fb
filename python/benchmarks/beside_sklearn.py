"""Accuracy and time of fit beside scikit-learn's networks, with the same parameters: a table in Markdown.

    python python/benchmarks/beside_sklearn.py [--seeds 5] [--threads 1]

Each seed splits the data anew and starts the network anew. The score is accuracy or R² on the quarter held out; after
± stands its standard deviation over the seeds, and the last column is the difference of the means in units of its
standard error (2 is about what chance does one time in twenty). Inputs are scaled to mean 0 and deviation 1 (pixels to
[0, 1], words as TF-IDF), quantities to deviation 1. Both sides have the same number of threads; times are medians of
the processor's time, which other programs on the machine hardly change.
"""

import argparse
import os
import time
import warnings


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


ASKED = parsed()
# Libraries read these when they are loaded.
for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[variable] = str(ASKED.threads)

import numpy as np
import truezero
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler


def scaled(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def digits():
    X, y = datasets.load_digits(return_X_y=True)
    return X / 16, y


def digits5k():
    X, y = truezero.datasets.load_digits5k(return_X_y=True)
    return X / 255, y


def diabetes():
    X, y = scaled(datasets.load_diabetes)
    return X, (y - y.mean()) / y.std()


def snippets():
    texts, stars = truezero.datasets.load_film_snippets(return_X_y=True)
    chosen = stars != 3
    X = TfidfVectorizer(min_df=2).fit_transform(np.array(texts, dtype=object)[chosen])
    return X.astype(np.float32), stars[chosen] > 3


WORKS = [
    ("digits (8 × 8)", digits, {}),
    ("iris", lambda: scaled(datasets.load_iris), {}),
    ("wine", lambda: scaled(datasets.load_wine), {}),
    ("breast cancer", lambda: scaled(datasets.load_breast_cancer), {}),
    ("diabetes", diabetes, {"regress": True}),
    ("digits5k (28 × 28), 2 × 300 units", digits5k, {"hidden_layer_sizes": (300, 300), "max_iter": 15}),
    ("film snippets, sparse text", snippets, {"max_iter": 15}),
]


def fit(kind, parameters, seed, X, y, stratify):
    parts = train_test_split(X, y, random_state=seed, stratify=y if stratify else None)
    model = kind(random_state=seed, **parameters)
    started = time.process_time()
    model.fit(parts[0], parts[2])
    return time.process_time() - started, model.score(parts[1], parts[3])


def main():
    warnings.simplefilter("ignore")
    print("| data | scikit-learn | truezero | fit, scikit-learn | fit, truezero | difference |")
    print("|---|---|---|---|---|---|")
    for name, load, parameters in WORKS:
        parameters = dict(parameters)
        regress = parameters.pop("regress", False)
        X, y = load()
        kinds = (
            [MLPRegressor, truezero.RectifierRegressor] if regress else [MLPClassifier, truezero.RectifierClassifier]
        )
        # In turns, so that what slows the machine down slows both.
        found = [[fit(kind, parameters, seed, X, y, not regress) for kind in kinds] for seed in range(ASKED.seeds)]
        seconds, scores = np.moveaxis(np.array(found), 2, 0)
        means, deviations = scores.mean(axis=0), scores.std(axis=0, ddof=1)
        error = np.hypot(*deviations) / np.sqrt(ASKED.seeds)
        cells = [f"{mean:.3f} ± {deviation:.3f}" for mean, deviation in zip(means, deviations)]
        cells += [f"{median:.2f} s" for median in np.median(seconds, axis=0)]
        difference = (means[1] - means[0]) / error if error else 0.0
        print(f"| {name} | {' | '.join(cells)} | {difference:+.1f} |", flush=True)


if __name__ == "__main__":
    main()
