"""What others trained, as the native part takes it: ONNX files, layers of PyTorch and scikit-learn."""

import json
import math
import os
import re
import struct
import sys

import numpy as np

from ._truezero import require_memory, visible

#: Names of PyTorch's activations, and ours.
TORCH_ACTIVATIONS = {
    "ReLU": "rectifier",
    "Softplus": "softplus",
    "Tanh": "tanh",
    "Sigmoid": "logistic",
}
#: Modules that change nothing at prediction.
TORCH_NOTHING = {"Dropout", "Identity", "Flatten", "AlphaDropout"}
#: Last modules that tell the task.
TORCH_TASKS = {"Softmax": "classify", "LogSoftmax": "classify", "Sigmoid": "multilabel"}
#: Types of numbers in .safetensors files.
SAFETENSORS_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
#: Bytes that a weight takes while a network is made of it: in 64 bits, in 32, and packed.
BYTES_OF_WEIGHT = 8 + 4 + 4
#: The longest header that is read, in bytes: the format's own limit.
MAX_HEADER = 100_000_000
#: scikit-learn's names of activations, and ours.
SKLEARN_ACTIVATIONS = {"relu": "rectifier", "tanh": "tanh", "logistic": "logistic", "identity": "identity"}


def onnx_bytes(source):
    """The bytes of an ONNX file: those given, those of an open file, or those of a ``ModelProto``."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    for method in ["SerializeToString", "read"]:
        if callable(getattr(source, method, None)):
            content = getattr(source, method)()
            if isinstance(content, bytes):
                return content
            raise TypeError("expected a file opened for reading bytes, found one of text\nhint: open(path, \"rb\")")
    raise TypeError(f"expected a path, bytes, an open file or an onnx.ModelProto, found {type(source).__name__}")


def torch_layers(source, activation):
    """Layers (weights, bias, activation), lowest first, and the task, if it is told."""
    if isinstance(source, (str, os.PathLike)):
        tensors = read_safetensors(source)
        # The order in a file is that of its writer: 10 before 2.
        return _state_layers({name: tensors[name] for name in sorted(tensors, key=_place)}, activation), None
    if hasattr(source, "named_children"):
        return _module_layers(source)
    if hasattr(source, "items"):
        return _state_layers(dict(source.items()), activation), None
    raise TypeError(f"expected a torch Sequential, a state_dict or a path, found {type(source).__name__}")


def _array(value):
    """An array of a tensor, wherever it lies."""
    for method in ["detach", "cpu"]:
        if hasattr(value, method):
            value = getattr(value, method)()
    # A tensor can be one number, repeated any number of times.
    require_memory(min(math.prod(np.shape(value)) * BYTES_OF_WEIGHT, sys.maxsize))
    return np.asarray(value, dtype=np.float64)


def _modules(module, prefix=""):
    """The modules that compute something, in order, with their names."""
    for name, child in module.named_children():
        children = list(child.named_children())
        if children:
            yield from _modules(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _module_layers(module):
    if type(module).__name__ != "Sequential":
        raise ValueError(
            f"expected a torch Sequential, found {type(module).__name__}\n"
            "hint: export it with torch.onnx.export and use from_onnx, or pass its state_dict() and the activations"
        )
    linear, activations, task = [], [], None
    for name, child in _modules(module):
        kind = type(child).__name__
        if kind in TORCH_NOTHING:
            continue
        if task is not None:
            raise ValueError(f"module {name!r} ({kind}): expected nothing above the outputs")
        if kind == "Linear":
            if len(linear) > len(activations):
                activations.append("identity")
            bias = np.zeros(child.out_features) if child.bias is None else _array(child.bias)
            linear.append((_array(child.weight).T, bias))
        elif len(linear) == len(activations):
            raise ValueError(f"module {name!r} ({kind}): expected a Linear before it")
        elif kind in TORCH_ACTIVATIONS:
            activations.append(_torch_activation(name, kind, child))
        elif kind in TORCH_TASKS:
            task = TORCH_TASKS[kind]
        else:
            known = ", ".join(["Linear", *TORCH_ACTIVATIONS, "Softmax", *sorted(TORCH_NOTHING)])
            raise ValueError(f"module {name!r}: expected one of {known}, found {kind}")
    if not linear:
        raise ValueError("expected at least one Linear, found none")
    if len(activations) == len(linear):
        # What stands above the highest Linear is what its outputs go through.
        last = activations.pop()
        if last != "logistic":
            raise ValueError(f"the outputs: expected Softmax, Sigmoid or nothing, found {last}")
        task = "multilabel"
    return _with_activations(linear, activations), task


def _torch_activation(name, kind, child):
    if kind == "Softplus":
        beta = float(getattr(child, "beta", 1.0))
        return "softplus" if beta == 1.0 else f"softplus:{beta}"
    return TORCH_ACTIVATIONS[kind]


def _state_layers(state, activation):
    """Layers of a state_dict, in its order."""
    linear, used = [], set()
    for name, value in state.items():
        if not re.fullmatch(r"(.*\.)?weight", name):
            continue
        weights = _array(value)
        if weights.ndim != 2:
            raise ValueError(f"tensor {name!r}: expected the weights of a Linear, found shape {weights.shape}")
        bias_name = name[: -len("weight")] + "bias"
        bias = _array(state[bias_name]) if bias_name in state else np.zeros(weights.shape[0])
        used |= {name, bias_name}
        linear.append((weights.T, bias))
    for name in state:
        if name not in used:
            raise ValueError(f"tensor {name!r}: expected weights and biases of Linear modules only")
    if not linear:
        raise ValueError("expected at least one tensor named …weight, found none")
    activations = [activation] if isinstance(activation, str) else list(activation)
    hidden = len(linear) - 1
    if len(activations) == 1:
        activations *= hidden
    if len(activations) != hidden:
        raise ValueError(f"activation: expected one, or one for each of {hidden} layers, found {len(activations)}")
    return _with_activations(linear, activations)


def _place(name):
    """A name by whose order 2 comes before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", name)]


