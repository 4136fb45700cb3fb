"""A truezero server under load for some time, with hostile clients among the others; its memory is watched.

    python3 compare/serving/soak.py --model model.safetensors --seconds 600

Some of what hostile clients ask is allowed, and its answers take 100 MB each for a moment; so memory is judged by the
median of a fifth of the time. Fails if an honest request is refused, if the server ends or answers otherwise than before,
or if its memory in the last fifth is a tenth above that in the second.
"""
import argparse
import json
import os
import random
import socket
import statistics
import tempfile
import threading
import time

import setting

HONEST = 8
HOSTILE = 8
#: A pause after each hostile client, so that ports do not run out.
PAUSE = 0.01


def rss(process):
    """Resident memory in MiB."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def hostile_bytes(random, good):
    """A request that is wrong in one of many ways."""
    def post(body, path=setting.PATH, headers="", length=None):
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body) if length is None else length}\r\n{headers}\r\n"
        return head.encode() + body
    flipped = bytearray(good)
    for _ in range(random.randrange(1, 20)):
        flipped[random.randrange(len(flipped))] = random.randrange(256)
    tensor = {"name": "input", "datatype": "FP32"}
    return random.choice([
        lambda: post(bytes(flipped)),
        lambda: post(good[:random.randrange(len(good))]),
        lambda: post(good, length=len(good) + random.randrange(1, 1000)),
        lambda: post(b"", length=10 ** random.randrange(1, 25)),
        lambda: post(b"[" * random.randrange(1, 200_000)),
        lambda: post(b'{"inputs":' * random.randrange(1, 10_000)),
        lambda: post(json.dumps({"inputs": [{**tensor, "shape": [random.choice([2 ** 63, 10 ** 6, -1]), 784], "data": []}]}).encode()),
        lambda: post(json.dumps({"inputs": [{**tensor, "shape": [1, 784], "data": [1e38] * 784}]}).encode()),
        lambda: post(json.dumps({"inputs": [{"name": "indices", "shape": [4096, 1], "datatype": "INT64", "data": [0] * 4096},
                                            {"name": "values", "shape": [4096, 1], "datatype": "FP32", "data": [1] * 4096}],
                                 "outputs": [{"name": f"codes_{layer}"} for layer in (1, 2, 3)]}).encode()),
        lambda: post(good, headers=f"inference-header-content-length: {random.choice(['-1', 'x', '5', '9' * 30])}\r\n"),
        lambda: post(random.randbytes(random.randrange(100_000))),
        lambda: post(json.dumps({"records": [[0] * 784] * random.randrange(1, 500)}).encode(), path="/v1/predict"),
        lambda: post(b'{"records":[' + b"{}," * random.randrange(1, 50_000), path="/v1/predict"),
        lambda: f"GET /{'a' * random.randrange(200_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode(),
        lambda: f"GET / HTTP/1.1\r\n{'x: y' * random.randrange(10_000)}\r\n\r\n".encode(),
        lambda: b"POST " + setting.PATH.encode() + b" HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nffffffffff\r\n{",
        lambda: random.randbytes(random.randrange(1, 1000)),
    ])()


def be_hostile(port, good, seed, stop, count):
    choose = random.Random(seed)
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as client:
                client.settimeout(choose.choice([0.01, 0.1, 2]))
                client.sendall(hostile_bytes(choose, good))
                # Some wait for the answer, some take a part of it, some leave.
                for _ in range(choose.choice([0, 1, 1000])):
                    if not client.recv(65536):
                        break
        except OSError:
            pass
        count[seed] += 1
        time.sleep(PAUSE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a model of the embedded digits")
    parser.add_argument("--seconds", type=float, default=600)
    args = parser.parse_args()
    setting.set_up()
    command, port = setting.truezero("model=" + os.path.abspath(args.model))
    with tempfile.TemporaryDirectory() as folder, setting.running(command, port) as process:
        bodies = setting.write_bodies(folder, 1)
        with open(bodies["JSON"][0], "rb") as file:
            good = file.read()
        expected = setting.answer(port, bodies["JSON"])
        stop, count, results = threading.Event(), [0] * HOSTILE, []
        hostile = [threading.Thread(target=be_hostile, args=(port, good, seed, stop, count)) for seed in range(HOSTILE)]
        honest = threading.Thread(target=lambda: results.append(setting.load(port, bodies["JSON"], HONEST, args.seconds)))
        for thread in [*hostile, honest]:
            thread.start()
        memory, began = [], time.monotonic()
        while honest.is_alive():
            time.sleep(min(1, args.seconds / 100))
            memory.append((time.monotonic() - began, rss(process)))
            assert process.poll() is None, "the server ended"
        stop.set()
        for thread in hostile:
            thread.join()
        assert setting.answer(port, bodies["JSON"]) == expected, "the answer is another one than before"
        (seen,) = results
        fifth = lambda n: [mib for at, mib in memory if n <= 5 * at / args.seconds < n + 1]
        medians = [statistics.median(fifth(n)) for n in range(5)]
        print(f"{seen['answers']} honest answers ({seen['per_second']:.0f}/s, p50 {seen['p50_ms']:.2f} ms, p99 {seen['p99_ms']:.2f} ms), "
              f"{seen['refused']} refused; {sum(count)} hostile clients")
        print("memory, median of each fifth of the time:", ", ".join(f"{mib:.0f}" for mib in medians), "MiB;",
              f"at most {max(mib for _, mib in memory):.0f} MiB")
        assert seen["refused"] == 0, "honest requests were refused"
        assert medians[4] <= 1.1 * medians[1], "memory grows"


if __name__ == "__main__":
    main()
