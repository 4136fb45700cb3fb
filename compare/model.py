"""A model file of truezero in numpy: its weights, what it computes, and how a training step changes it.

The reference that truezero and every peer are held against.
"""
import json

import numpy as np


class Model:
    """weights: inputs × units, lowest layer first; activation: of the hidden layers; classifies: softmax
    cross-entropy, else squared error."""

    def __init__(self, weights, biases, activation, classifies, scales=None):
        self.weights, self.biases = weights, biases
        self.activation, self.classifies, self.scales = activation, classifies, scales

    @classmethod
    def load(cls, path):
        from safetensors import safe_open
        with safe_open(path, framework="numpy") as file:
            document = json.loads(file.metadata()["truezero"])
            layers = document["network"]["layers"]
            weights = [file.get_tensor(f"layers.{k}.weight") for k in range(len(layers))]
            biases = [file.get_tensor(f"layers.{k}.bias") for k in range(len(layers))]
        activations = {layer["activation"] for layer in layers[:-1]}
        if len(activations) != 1 or any(layer["signs"] for layer in layers):
            raise ValueError(f"{path}: expected one activation for all hidden layers and no signs")
        classifies = document["network"]["cost"] == "softmax-cross-entropy"
        return cls(weights, biases, activations.pop(), classifies, None if classifies else quantities(document))

    @property
    def sizes(self):
        return [len(self.weights[0]), *(w.shape[1] for w in self.weights)]

    def activate(self, z):
        return np.maximum(z, 0) if self.activation == "rectifier" else np.tanh(z)

    def hidden(self, x, dtype=np.float32):
        """The input and the outputs of each hidden layer."""
        layers = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            layers.append(self.activate(layers[-1] @ w.astype(dtype, copy=False) + b))
        return layers

    def outputs(self, x):
        """Pre-activations of the last layer, in double precision."""
        layers = self.hidden(x.astype(np.float64), np.float64)
        return layers[-1] @ self.weights[-1].astype(np.float64) + self.biases[-1]

    def sparsity(self, x):
        """For each hidden layer the fraction of zeros."""
        return [float((h == 0).mean()) for h in self.hidden(x)[1:]]

    def changes(self, batches, learning_rate, l1):
        """How plain gradient descent on these mini-batches changes the weights and the biases."""
        start = self.weights + self.biases
        now = Model([w.copy() for w in self.weights], [b.copy() for b in self.biases],
                    self.activation, self.classifies)
        for x, y in batches:
            now.step(x, y, np.float32(learning_rate), np.float32(l1))
        return [b - a for a, b in zip(start, now.weights + now.biases)]

    def step(self, x, y, learning_rate, l1):
        layers = self.hidden(x)
        out = layers[-1] @ self.weights[-1] + self.biases[-1]
        if self.classifies:
            error = softmax(out)
            error[np.arange(len(y)), y] -= 1
        else:
            error = out - y
        error /= np.float32(len(y))
        for k in reversed(range(len(layers))):
            below = None
            if k:
                below = error @ self.weights[k].T
                if l1:
                    below += l1 / np.float32(len(y)) * np.sign(layers[k])
                below *= layers[k] > 0 if self.activation == "rectifier" else 1 - layers[k] ** 2
            self.weights[k] -= learning_rate * (layers[k].T @ error)
            self.biases[k] -= learning_rate * error.sum(0)
            error = below


def softmax(outputs):
    exponentials = np.exp(outputs - outputs.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def difference(found, expected, least=1e-30):
    """The largest difference, relative to the largest value expected, or to `least` if that is more."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), least))


def distance(found, expected, least):
    """The norm of the difference, relative to that of what is expected; where that is small, to what it would be if
    each value that is not zero were `least`."""
    floor = least * np.sqrt(np.count_nonzero(expected))
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), floor, 1e-30))


def quantities(document):
    """Mean and scale by which the model's one output becomes a quantity in the units of the data."""
    def find(node):
        if isinstance(node, dict):
            if "means" in node and "scales" in node:
                return node["means"][0], node["scales"][0]
            return next(filter(None, map(find, node.values())), None)
        return None
    return find(document["preprocessing"])
