"""A truezero server for a test, on a free port."""

import contextlib
import json
import subprocess
from pathlib import Path


def train(truezero: Path, folder: Path, name: str, *options: str) -> Path:
    """Trains a small model."""
    model = folder / f"{name}.safetensors"
    command = [truezero, "train", *options, "--quiet", "--out", model]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return model


@contextlib.contextmanager
def serving(truezero: Path, *options: object):
    """The URL of a server that runs as long as the context."""
    command = [truezero, "serve", *options, "--addr", "127.0.0.1:0", "--json"]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    try:
        document = ""
        for line in process.stdout:
            document += line
            if line == "}\n":
                break
        yield json.loads(document)["url"]
        assert process.poll() is None, "the server still runs"
    finally:
        process.terminate()
        status = process.wait(timeout=60)
    assert status == 0, f"the server ended with {status}"
