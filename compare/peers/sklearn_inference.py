"""Inference in scikit-learn's MLPClassifier, float32.

predict_proba  as it is meant to be called
fast           its private forward pass without checks of the input: a bound on what it could do
"""
import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from peers.sklearn_training import version
from variant import Variant, in_turn

__all__ = ["variants", "version"]


def variants(job):
    sklearn.set_config(assume_finite=True)
    sizes = job.model.sizes
    activation = {"rectifier": "relu", "tanh": "tanh"}[job.model.activation]
    net = MLPClassifier(hidden_layer_sizes=tuple(sizes[1:-1]), activation=activation, solver="sgd", batch_size=1)
    net.partial_fit(job.x[:1], np.zeros(1, np.int64), classes=np.arange(sizes[-1]))
    net.coefs_, net.intercepts_ = job.copies()
    feeds = [x for x, _ in job.dense_batches()]

    def variant(run):
        feed = in_turn(feeds)
        return Variant(lambda: run(next(feed)), job.batch, outputs=lambda k: run(feeds[k]), probabilities=True)

    return {
        "predict_proba": lambda: variant(net.predict_proba),
        "fast": lambda: variant(lambda x: net._forward_pass_fast(x, check_input=False)),
    }
