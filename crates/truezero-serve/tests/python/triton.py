"""Triton's client against the server, unchanged: JSON and binary tensors, dense and sparse, async and by version.

    python triton.py TRUEZERO FOLDER
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tritonclient.utils import InferenceServerException

from server import serving, train


def tensor(name: str, values: np.ndarray, datatype: str, binary: bool) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def main(truezero: Path, folder: Path) -> None:
    model = train(truezero, folder, "digits", "--hidden", "100,100", "--epochs", "1")
    command = [truezero, "predict", model, "digits5k", "--json"]
    expected = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    labels = [one["label"].encode() for one in expected["predictions"]]
    probabilities = np.array([one["probabilities"] for one in expected["predictions"]], np.float32)
    pixels = digits(truezero, model, folder)

    with serving(truezero, model) as url:
        client = triton.InferenceServerClient(url.removeprefix("http://"), concurrency=8)
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits")
        assert not client.is_model_ready("none")
        assert client.get_server_metadata()["name"] == "truezero"
        metadata = client.get_model_metadata("digits")
        assert client.get_model_repository_index()[0]["name"] == "digits"
        version = metadata["versions"][0]

        for binary in [False, True]:
            for rows in [slice(0, 1), slice(0, 64), slice(0, 500)]:
                values = np.ascontiguousarray(pixels[rows])
                wanted = [triton.InferRequestedOutput(output["name"], binary_data=binary) for output in metadata["outputs"]]
                result = client.infer("digits", [tensor("input", values, "FP32", binary)], model_version=version, outputs=wanted)
                found = result.as_numpy("probabilities")
                assert found.dtype == np.float32 and (found == probabilities[rows]).all()
                assert [word if isinstance(word, bytes) else word.encode() for word in result.as_numpy("label")] == labels[rows]
                codes = [result.as_numpy(f"codes_{layer}") for layer in [1, 2]]
                zeros = np.stack([(code == 0).mean(axis=1) for code in codes], axis=1)
                assert np.allclose(result.as_numpy("sparsity"), zeros, atol=1e-6) and zeros.mean() > 0.2

            # No output named: predictions and labels, binary as the client asks for by itself.
            result = client.infer("digits", [tensor("input", pixels[:5], "FP32", binary)], request_id="42")
            assert (result.as_numpy("probabilities") == probabilities[:5]).all()
            assert result.get_response()["id"] == "42"

            # The active pixels alone.
            active = pixels[:20] != 0
            width = active.sum(axis=1).max()
            indices, values = np.full((20, width), -1, np.int64), np.zeros((20, width), np.float32)
            for row in range(20):
                at = np.flatnonzero(active[row])
                indices[row, : len(at)], values[row, : len(at)] = at, pixels[row, at]
            pair = [tensor("indices", indices, "INT64", binary), tensor("values", values, "FP32", binary)]
            assert (client.infer("digits", pair).as_numpy("probabilities") == probabilities[:20]).all()

        waiting = [client.async_infer("digits", [tensor("input", pixels[i : i + 3], "FP32", True)]) for i in range(100)]
        for i, answer in enumerate(waiting):
            assert (answer.get_result().as_numpy("probabilities") == probabilities[i : i + 3]).all()

        for name, values, reason in [
            ("digits", np.zeros((1, 783), np.float32), "expected 784 values of each example, found 783"),
            ("none", np.zeros((1, 784), np.float32), "no model is named"),
        ]:
            try:
                client.infer(name, [tensor("input", values, "FP32", True)])
            except InferenceServerException as error:
                assert reason in error.message(), error
            else:
                raise AssertionError(f"expected {reason!r}")

        with urllib.request.urlopen(url + "/metrics") as answer:
            families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
        examples = families["truezero_examples"].samples[0]
        assert examples.labels == {"model": "digits"} and examples.value >= 1000
        client.close()
    print("Triton's client works: JSON and binary, dense and sparse")


def digits(truezero: Path, model: Path, folder: Path) -> np.ndarray:
    """The test part of the embedded digits, as `truezero predict` reads it: pixels from 0 to 255."""
    root = Path(__file__).parents[3] / "truezero-data/embedded/digits5k/images.idx.gz"
    import gzip

    with gzip.open(root) as file:
        images = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 784)
    return images[4500:].astype(np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
