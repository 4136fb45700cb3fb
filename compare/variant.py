"""What a peer's module makes for the worker: jobs it is given, variants it gives back."""
from dataclasses import dataclass
from typing import Callable, Optional

import data
from model import Model


@dataclass
class Job:
    """Work to be done with a model on data."""
    kind: str  # "training", "inference" or "fit"
    model: Model
    path: str  # of the data
    batch: int
    threads: int
    l1: float
    learning_rate: float
    epochs: int  # of a fit

    def __post_init__(self):
        self.text = not self.model.classifies
        self.x, self.y = data.read_svmlight(self.path, self.model.sizes[0]) if self.text \
            else data.read_digits(self.path)
        self.count = self.x.shape[0] // self.batch  # of mini-batches
        if not self.count:
            raise ValueError(f"{self.path}: expected at least {self.batch} examples, found {self.x.shape[0]}")

    def batches(self):
        """The mini-batches in order: inputs (a slice of an array or of a sparse matrix) and targets."""
        for start in range(0, self.count * self.batch, self.batch):
            yield self.x[start:start + self.batch], self.y[start:start + self.batch]

    def dense_batches(self):
        """The same with inputs as arrays."""
        for x, y in self.batches():
            yield (x.toarray() if self.text else x), y

    def copies(self):
        """Weights and biases to train on."""
        return [w.copy() for w in self.model.weights], [b.copy() for b in self.model.biases]


@dataclass
class Variant:
    """One way to do the work."""
    call: Callable[[], object]  # what is timed
    examples: int  # in a call
    steps: int = 1  # mini-batches in a call
    outputs: Optional[Callable[[int], object]] = None  # inference: those of a mini-batch
    probabilities: bool = False  # whether these have passed the softmax
    parameters: Optional[Callable[[], list]] = None  # training: weights (inputs × units), then biases
    l1: bool = True  # whether it has the penalty
    whole: bool = False  # a call is long and is not to be repeated within a block


def in_turn(items):
    """The items for ever."""
    items = list(items)
    while True:
        yield from items
