"""Training steps in scikit-learn: plain gradient descent, float32, no penalty on activations (it has none).

A call is partial_fit over some mini-batches in order. On text: csr (sparse rows) and dense.
"""
import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from variant import Variant, in_turn

# Examples of a call, in which partial_fit's checks of its arguments are spread over several steps.
EXAMPLES = 1280
# Weights of one network above which a step takes long enough by itself.
LARGE = 20_000_000


def version():
    return f"scikit-learn {sklearn.__version__}"


def variants(job):
    warnings.simplefilter("ignore")
    if job.text:
        return {"csr": lambda: partial_fit(job, dense=False), "dense": lambda: partial_fit(job, dense=True)}
    return {"partial_fit": lambda: partial_fit(job, dense=True)}


def network(job, **options):
    """A network of the model's shape, trained as truezero trains."""
    kind = MLPClassifier if job.model.classifies else MLPRegressor
    activation = {"rectifier": "relu", "tanh": "tanh"}[job.model.activation]
    return kind(hidden_layer_sizes=tuple(job.model.sizes[1:-1]), activation=activation, solver="sgd",
                momentum=0.0, nesterovs_momentum=False, alpha=0.0, batch_size=job.batch,
                learning_rate_init=job.learning_rate, random_state=0, **options)


def partial_fit(job, dense):
    large = sum(w.size for w in job.model.weights) > LARGE
    steps = min(job.count, 2 if large else max(2, EXAMPLES // job.batch))
    size = steps * job.batch
    x = job.x.toarray() if job.text and dense else job.x
    y = job.y.ravel()
    chunks = [(x[at:at + size], y[at:at + size]) for at in range(0, job.count * job.batch - size + 1, size)]
    net = network(job, shuffle=False)
    classes = {"classes": np.arange(job.model.sizes[-1])} if job.model.classifies else {}
    net.partial_fit(x[:job.batch], y[:job.batch], **classes)
    # In place: the optimiser has seen these arrays.
    for now, start in zip(net.coefs_ + net.intercepts_, job.model.weights + job.model.biases):
        if now.dtype != np.float32:
            raise TypeError(f"expected scikit-learn to keep float32, found {now.dtype}")
        now[...] = start
    feed = in_turn(chunks)
    return Variant(lambda: net.partial_fit(*next(feed), **classes), size, steps,
                   parameters=lambda: net.coefs_ + net.intercepts_, l1=False)
