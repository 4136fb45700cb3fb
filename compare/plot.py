"""The ratios as bars: truezero to the best peer, per work and number of threads."""
import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "truezero"
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = ["#9ecae1", "#2171b5"]


def write(records, path):
    """Writes path.svg and path.png."""
    works = list(dict.fromkeys(record["work"] for record in records))
    threads = sorted({record["threads"] for record in records})
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.42 * len(works)))
    height = 0.8 / len(threads)
    for k, count in enumerate(threads):
        chosen = [record for record in records if record["threads"] == count]
        places = [works.index(record["work"]) + (k - (len(threads) - 1) / 2) * height for record in chosen]
        ratios = [record["ratio"] for record in chosen]
        axes.barh(places, ratios, height, color=COLOURS[k % len(COLOURS)],
                  label=f"{count} thread{'s' if count > 1 else ''}")
        for place, ratio in zip(places, ratios):
            axes.annotate(f"{ratio:.2f}", (ratio, place), xytext=(4, 0), textcoords="offset points", va="center",
                          fontsize=7)
    for place, work in enumerate(works):
        target = next(record["target"] for record in records if record["work"] == work)
        axes.plot([target, target], [place - 0.45, place + 0.45], color="#d94801", linewidth=1.5,
                  label="target" if place == 0 else None)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(works)), works, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.margins(x=0.08)
    axes.set_xlabel("examples per second, truezero ÷ best peer (1: equally fast)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=1 + len(threads), frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path + ".svg", metadata={"Date": None})
    figure.savefig(path + ".png", dpi=150)
    plt.close(figure)
