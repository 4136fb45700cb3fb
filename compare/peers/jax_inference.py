"""Inference in JAX, float32.

call   jitted, weights as arguments
const  jitted, weights baked in
aot    const, lowered and compiled beforehand
"""
import jax
import jax.numpy as jnp
import numpy as np

from peers.jax_training import activation, version
from variant import Variant, in_turn

__all__ = ["variants", "version"]


def variants(job):
    parameters = [(jnp.array(w), jnp.array(b)) for w, b in zip(job.model.weights, job.model.biases)]
    feeds = [jnp.array(x) for x, _ in job.dense_batches()]
    activate = activation(job)

    def forward(parameters, x):
        for k, (w, b) in enumerate(parameters):
            x = x @ w + b
            if k + 1 < len(parameters):
                x = activate(x)
        return x

    def variant(run):
        feed = in_turn(feeds)
        return Variant(lambda: run(next(feed)).block_until_ready(), job.batch,
                       outputs=lambda k: np.asarray(run(feeds[k])))

    def call():
        jitted = jax.jit(forward)
        return variant(lambda x: jitted(parameters, x))

    return {
        "call": call,
        "const": lambda: variant(jax.jit(lambda x: forward(parameters, x))),
        "aot": lambda: variant(jax.jit(lambda x: forward(parameters, x)).lower(feeds[0]).compile()),
    }