def _with_activations(linear, activations):
    layers = []
    for (weights, bias), activation in zip(linear, [*activations, "identity"]):
        if layers and layers[-1][0].shape[1] != weights.shape[0]:
            expected, found = layers[-1][0].shape[1], weights.shape[0]
            raise ValueError(
                f"layer {len(layers)}: expected {expected} inputs, as the layer below gives, found {found}"
            )
        layers.append((weights, np.atleast_1d(bias), activation))
    return layers


def read_safetensors(path):
    """The tensors of a .safetensors file that need not be a friendly one: arrays of float64 by name."""
    shown = visible(os.fsdecode(path))
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(MAX_HEADER, size - 8):
            raise ValueError(f"{shown}: expected a safetensors file, found a header beyond its end")
        try:
            header = json.loads(file.read(length))
            entries = {name: _entry(value) for name, value in header.items() if name != "__metadata__"}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"{shown}: expected a safetensors file, found a damaged header ({error})") from None
        tensors, end = {}, 0
        # In the order of their bytes, of which each belongs to one tensor: a small file could stand for any number.
        for name, (kind, shape, first, last) in sorted(entries.items(), key=lambda entry: entry[1][2:]):
            wide = np.dtype(kind).itemsize
            count = math.prod(shape)
            if not 0 <= first <= last <= size - 8 - length or last - first != count * wide:
                raise ValueError(f"{shown}: tensor {name!r}: expected {count} numbers, found bytes {first} to {last}")
            if first < end:
                raise ValueError(f"{shown}: tensor {name!r}: expected bytes of its own, found those of another tensor")
            end = last
            require_memory(count * BYTES_OF_WEIGHT)
            file.seek(8 + length + first)
            tensors[name] = np.frombuffer(file.read(last - first), dtype=kind).reshape(shape).astype(np.float64)
        return tensors


def _entry(value):
    kind, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if kind not in SAFETENSORS_TYPES:
        raise ValueError(f"type {kind!r} instead of one of {', '.join(SAFETENSORS_TYPES)}")
    numbers = [*shape, *offsets]
    if len(offsets) != 2 or not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("shapes and offsets that are not whole numbers")
    return SAFETENSORS_TYPES[kind], tuple(shape), offsets[0], offsets[1]


def sklearn_layers(model):
    """Layers of a fitted MLP, its task and its classes."""
    if not hasattr(model, "coefs_") or not hasattr(model, "out_activation_"):
        raise ValueError(f"expected a fitted MLPClassifier or MLPRegressor, found {type(model).__name__}")
    out = model.out_activation_
    if out not in ("softmax", "logistic", "identity"):
        raise ValueError(f"outputs of scikit-learn's network: expected softmax, logistic or identity, found {out}")
    hidden = [SKLEARN_ACTIVATIONS[model.activation]] * (len(model.coefs_) - 1)
    layers = _with_activations(list(zip(model.coefs_, model.intercepts_)), hidden)
    if out == "identity":
        return layers, "regress", None
    several = out == "logistic" and model.n_outputs_ > 1
    return layers, "multilabel" if several else "classify", model.classes_
