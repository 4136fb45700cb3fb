"""The contest of truezero with its peers: builds, trains, checks, times, and writes a table and a plot.

  python3 compare/run.py --mnist DIR --text FILE.csv --text-column review --text-target stars
  python3 compare/run.py --quick --only training inference

Into --out: RESULTS.md, results.jsonl, ratios.svg and ratios.png. Works that are not run again keep the
lines that results.jsonl has of them.
"""
import argparse
import json
import os
from dataclasses import dataclass

import environment
from works import GROUPS, WORKS


@dataclass
class Settings:
    """How long and on what."""
    out: str
    mnist: str
    text: str
    text_column: str
    text_target: str
    quick: bool
    epochs: int = 8  # of the training of the networks
    rounds: int = 5
    block_seconds: float = 0.4  # of each variant of a peer in a round
    our_seconds: float = 1.0  # of truezero in a round: several blocks
    fit_epochs: int = 5
    fit_rounds: int = 3

    def __post_init__(self):
        if self.quick:
            self.epochs, self.rounds, self.block_seconds, self.our_seconds = 5, 3, 0.1, 0.3
            self.fit_epochs, self.fit_rounds = 1, 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="folder with MNIST's IDX files [default: the embedded digits]")
    parser.add_argument("--text", metavar="FILE", help="CSV file, gzipped or not [default: synthetic text]")
    parser.add_argument("--text-column", metavar="COLUMN", default="text", help="its running text [default: text]")
    parser.add_argument("--text-target", metavar="COLUMN", default="target", help="its numbers [default: target]")
    parser.add_argument("--only", metavar="GROUP", nargs="+", choices=GROUPS, default=GROUPS,
                        help=f"groups of works: {', '.join(GROUPS)} [default: all]")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for trying it out")
    parser.add_argument("--out", metavar="DIR", default=os.path.join(environment.ROOT, "target", "compare"),
                        help="folder for the results [default: target/compare]")
    return parser.parse_args()


def main():
    args = arguments()
    environment.enter()
    environment.build_truezero()
    import contest
    import networks
    import plot
    import report
    settings = Settings(os.path.abspath(args.out), args.mnist, args.text, args.text_column, args.text_target, args.quick)
    os.makedirs(settings.out, exist_ok=True)
    works = [work for work in WORKS if work.group in args.only]
    files, trained = networks.Data(settings), {}
    for name in dict.fromkeys(work.network for work in works):
        trained[name] = networks.train(name, files, settings)
    for work in works:
        for threads in sorted({1, os.cpu_count()}):
            record = contest.hold(work, trained[work.network], files, threads, settings)
            record["trained"] = {key: trained[work.network][key] for key in
                                 ("sizes", "inputs_active", "sparsity", "epochs", "difference")}
            record["quick"] = settings.quick
            records = keep(os.path.join(settings.out, "results.jsonl"), record)
            report.write(records, os.path.join(settings.out, "RESULTS.md"))
    plot.write(records, os.path.join(settings.out, "ratios"))
    environment.note(f"results in {settings.out}")


def keep(path, record):
    """Puts a record in place of an earlier one of the same work; returns all, in the works' order."""
    records = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
    def key(record):
        return record["work"], record["threads"]
    records = [other for other in records if key(other) != key(record)] + [record]
    order = [work.name for work in WORKS]
    records = sorted((r for r in records if r["work"] in order),
                     key=lambda r: (order.index(r["work"]), r["threads"]))
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    os.replace(path + ".new", path)
    return records


if __name__ == "__main__":
    main()
