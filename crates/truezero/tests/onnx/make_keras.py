"""Writes the ONNX files of this folder that Keras makes (see README.md)."""

import json
import os
import pathlib

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from tensorflow.keras import Sequential, layers

FOLDER = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(1)


def from_keras(name, stack, scale):
    network = Sequential(stack)
    for layer in network.layers:  # biases and normalisations that do something
        layer.set_weights([w + RANDOM.uniform(0.1, 0.9, w.shape).astype(np.float32) for w in layer.get_weights()])
    inputs = (scale * RANDOM.normal(size=(6, *network.input_shape[1:]))).astype(np.float32)
    signature = (tf.TensorSpec(network.input_shape, tf.float32, name="x"),)
    function = tf.function(lambda x: network(x), input_signature=signature)
    path = FOLDER / f"{name}.onnx"
    tf2onnx.convert.from_function(function, input_signature=signature, opset=18, output_path=str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {session.get_inputs()[0].name: inputs})
    assert np.allclose(outputs, network(inputs), atol=1e-6)
    flat = lambda array: [[float(x) for x in row] for row in array.reshape(len(array), -1)]
    document = {"inputs": flat(inputs), "outputs": flat(outputs)}
    (FOLDER / f"{name}.json").write_text(json.dumps(document) + "\n")


tf.random.set_seed(1)
images = [layers.Input((4, 4, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(12, "relu")]
images += [layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(9, "tanh"), layers.Dense(3, "softmax")]
from_keras("keras_classifier", images, 100)
from_keras("keras_quantities", [layers.Input((5,)), layers.Dense(8, "softplus"), layers.Dense(2)], 1)
