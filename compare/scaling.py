"""How truezero's products scale: plots of cost against density and against width.

  python3 compare/scaling.py                    runs the benchmark `scaling` of truezero-sparse (some minutes)
  python3 compare/scaling.py --json FILE        plots what an earlier run printed

Into --out: scaling.json, density.svg, density.png, width.svg and width.png.
"""
import argparse
import json
import os
import subprocess

import environment

BENCHMARK = ["cargo", "bench", "-p", "truezero-sparse", "--bench", "scaling", "--", "--json"]
TITLES = {"forward": "forward", "backward": "backward and update"}
ACTIVE, DENSE = "#2171b5", "#d94801"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="what the benchmark printed")
    parser.add_argument("--out", metavar="DIR", default=os.path.join(environment.ROOT, "target", "compare"),
                        help="folder for the plots [default: target/compare]")
    args = parser.parse_args()
    environment.enter()
    if args.json:
        with open(args.json, encoding="utf-8") as file:
            measured = json.load(file)
    else:
        printed = subprocess.run(BENCHMARK, cwd=environment.ROOT, check=True, stdout=subprocess.PIPE, text=True)
        measured = json.loads(printed.stdout)
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "scaling.json"), "w", encoding="utf-8") as file:
        json.dump(measured, file)
    density(measured["density"], os.path.join(args.out, "density"))
    width(measured["width"], os.path.join(args.out, "width"))


def density(points, path):
    """Time over active inputs as a share of the dense branch's, against density; and which branch is taken."""
    def draw(axes, chosen):
        shares = [100 * point["density"] for point in chosen]
        ratios = [point["active_ns"] / point["dense_ns"] for point in chosen]
        axes.plot(shares, ratios, color=ACTIVE, marker="o", markersize=3, label="skipping zeros")
        axes.axhline(1, color=DENSE, label="multiplying everything")
        axes.plot([0, 100], [0, 1], color="#999999", linewidth=0.8, linestyle=":", label="in proportion")
        dense = [share for share, point in zip(shares, chosen) if point["prefers_dense"]]
        if dense:
            axes.axvspan(min(dense), 100, color=DENSE, alpha=0.1, linewidth=0, label="truezero multiplies everything")
        axes.set_xlim(0, 100)
        axes.set_ylim(0, max(1.5, min(3, 1.05 * max(ratios))))
        return "active inputs, %"
    grid(points, path, "time ÷ dense branch", draw,
         f"Cost against density, {points[0]['width']} inputs and outputs, one thread")


def width(points, path):
    """Time per example of both branches against width, at a fixed number of active inputs."""
    def draw(axes, chosen):
        widths = [point["width"] for point in chosen]
        axes.loglog(widths, [point["active_ns"] / 1000 for point in chosen], color=ACTIVE, marker="o", markersize=3,
                    label="skipping zeros")
        axes.loglog(widths, [point["dense_ns"] / 1000 for point in chosen], color=DENSE, marker="o", markersize=3,
                    label="multiplying everything")
        for point in chosen:
            axes.annotate(f"{point['dense_ns'] / point['active_ns']:.1f}×", (point["width"], point["active_ns"] / 1000),
                          xytext=(0, -11), textcoords="offset points", ha="center", fontsize=7)
        axes.set_xticks(widths, [str(w) for w in widths])
        axes.minorticks_off()
        axes.margins(0.12, 0.2)
        return "inputs and outputs"
    active = round(points[0]["width"] * points[0]["density"])
    grid(points, path, "µs per example", draw, f"Cost against width, {active} active inputs, one thread; numbers: how "
         "many times faster it is to skip zeros")


def grid(points, path, label, draw, title):
    """One pair of axes for each product and mini-batch."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "truezero"
    import matplotlib.pyplot as plt
    batches = sorted({point["examples"] for point in points})
    figure, all_axes = plt.subplots(len(TITLES), len(batches), figsize=(3.4 * len(batches), 5.6), squeeze=False)
    for row, (product, name) in zip(all_axes, TITLES.items()):
        for axes, examples in zip(row, batches):
            chosen = [p for p in points if p["product"] == product and p["examples"] == examples]
            axes.set_xlabel(draw(axes, chosen))
            axes.set_title(f"{name}, {examples} example{'s' if examples > 1 else ''}", fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(label)
    entries = {}
    for axes in all_axes.flat:
        for handle, text in zip(*axes.get_legend_handles_labels()):
            entries.setdefault(text, handle)
    figure.legend(entries.values(), entries.keys(), loc="lower center", ncols=len(entries), frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=10)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path + ".svg", metadata={"Date": None})
    figure.savefig(path + ".png", dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
