"""Data that truezero and every peer read from the same files: IDX folders of digits, svmlight files of text."""
import csv
import gzip
import os
import struct

import numpy as np

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
EMBEDDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../crates/truezero-data/embedded/digits5k")


# ---------------------------------------------------------------- digits

def read_idx(path):
    """The array of unsigned bytes in an IDX file, gzipped or not."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        _, kind, dimensions = struct.unpack(">HBB", file.read(4))
        if kind != 8:
            raise ValueError(f"{path}: expected an IDX file of unsigned bytes, found type {kind}")
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def write_idx(path, array):
    with open(path, "wb") as file:
        file.write(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape))
        file.write(np.ascontiguousarray(array, dtype=np.uint8).tobytes())


def digits(mnist=None):
    """Images (n × 28 × 28 bytes) and labels: MNIST's training part in a folder, or the embedded digits'."""
    def part(folder, name):
        for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
            if os.path.exists(path):
                return read_idx(path)
        raise FileNotFoundError(f"{folder}: expected {name} or {name}.gz, found neither")
    if mnist:
        return part(mnist, IMAGES), part(mnist, LABELS)
    images, labels = part(EMBEDDED, "images.idx"), part(EMBEDDED, "labels.idx")
    return images[:4000], labels[:4000]  # the rest is for validation and testing


def write_digits(folder, images, labels):
    """A folder that `truezero` takes as a data set."""
    os.makedirs(folder, exist_ok=True)
    write_idx(os.path.join(folder, IMAGES), images)
    write_idx(os.path.join(folder, LABELS), labels)


def read_digits(folder):
    """Inputs (n × 784, in 0 to 1) and labels, as truezero prepares them."""
    images, labels = read_idx(os.path.join(folder, IMAGES)), read_idx(os.path.join(folder, LABELS))
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255), labels.astype(np.int64)


# ---------------------------------------------------------------- text

def bags_of(path, text_column, target_column, terms):
    """Binary bags of the most frequent words of a table's column, and the targets scaled to deviations."""
    from sklearn.feature_extraction.text import CountVectorizer
    csv.field_size_limit(1 << 30)
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", newline="") as file:
        rows = [(row[text_column], float(row[target_column])) for row in csv.DictReader(file)]
    texts, targets = zip(*rows)
    # The most frequent words by the number of texts they are in, as a binary bag counts.
    words = CountVectorizer(binary=True, dtype=np.float32)
    bags = words.fit_transform(texts)
    frequent = np.sort(np.argsort(-np.asarray(bags.sum(0)).ravel(), kind="stable")[:terms])
    return shuffled(bags[:, frequent], np.array(targets))


def synthetic_bags(examples, terms, density, seed=1):
    """Binary bags whose words' frequencies follow a power law, and targets at random."""
    import scipy.sparse as sp
    random = np.random.default_rng(seed)
    log_frequency = -0.7 * np.log(np.arange(1, terms + 1))
    random.shuffle(log_frequency)
    counts = random.integers(int(0.75 * density * terms), int(1.25 * density * terms) + 1, examples)
    # The largest of log-probability + Gumbel noise are a draw without replacement.
    rows = [np.argpartition(-(log_frequency + random.gumbel(size=terms)), k)[:k] for k in counts]
    starts = np.concatenate([[0], np.cumsum(counts)])
    bags = sp.csr_matrix((np.ones(starts[-1], np.float32), np.concatenate(rows), starts), (examples, terms))
    return shuffled(bags, random.normal(size=examples))


def shuffled(bags, targets):
    order = np.random.default_rng(0).permutation(len(targets))
    bags, targets = bags[order].tocsr(), targets[order]
    bags.sort_indices()
    return bags, ((targets - targets.mean()) / targets.std()).astype(np.float32)


def write_svmlight(path, bags, targets):
    """Columns are counted from 1."""
    with open(path, "w", encoding="ascii") as file:
        for row, target in enumerate(targets):
            columns = bags.indices[bags.indptr[row]:bags.indptr[row + 1]]
            file.write(" ".join([f"{target:.9g}", *(f"{column + 1}:1" for column in columns)]) + "\n")


def read_svmlight(path, terms):
    """Binary bags (compressed sparse rows) and targets (n × 1)."""
    from sklearn.datasets import load_svmlight_file
    bags, targets = load_svmlight_file(path, n_features=terms, dtype=np.float32, zero_based=False)
    return bags, targets.astype(np.float32).reshape(-1, 1)
