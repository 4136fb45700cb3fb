"""Writes the ONNX files of this folder, and what ONNX Runtime makes of them (see README.md)."""

import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

FOLDER = pathlib.Path(__file__).parent
warnings.filterwarnings("ignore")


def expect(name, inputs, output):
    """Runs the file on the inputs, and keeps both."""
    session = onnxruntime.InferenceSession(str(FOLDER / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    outputs = session.run([output] if output else None, {session.get_inputs()[0].name: inputs})[0]
    if isinstance(outputs, list):  # a ZipMap
        outputs = np.array([list(row.values()) for row in outputs])
    flat = lambda array: [[float(x) for x in row] for row in np.asarray(array, np.float32).reshape(len(array), -1)]
    document = {"inputs": flat(inputs), "outputs": flat(outputs)}
    (FOLDER / f"{name}.json").write_text(json.dumps(document) + "\n")


def from_torch(name, network, inputs, **options):
    network.eval()
    path = FOLDER / f"{name}.onnx"
    if options.pop("dynamo", False):
        batch = {0: torch.export.Dim.DYNAMIC}
        torch.onnx.export(network, (inputs,), path, dynamo=True, dynamic_shapes=(batch,), verbose=False, **options)
        model = onnx.load(path, load_external_data=False)
        for node in model.graph.node:  # traces of where it was made
            del node.metadata_props[:]
        path.write_bytes(model.SerializeToString())
    else:
        torch.onnx.export(network, (inputs,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
    expect(name, inputs.numpy(), None)


def torch_files():
    torch.manual_seed(1)

    def classifier():
        network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(12, 9), nn.Softplus(), nn.BatchNorm1d(9),
            nn.Linear(9, 3), nn.Softmax(1),
        )
        network(2 * torch.randn(50, 1, 4, 4) + 1)  # the running means of the normalisation
        return network

    images = torch.randn(6, 1, 4, 4)
    from_torch("torch_classifier", classifier(), images)
    from_torch("torch_export_classifier", classifier(), images, dynamo=True, external_data=False)
    from_torch("torch_external", classifier(), images, dynamo=True, external_data=True)
    rows = 3 * torch.randn(6, 5)
    from_torch("torch_scores", nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 6), nn.Sigmoid(), nn.Linear(6, 4)), rows)

    class Bounded(nn.Module):
        """Numbers scaled in the graph, and a tanh on top."""

        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 8, bias=False), nn.LeakyReLU(0.0), nn.Linear(8, 2), nn.Tanh())
            self.register_buffer("mean", torch.tensor([100.0, -3.0, 0.0, 2000.0, 1.0]))
            self.register_buffer("deviation", torch.tensor([10.0, 0.5, 1.0, 100.0, 3.0]))

        def forward(self, x):
            return 3 * self.layers((x - self.mean) / self.deviation) + 7

    bounded = Bounded()
    from_torch("torch_bounded", bounded, torch.randn(6, 5) * bounded.deviation + bounded.mean)


def from_sklearn(name, estimator, inputs, output):
    path = FOLDER / f"{name}.onnx"
    path.write_bytes(to_onnx(estimator, inputs[:1]).SerializeToString())
    expect(name, inputs[:6], output)


def sklearn_files():
    random = np.random.default_rng(1)
    inputs = (random.normal(size=(90, 4)) * [1, 20, 0.1, 3] + [0, 500, 2, -9]).astype(np.float32)
    options = {"hidden_layer_sizes": (8, 6), "max_iter": 30, "random_state": 1}
    trees = np.array(["cedar", "ash", "beech"])[random.integers(0, 3, 90)]
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**options)).fit(inputs, trees)
    from_sklearn("sklearn_three_classes", pipeline, inputs, "output_probability")
    scaled = StandardScaler().fit_transform(inputs).astype(np.float32)
    two = MLPClassifier(activation="tanh", **options).fit(scaled, random.integers(0, 2, 90))
    from_sklearn("sklearn_two_classes", two, scaled, "output_probability")
    labels = MLPClassifier(activation="logistic", **options).fit(scaled, random.integers(0, 2, (90, 3)))
    from_sklearn("sklearn_labels", labels, scaled, "output_probability")
    quantity = MLPRegressor(**options).fit(scaled, inputs[:, 1])
    from_sklearn("sklearn_quantity", quantity, scaled, None)


torch_files()
sklearn_files()
