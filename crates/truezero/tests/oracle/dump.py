"""Computes, with PyTorch in double precision, what the tests of this crate are held against.

Writes gradients.safetensors, trajectories.safetensors and autoencoders.safetensors beside itself; README.md describes them.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

HERE = Path(__file__).parent

# Of the leaky integrate-and-fire unit; without dimension, so that its rate lies in [0, 1).
LIF = {"tau": 1.0, "t_ref": 1.0, "v_th": 1.0, "v_r": 0.0, "e": 0.0, "r": 1.0}

GRADIENTS = {"sizes": [12, 9, 7, 4], "batch": 6, "l1": 1e-2, "weight_decay": 1e-3, "lif": LIF}

TRAJECTORIES = {
    "sizes": [20, 16, 12, 5],
    "examples": 160,
    "batch": 8,
    "steps": 100,
    "l1": 1e-3,
    "weight_decay": 1e-2,  # of the cases whose name ends in _decay
    "learning_rate": {"sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "adam": 0.003},
    "momentum": 0.9,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
}

AUTOENCODERS = {"inputs": 14, "units": 9, "examples": 40, "batch": 8, "steps": 25, "l1": 1e-2, "learning_rate": 0.02}

# Single precision must be able to follow: no test can ask for more than the numbers can give.
SINGLE_PRECISION_TOLERANCE = 3e-5


def softplus(alpha):
    return lambda x: torch.logaddexp(torch.zeros_like(x), alpha * x) / alpha


def leaky_integrate_and_fire(x):
    u = LIF["e"] + LIF["r"] * x
    fires = u > LIF["v_th"]
    # Units that do not fire must not reach the logarithm: its gradient there is no number.
    u = torch.where(fires, u, torch.full_like(u, 2 * LIF["v_th"]))
    interval = LIF["tau"] * torch.log((u - LIF["v_r"]) / (u - LIF["v_th"])) + LIF["t_ref"]
    return torch.where(fires, 1 / interval, torch.zeros_like(u))


# The function, where its slope jumps (None if nowhere), and how far from there the weighted sums are kept.
ACTIVATIONS = {
    "rectifier": (torch.relu, 0.0, 0.01),
    "softplus_1": (softplus(1.0), None, 0.0),
    "softplus_3": (softplus(3.0), None, 0.0),
    "tanh": (torch.tanh, None, 0.0),
    "logistic": (torch.sigmoid, None, 0.0),
    "leaky_integrate_and_fire": (leaky_integrate_and_fire, 1.0, 0.05),
    "identity": (lambda x: x, None, 0.0),
}


def softmax_cross_entropy(z, targets):
    return torch.nn.functional.cross_entropy(z, targets, reduction="none")


def logistic_cross_entropy(z, targets):
    return torch.nn.functional.binary_cross_entropy_with_logits(z, targets, reduction="none").sum(1)


def squared_error(z, targets):
    return 0.5 * ((z - targets) ** 2).sum(1)


# The cost of each example, and targets for it.
COSTS = {
    "softmax_cross_entropy": (softmax_cross_entropy, lambda rng, b, n: rng.integers(0, n, b)),
    "logistic_cross_entropy": (
        logistic_cross_entropy,
        lambda rng, b, n: rng.integers(0, 2, (b, n)).astype(np.float32),
    ),
    "squared_error": (squared_error, lambda rng, b, n: rng.normal(size=(b, n)).astype(np.float32)),
}


def parameters(rng, sizes, bias):
    """Weights [in, out] within the Glorot bound and biases around `bias`, in single precision."""
    layers = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        bound = np.sqrt(6 / (fan_in + fan_out))
        weight = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32)
        layers.append((weight, (bias + rng.uniform(-0.2, 0.2, fan_out)).astype(np.float32)))
    return layers


def sparse(rng, shape, density):
    """Values of either sign, most of them zero, in single precision."""
    return (rng.uniform(-0.5, 1.5, shape) * (rng.random(shape) < density)).astype(np.float32)


def as_torch(array, dtype=torch.float64):
    """A copy: training writes into its tensors, and the arrays are used again."""
    tensor = torch.tensor(array)
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def trainable(layers, dtype=torch.float64):
    return [tuple(as_torch(array, dtype).requires_grad_() for array in layer) for layer in layers]


def forward(layers, activation, x):
    """Weighted sums of the hidden layers, what comes out of them, and the linear output."""
    sums, hidden = [], []
    for weight, bias in layers[:-1]:
        sums.append(x @ weight + bias)
        x = activation(sums[-1])
        hidden.append(x)
    weight, bias = layers[-1]
    return sums, hidden, x @ weight + bias


def l1_penalty(l1, hidden):
    return l1 * sum(h.abs().sum() for h in hidden) / len(hidden[0])


def l2_penalty(weight_decay, layers):
    return 0.5 * weight_decay * sum((weight**2).sum() for weight, _ in layers)


def gradient_case(activation, cost, seed):
    """The tensors of one case, or None if a weighted sum lies too near to where the slope jumps."""
    rng = np.random.default_rng(seed)
    f, jump, margin = ACTIVATIONS[activation]
    of_example, draw_targets = COSTS[cost]
    sizes, batch = GRADIENTS["sizes"], GRADIENTS["batch"]
    drawn = parameters(rng, sizes, jump or 0.0)
    inputs = sparse(rng, (batch, sizes[0]), 0.4)
    targets = draw_targets(rng, batch, sizes[-1])
    weights = rng.uniform(0.5, 2.0, batch).astype(np.float32)

    layers = trainable(drawn)
    sums, hidden, outputs = forward(layers, f, as_torch(inputs))
    if jump is not None:
        if min((s - jump).abs().min() for s in sums) < margin:
            return None
        if not all(0.25 < (h > 0).double().mean() < 0.75 for h in hidden):
            return None
    data_cost = (as_torch(weights) * of_example(outputs, as_torch(targets))).sum() / batch
    l1 = l1_penalty(GRADIENTS["l1"], hidden)
    l2 = l2_penalty(GRADIENTS["weight_decay"], layers)
    (data_cost + l1 + l2).backward()

    tensors = {"inputs": inputs, "targets": targets, "example_weights": weights}
    for k, layer in enumerate(layers):
        output = hidden[k] if k < len(hidden) else outputs
        tensors[f"layers.{k}.output"] = output.detach().numpy()
        for name, array, tensor in zip(("weight", "bias"), drawn[k], layer):
            tensors[f"layers.{k}.{name}"] = array
            tensors[f"layers.{k}.{name}.grad"] = tensor.grad.numpy()
    for name, value in [("cost", data_cost), ("l1_penalty", l1), ("l2_penalty", l2)]:
        tensors[name] = np.array([value.item()])
    return tensors


def gradients():
    tensors = {}
    for a, activation in enumerate(ACTIVATIONS):
        for c, cost in enumerate(COSTS):
            seeds = range(1_000_000 * (3 * a + c), 1_000_000 * (3 * a + c + 1))
            case = next(case for seed in seeds if (case := gradient_case(activation, cost, seed)))
            tensors |= {f"{activation}.{cost}.{name}": array for name, array in case.items()}
    return tensors


def optimiser(case, layers):
    settings = TRAJECTORIES
    kind, _, decay = case.partition("_")
    weight_decay = settings["weight_decay"] if decay else 0.0
    groups = [
        {"params": [weight for weight, _ in layers], "weight_decay": weight_decay},
        {"params": [bias for _, bias in layers], "weight_decay": 0.0},
    ]
    rate = settings["learning_rate"][kind]
    if kind == "adam":
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.Adam(groups, lr=rate, betas=betas, eps=settings["epsilon"])
    momentum = 0.0 if kind == "sgd" else settings["momentum"]
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=kind == "nesterov")


def train(case, drawn, inputs, targets, dtype):
    """Costs and penalties of each step, before its update, and the parameters after the last."""
    settings = TRAJECTORIES
    layers = trainable(drawn, dtype)
    inputs, targets = as_torch(inputs, dtype), as_torch(targets)
    step = optimiser(case, layers)
    costs, penalties = [], []
    for t in range(settings["steps"]):
        start = t * settings["batch"] % settings["examples"]
        chosen = slice(start, start + settings["batch"])
        _, hidden, outputs = forward(layers, torch.relu, inputs[chosen])
        cost = softmax_cross_entropy(outputs, targets[chosen]).mean()
        penalty = l1_penalty(settings["l1"], hidden)
        step.zero_grad()
        (cost + penalty).backward()
        step.step()
        costs.append(cost.item())
        penalties.append(penalty.item())
    final = {
        f"layers.{k}.{name}": tensor.detach().double().numpy()
        for k, layer in enumerate(layers)
        for name, tensor in zip(("weight", "bias"), layer)
    }
    return {"cost": np.array(costs), "l1_penalty": np.array(penalties)} | final


def farthest(case, single):
    """The largest difference of any tensor, relative to the largest value in it."""
    return max(np.abs(single[name] - array).max() / np.abs(array).max() for name, array in case.items())


def trajectories():
    settings = TRAJECTORIES
    rng = np.random.default_rng(2011)
    sizes, examples = settings["sizes"], settings["examples"]
    # Some inputs are active in every other example, some in one of fifty: rows then rest for long.
    density = np.geomspace(0.5, 0.02, sizes[0])
    inputs = sparse(rng, (examples, sizes[0]), density)
    teacher = rng.normal(size=(sizes[0], sizes[-1]))
    targets = (inputs @ teacher + 0.5 * rng.normal(size=(examples, sizes[-1]))).argmax(1)
    drawn = parameters(rng, sizes, 0.0)
    tensors = {"inputs": inputs, "targets": targets}
    for k, layer in enumerate(drawn):
        tensors |= {f"initial.layers.{k}.weight": layer[0], f"initial.layers.{k}.bias": layer[1]}
    for kind in settings["learning_rate"]:
        for case in (kind, f"{kind}_decay"):
            double = train(case, drawn, inputs, targets, torch.float64)
            apart = farthest(double, train(case, drawn, inputs, targets, torch.float32))
            first, last = double["cost"][:20].mean(), double["cost"][-20:].mean()
            print(f"{case}: cost {first:.3f} to {last:.3f}, single precision {apart:.1e} apart")
            assert apart < SINGLE_PRECISION_TOLERANCE, case
            tensors |= {f"{case}.{name}": array for name, array in double.items()}
    return tensors


# Decoder's function of the pre-activations a, and what it costs to reconstruct x by it.
RECONSTRUCTIONS = {
    "softplus": lambda a, x: ((x - softplus(1.0)(a)) ** 2).sum(1),
    "cross-entropy": lambda a, x: torch.nn.functional.binary_cross_entropy_with_logits(a, x, reduction="none").sum(1),
    "linear": lambda a, x: ((x - a) ** 2).sum(1),
    "rectifier": lambda a, x: ((x - torch.relu(a)) ** 2).sum(1),
}
CODES = {"rectifier": torch.relu, "softplus": softplus(1.0), "tanh": torch.tanh, "logistic": torch.sigmoid}


def autoencode(code, reconstruction, tied, drawn, inputs, dtype):
    """Costs of each step, before its update, and the parameters after the last."""
    settings = AUTOENCODERS
    own = {name: as_torch(array, dtype).requires_grad_() for name, array in drawn.items()}
    if tied:
        own.pop("decoder.weight")
    x = as_torch(inputs, dtype)
    step = torch.optim.SGD(own.values(), lr=settings["learning_rate"])
    costs = []
    for t in range(settings["steps"]):
        start = t * settings["batch"] % settings["examples"]
        chosen = x[start:start + settings["batch"]]
        h = CODES[code](chosen @ own["weight"] + own["bias"])
        a = h @ own.get("decoder.weight", own["weight"]).T + own["decoder.bias"]
        cost = RECONSTRUCTIONS[reconstruction](a, chosen).mean()
        step.zero_grad()
        (cost + l1_penalty(settings["l1"], [h])).backward()
        step.step()
        costs.append(cost.item())
    return {"cost": np.array(costs)} | {name: tensor.detach().double().numpy() for name, tensor in own.items()}


def autoencoders():
    settings = AUTOENCODERS
    rng = np.random.default_rng(2008)
    shape = settings["inputs"], settings["units"]
    inputs = (rng.random((settings["examples"], shape[0])) * (rng.random((settings["examples"], shape[0])) < 0.4))
    inputs = inputs.astype(np.float32)
    (weight, bias), = parameters(rng, shape, 0.0)
    (decoder, _), = parameters(rng, shape, 0.0)
    decoder_bias = rng.uniform(-0.2, 0.2, shape[0]).astype(np.float32)
    drawn = {"weight": weight, "bias": bias, "decoder.weight": decoder, "decoder.bias": decoder_bias}
    tensors = {"inputs": inputs} | {f"initial.{name}": array for name, array in drawn.items()}
    for code in CODES:
        for reconstruction in RECONSTRUCTIONS:
            for tied in (True, False):
                case = f"{code}.{reconstruction}.{'tied' if tied else 'untied'}"
                double = autoencode(code, reconstruction, tied, drawn, inputs, torch.float64)
                apart = farthest(double, autoencode(code, reconstruction, tied, drawn, inputs, torch.float32))
                assert apart < SINGLE_PRECISION_TOLERANCE, f"{case}: single precision {apart:.1e} apart"
                tensors |= {f"{case}.{name}": array for name, array in double.items()}
    return tensors


def save(name, tensors, settings):
    tensors = {key: np.ascontiguousarray(array) for key, array in tensors.items()}
    assert all(np.isfinite(array).all() for array in tensors.values())
    path = HERE / name
    # One entry: several would be written in an order that changes from run to run.
    save_file(tensors, path, metadata={"settings": json.dumps(settings | {"torch": torch.__version__})})
    path.chmod(0o644)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    save("gradients.safetensors", gradients(), GRADIENTS)
    save("trajectories.safetensors", trajectories(), TRAJECTORIES)
    save("autoencoders.safetensors", autoencoders(), AUTOENCODERS)
