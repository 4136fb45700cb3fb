"""One work, timed: truezero and every variant of every peer take turns, round after round."""
import json
import os
import statistics
import subprocess
import time

import environment
import truezero
from environment import note

HERE = os.path.dirname(os.path.abspath(__file__))
# After a block some libraries' threads spin for a while before they sleep.
REST = 0.1


class Worker:
    """A peer's process, which sleeps but for the blocks it is asked for."""

    def __init__(self, peer, job, threads, settings):
        self.peer = peer
        self.log = open(os.path.join(settings.out, "peers.log"), "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [environment.PYTHON, os.path.join(HERE, "worker.py")], cwd=HERE, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env=environment.peer(threads, mkl=peer.startswith("torch")),
            preexec_fn=lambda: environment.pin(threads))
        ready = self.ask({"peer": peer, "only": [], "warm_up": settings.block_seconds, **job})
        self.version, self.checks = ready["version"], ready["variants"]
        self.rates = {name: [] for name, check in self.checks.items() if "error" not in check}
        for name, check in self.checks.items():
            if "error" in check:
                note(f"  {peer} {name} failed: {check['error']}")

    def ask(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{self.peer} ended early; its last words are in {self.log.name}")
        return json.loads(answer)

    def block(self, name, seconds):
        self.rates[name].append(self.ask({"variant": name, "seconds": seconds})["examples_per_second"])
        time.sleep(REST)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()

    def report(self):
        """Checks and rates of each variant."""
        rated = {name: {**self.checks[name], "examples_per_second": statistics.median(rates), "rounds": rates}
                 for name, rates in self.rates.items()}
        return {"version": self.version, "variants": {**self.checks, **rated}}


def hold(work, network, files, threads, settings):
    """Times a work; returns the record of it."""
    note(f"{work.name}, {threads} thread{'s' if threads > 1 else ''}")
    path = files.fit() if work.kind == "fit" else network["data"]
    job = {"kind": work.kind, "model": network["model"], "path": path, "batch": work.batch, "threads": threads,
           "l1": work.l1, "learning_rate": work.learning_rate, "epochs": settings.fit_epochs}
    workers, ours = [], []
    try:
        for peer in work.peers:
            workers.append(Worker(peer, job, threads, settings))
        for _ in range(settings.fit_rounds if work.kind == "fit" else settings.rounds):
            ours.append(our_rate(work, network, path, threads, settings))
            time.sleep(REST)
            for worker in workers:
                for name in worker.rates:
                    worker.block(name, settings.block_seconds)
    finally:
        for worker in workers:
            worker.close()
    record = {"work": work.name, "group": work.group, "network": work.network, "kind": work.kind,
              "batch": work.batch, "threads": threads, "target": work.target, "beyond": work.beyond,
              "date": time.strftime("%Y-%m-%d %H:%M"), "load": round(os.getloadavg()[0], 2),
              "truezero": {"version": truezero.version(), "examples_per_second": statistics.median(ours),
                           "rounds": ours},
              "peers": {worker.peer.split("_")[0]: worker.report() for worker in workers}}
    record.update(verdict(record))
    note(f"  truezero {record['truezero']['examples_per_second']:.0f}/s, best peer {' '.join(record['best'])} "
         f"{record['best_examples_per_second']:.0f}/s: ratio {record['ratio']:.2f}")
    return record


def our_rate(work, network, path, threads, settings):
    if work.kind != "fit":
        return truezero.bench(network["model"], path, work, threads, settings.our_seconds)
    out = os.path.join(settings.out, "fit.safetensors")
    trained = truezero.train(path, out, "--hidden", "1000,1000,1000", "--batch-size", work.batch,
                             "--epochs", settings.fit_epochs, "--learning-rate", work.learning_rate,
                             "--l1", work.l1, "--validation", "0", "--test-fraction", "0", threads=threads)
    if trained["epochs"] != settings.fit_epochs:
        raise RuntimeError(f"expected {settings.fit_epochs} epochs, found {trained['epochs']}")
    return trained["examples"]["train"] * trained["epochs"] / trained["seconds"]


def verdict(record):
    """The best variant of all peers by its median, and truezero's ratio to it: in each round, then the median."""
    rates = {(peer, name): variant["rounds"] for peer, report in record["peers"].items()
             for name, variant in report["variants"].items() if "rounds" in variant}
    if not rates:
        raise RuntimeError(f"{record['work']}: no peer could do it")
    best = max(rates, key=lambda key: statistics.median(rates[key]))
    ratios = [ours / theirs for ours, theirs in zip(record["truezero"]["rounds"], rates[best])]
    return {"best": list(best), "best_examples_per_second": statistics.median(rates[best]),
            "ratio": statistics.median(ratios), "ratios": ratios}
