"""The networks of the contest: trained by truezero, so that their zeros are those of real training."""
import os

import numpy as np

import data
import truezero
from environment import note
from model import Model, difference, softmax

TARGET = 0.83  # mean fraction of zeros in the hidden layers
BOUNDS = 0.80, 0.85
TERMS = 5000  # inputs of the text networks
DENSITY = 0.008  # of synthetic text
TIMED_DIGITS, TIMED_TEXTS = 10_000, 4096  # most examples that are timed
FIT = 4000  # examples of a whole fit
MEASURED = 1024  # examples on which outputs and zeros are checked

SPARSE = ["--target-sparsity", TARGET]
SHAPE = ["--hidden", "1000,1000,1000"]
WIDE = ["--hidden", "5000,5000,5000"]
TEXT = ["--task", "regress", "--scaling", "none", "--learning-rate", "0.05"]

# Which data, and options of `truezero train`.
NETWORKS = {
    "rectifier": ("digits", [*SHAPE, *SPARSE]),
    "tanh": ("digits", [*SHAPE, "--activation", "tanh", "--l1", "0", "--learning-rate", "0.05"]),
    "text1000": ("text", [*TEXT, *SHAPE, *SPARSE]),
    "text5000": ("text", [*TEXT, *WIDE, *SPARSE]),
}


class Data:
    """Files of examples: all of them to train on, some of them to time."""

    def __init__(self, settings):
        self.folder, self.settings = os.path.join(settings.out, "data"), settings
        os.makedirs(self.folder, exist_ok=True)
        self.made = {}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def files(self, kind):
        """Paths for training and for timing."""
        if kind not in self.made:
            self.made[kind] = {"digits": self.digits, "text": self.text}[kind]()
        return self.made[kind]

    def digits(self):
        images, labels = data.digits(self.settings.mnist)
        if self.settings.quick:
            images, labels = images[:4000], labels[:4000]
        data.write_digits(self.path("digits"), images, labels)
        data.write_digits(self.path("digits-timed"), images[:TIMED_DIGITS], labels[:TIMED_DIGITS])
        data.write_digits(self.path("digits-fit"), images[:FIT], labels[:FIT])
        return self.path("digits"), self.path("digits-timed")

    def fit(self):
        """Examples of a whole fit."""
        self.files("digits")
        return self.path("digits-fit")

    def text(self):
        settings = self.settings
        if settings.text:
            bags, targets = data.bags_of(settings.text, settings.text_column, settings.text_target, TERMS)
        else:
            bags, targets = data.synthetic_bags(1500 if settings.quick else TIMED_TEXTS, TERMS, DENSITY)
        if bags.shape[1] != TERMS:
            raise ValueError(f"{settings.text}: expected at least {TERMS} different words, found {bags.shape[1]}")
        note(f"text: {bags.shape[0]} examples, {100 * bags.nnz / np.prod(bags.shape):.2f} % of the inputs active")
        data.write_svmlight(self.path("text.svmlight"), bags, targets)
        data.write_svmlight(self.path("text-timed.svmlight"), bags[:TIMED_TEXTS], targets[:TIMED_TEXTS])
        return self.path("text.svmlight"), self.path("text-timed.svmlight")


def train(name, files, settings):
    """Trains the network and holds its outputs against the reference; returns what to report of it."""
    kind, options = NETWORKS[name]
    training, timed = files.files(kind)
    path = os.path.join(settings.out, f"{name}.safetensors")
    note(f"training the network {name}")
    trained = truezero.train(training, path, *options, "--test-fraction", "0", "--epochs", settings.epochs)
    model = Model.load(path)
    x = read(model, timed)[:MEASURED]
    sparsity = model.sparsity(x)
    outputs = truezero.predict(path, timed, os.path.join(settings.out, f"{name}.csv"))[:MEASURED]
    expected = model.outputs(x)
    if model.classifies:
        expected = softmax(expected)
    else:
        mean, scale = model.scales
        outputs = (outputs - mean) / scale
    found = {"network": name, "sizes": model.sizes, "model": path, "data": timed,
             "inputs_active": float((x != 0).mean()), "sparsity": sparsity, "epochs": trained["epochs"],
             "difference": difference(outputs, expected)}
    mean = float(np.mean(sparsity))
    note(f"  zeros {', '.join(f'{100 * s:.1f} %' for s in sparsity)}, mean {100 * mean:.1f} %; "
         f"truezero's outputs differ from the reference by {found['difference']:.1e}")
    if not found["difference"] < 1e-3:
        raise ValueError(f"{name}: truezero's outputs differ from the reference by {found['difference']:.2g}")
    if name != "tanh" and not BOUNDS[0] <= mean <= BOUNDS[1]:
        note(f"  warning: expected a mean of {100 * BOUNDS[0]:.0f} to {100 * BOUNDS[1]:.0f} %")
    return found


def read(model, path):
    if model.classifies:
        return data.read_digits(path)[0]
    return data.read_svmlight(path, model.sizes[0])[0][:MEASURED].toarray()
