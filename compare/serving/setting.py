"""What the measurements of servers share: programs, the requests, and servers that run."""
import contextlib
import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.path.join(HERE, "venv")
PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
TRUEZERO = os.path.join(ROOT, "target", "release", "truezero")
LOAD = os.path.join(ROOT, "target", "release", "examples", "load")
PATH = "/v2/models/model/infer"


def set_up():
    """Builds truezero and the client, and installs the other server."""
    subprocess.run(["cargo", "build", "--release"], check=True, cwd=ROOT)
    # It needs nothing but the standard library.
    os.makedirs(os.path.dirname(LOAD), exist_ok=True)
    source = "crates/truezero-serve/examples/load.rs"
    subprocess.run(["rustc", "-O", "--edition", "2024", source, "-o", LOAD], check=True, cwd=ROOT)
    stamp = os.path.join(VENV, "installed.txt")
    wanted = open(REQUIREMENTS, encoding="utf-8").read()
    if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)


def pixels(count):
    """The first of the embedded test digits, a list of 784 numbers each."""
    path = os.path.join(ROOT, "crates/truezero-data/embedded/digits5k/images.idx.gz")
    with gzip.open(path) as file:
        images = file.read()[16 + 4500 * 784:]
    return [list(images[at * 784:(at + 1) * 784]) for at in range(count)]


def write_bodies(folder, examples):
    """Requests for probabilities as files: {form: (path, length of the JSON or None)}."""
    import struct
    rows = pixels(examples)
    flat = [float(value) for row in rows for value in row]
    outputs = [{"name": "probabilities"}]
    tensor = {"name": "input", "shape": [examples, 784], "datatype": "FP32"}
    bodies = {}

    def write(form, text, tail=b""):
        path = os.path.join(folder, f"{form}-{examples}")
        with open(path, "wb") as file:
            file.write(text.encode() + tail)
        bodies[form] = (path, len(text) if tail else None)

    write("JSON", json.dumps({"inputs": [{**tensor, "data": [int(value) for value in flat]}], "outputs": outputs}))
    sized = {**tensor, "parameters": {"binary_data_size": 4 * len(flat)}}
    binary = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    write("binary", json.dumps({"inputs": [sized], "outputs": binary}), struct.pack(f"<{len(flat)}f", *flat))
    return bodies


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port, environment=None):
    """A server that answers as long as the context; its process."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def truezero(model, *options):
    port = free_port()
    return [TRUEZERO, "serve", model, "--addr", f"127.0.0.1:{port}", *options], port


def fastapi(onnx, workers, threads):
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", "app:app", "--app-dir", HERE, "--port", str(port), "--workers", str(workers),
               "--no-access-log", "--log-level", "error"]
    return command, port, {"ONNX_MODEL": onnx, "ONNX_THREADS": str(threads)}


def load(port, body, connections, seconds):
    path, length = body
    command = [LOAD, f"127.0.0.1:{port}", PATH, path, str(connections), str(seconds)]
    return json.loads(subprocess.run(command + ([str(length)] if length else []), check=True, capture_output=True).stdout)


def answer(port, body):
    """The probabilities in the answer to a request in JSON."""
    with open(body[0], "rb") as file:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", file.read())
    with urllib.request.urlopen(request) as response:
        return json.load(response)["outputs"][0]["data"]
