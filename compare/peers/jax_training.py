"""Training steps in JAX: plain gradient descent, float32. A call is several steps, so that Python waits once.

step    one jitted step at a time, parameters donated
scan    lax.scan over the steps of a call, in one jitted call
manual  scan with a hand-written backward instead of jax.grad
bag     manual, with bags of words as lists of rows to sum and to update (text only)
"""
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np

from variant import Variant, in_turn

# Weights of one network above which a call has few steps: they take long enough.
LARGE = 20_000_000


def version():
    return f"jax {jax.__version__}"


def variants(job):
    builders = {
        "step": lambda: stepwise(job),
        "scan": lambda: scanned(job, dense_batches(job), gradient_step(job)),
        "manual": lambda: scanned(job, dense_batches(job), manual_step(job, dense_first, dense_update)),
    }
    if job.text:
        builders["bag"] = lambda: scanned(job, bag_batches(job), manual_step(job, bag_first, bag_update))
    return builders


def steps_of_a_call(job):
    large = sum(w.size for w in job.model.weights) > LARGE
    return min(job.count, 2 if large else 20)


def dense_batches(job):
    return [x for x, _ in job.dense_batches()]


def bag_batches(job):
    """For each example its words, filled up with a word that is not there, which JAX skips."""
    longest = max(np.diff(job.x.indptr).max(), 1)
    made = []
    for bags, _ in job.batches():
        words = np.full((job.batch, longest), job.x.shape[1], np.int32)
        for row in range(job.batch):
            of_row = bags.indices[bags.indptr[row]:bags.indptr[row + 1]]
            words[row, :len(of_row)] = of_row
        made.append(words)
    return made


def activation(job):
    return {"rectifier": jax.nn.relu, "tanh": jnp.tanh}[job.model.activation]


def gradient_step(job):
    activate = activation(job)

    def loss_of(parameters, x, y):
        h, penalty = x, 0.0
        for k, (w, b) in enumerate(parameters):
            h = h @ w + b
            if k + 1 < len(parameters):
                h = activate(h)
                if job.l1:
                    penalty = penalty + jnp.abs(h).sum() / job.batch
        if job.model.classifies:
            cost = -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1).mean()
        else:
            cost = 0.5 * ((h - y) ** 2).mean()
        return cost + job.l1 * penalty

    def step(parameters, batch):
        gradient = jax.grad(loss_of)(parameters, *batch)
        return jax.tree.map(lambda p, d: p - job.learning_rate * d, parameters, gradient), 0.0

    return step


def dense_first(x, w):
    return x @ w


def dense_update(w, x, change):
    return w + x.T @ change


def bag_first(words, w):
    return jnp.take(w, words, axis=0, mode="fill", fill_value=0).sum(1)


def bag_update(w, words, change):
    spread = jnp.broadcast_to(change[:, None, :], (*words.shape, change.shape[1]))
    return w.at[words].add(spread, mode="drop")


def manual_step(job, first, update):
    activate, rectifier = activation(job), job.model.activation == "rectifier"
    penalty = job.l1 / job.batch

    def step(parameters, batch):
        x, y = batch
        layers = [x]
        for k, (w, b) in enumerate(parameters):
            z = (layers[-1] @ w if k else first(x, w)) + b
            layers.append(activate(z) if k + 1 < len(parameters) else z)
        out = layers[-1]
        if job.model.classifies:
            error = (jax.nn.softmax(out) - jax.nn.one_hot(y, out.shape[1])) / job.batch
        else:
            error = (out - y) / job.batch
        changed = []
        for k in reversed(range(len(parameters))):
            w, b = parameters[k]
            change = -job.learning_rate * error
            changed.append(((w + layers[k].T @ change) if k else update(w, x, change), b + change.sum(0)))
            if k:
                h, below = layers[k], error @ w.T
                if job.l1:
                    below = below + (penalty if rectifier else penalty * jnp.sign(h))
                error = jnp.where(h > 0, below, 0.0) if rectifier else below * (1 - h * h)
        return changed[::-1], 0.0

    return step


def fresh(job):
    return [(jnp.array(w), jnp.array(b)) for w, b in zip(job.model.weights, job.model.biases)]


def parameters_of(state):
    return lambda: [np.asarray(w) for w, _ in state[0]] + [np.asarray(b) for _, b in state[0]]


def stepwise(job):
    step = jax.jit(gradient_step(job), donate_argnums=0)
    steps = steps_of_a_call(job)
    whole = islice(job.dense_batches(), job.count // steps * steps)
    feed = in_turn((jnp.array(x), jnp.array(y)) for x, y in whole)
    state = [fresh(job)]

    def call():
        for _ in range(steps):
            state[0], _ = step(state[0], next(feed))
        jax.block_until_ready(state[0])

    return Variant(call, steps * job.batch, steps, parameters=parameters_of(state))


def scanned(job, inputs, step):
    run = jax.jit(lambda parameters, batches: jax.lax.scan(step, parameters, batches), donate_argnums=0)
    steps = steps_of_a_call(job)
    targets = [y for _, y in job.batches()]
    feed = in_turn([(jnp.array(np.stack(inputs[at:at + steps])), jnp.array(np.stack(targets[at:at + steps])))
                    for at in range(0, job.count - steps + 1, steps)])
    state = [fresh(job)]

    def call():
        state[0], _ = run(state[0], next(feed))
        jax.block_until_ready(state[0])

    return Variant(call, steps * job.batch, steps, parameters=parameters_of(state))
