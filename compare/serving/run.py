"""truezero serve against ONNX Runtime behind FastAPI and uvicorn: the same network, requests and client.

    python3 compare/serving/run.py --model model.safetensors --onnx model.onnx

Client and server share the machine. Each pair is measured in turn, `--rounds` times; the median is shown.
"""
import argparse
import os
import statistics
import tempfile

import setting

CONNECTIONS = (1, 8, 64)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a model of the embedded digits")
    parser.add_argument("--onnx", required=True, help="what `truezero export` made of it")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    setting.set_up()
    model, onnx = os.path.abspath(args.model), os.path.abspath(args.onnx)
    cores = os.cpu_count()
    servers = {
        "truezero": lambda: setting.truezero("model=" + model),
        f"FastAPI, 1 process, {cores} threads": lambda: setting.fastapi(onnx, 1, cores),
        f"FastAPI, {cores} processes, 1 thread": lambda: setting.fastapi(onnx, cores, 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        one = setting.write_bodies(folder, 1)
        check(servers, one["JSON"])
        seen = {}
        for _ in range(args.rounds):
            for name, server in servers.items():
                command, port, *environment = server()
                with setting.running(command, port, *environment):
                    for form, body in one.items():
                        for connections in CONNECTIONS:
                            result = setting.load(port, body, connections, args.seconds)
                            assert result["refused"] == 0, (name, result)
                            seen.setdefault((form, connections, name), []).append(result)
    print("| request | connections | server | answers/s | p50, ms | p99, ms |")
    print("|---|---|---|---|---|---|")
    for (form, connections, name), results in sorted(seen.items(), key=lambda item: item[0][:2]):
        median = {key: statistics.median(result[key] for result in results) for key in ("per_second", "p50_ms", "p99_ms")}
        print(f"| {form} | {connections} | {name} | {median['per_second']:,.0f} | {median['p50_ms']:.2f} | {median['p99_ms']:.2f} |")


def check(servers, body):
    """Demands that all servers answer alike."""
    answers = {}
    for name, server in servers.items():
        command, port, *environment = server()
        with setting.running(command, port, *environment):
            answers[name] = setting.answer(port, body)
    first = answers["truezero"]
    for name, found in answers.items():
        assert len(found) == len(first) and all(abs(a - b) < 1e-5 for a, b in zip(found, first)), (name, found, first)


if __name__ == "__main__":
    main()
