"""RESULTS.md: one table of all works, the variants behind it, and on what machine."""
import os
import platform
import subprocess


def write(records, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("\n".join(document(records)) + "\n")
    os.replace(path + ".new", path)


def document(records):
    dates = sorted(record["date"] for record in records)
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    yield "# The contest"
    yield ""
    yield f"{when}; {hardware()}; {versions(records)}."
    if any(record["quick"] for record in records):
        yield ""
        yield "**Some of this was run with `--quick`: too short to be relied on.**"
    yield ""
    yield "Examples per second, medians over rounds in which truezero and every variant of every peer took turns on"
    yield "the same weights and data. The ratio is truezero's to the best variant of all peers: taken in each round,"
    yield "then the median, and in brackets the lowest and the highest."
    yield ""
    yield "| work | threads | truezero | best peer | other peers, each at its best | ratio | target | beyond |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from map(row, records)
    yield ""
    yield "## Networks"
    yield ""
    yield "Trained by truezero on the data timed. Largest difference of its outputs from a reference in double"
    yield "precision, relative to the largest output."
    yield ""
    yield "| network | shape | inputs active | zeros in the hidden layers | mean | epochs | difference |"
    yield "|---|---|---|---|---|---|---|"
    for network in dict.fromkeys(record["network"] for record in records):
        trained = [record["trained"] for record in records if record["network"] == network][-1]
        zeros = trained["sparsity"]
        yield (f"| {network} | {'-'.join(map(str, trained['sizes']))} | {percent(trained['inputs_active'])} "
               f"| {' / '.join(map(percent, zeros))} | {percent(sum(zeros) / len(zeros))} | {trained['epochs']} "
               f"| {trained['difference']:.0e} |")
    yield ""
    yield "## All variants"
    yield ""
    yield "`difference`: inference, of outputs from the reference; training, of the change of the weights in the"
    yield "first steps from the reference's, relative to the largest. scikit-learn has no"
    yield "penalty on activations and trains without it; of a whole fit there is no reference."
    yield ""
    yield "| work | threads | peer | variant | examples/s | lowest | highest | difference |"
    yield "|---|---|---|---|---|---|---|---|"
    for record in records:
        yield from variant_rows(record)


def row(record):
    name, variant = record["best"]
    others = [f"{peer} {best(report):,.0f}" for peer, report in record["peers"].items()
              if peer != name and best(report)]
    ratio = f"{record['ratio']:.2f}"
    if record["ratio"] >= record["target"]:
        ratio = f"**{ratio}**"
    lowest, highest = min(record["ratios"]), max(record["ratios"])
    return (f"| {record['work']} | {record['threads']} | {record['truezero']['examples_per_second']:,.0f} "
            f"| {name} {variant} {record['best_examples_per_second']:,.0f} | {', '.join(others) or '–'} "
            f"| {ratio} [{lowest:.2f}–{highest:.2f}] | {record['target']:g} | {record['beyond']:g} |")


def best(report):
    return max((v["examples_per_second"] for v in report["variants"].values() if "rounds" in v), default=0)


def variant_rows(record):
    start = f"| {record['work']} | {record['threads']}"
    rounds = record["truezero"]["rounds"]
    yield (f"{start} | truezero | | {record['truezero']['examples_per_second']:,.0f} "
           f"| {min(rounds):,.0f} | {max(rounds):,.0f} | |")
    for peer, report in record["peers"].items():
        for name, variant in report["variants"].items():
            if "error" in variant:
                yield f"{start} | {peer} | {name} | failed: {variant['error'].replace('|', '/')} | | | |"
                continue
            rounds = variant["rounds"]
            difference = "" if variant["difference"] is None else f"{variant['difference']:.0e}"
            yield (f"{start} | {peer} | {name} | {variant['examples_per_second']:,.0f} | {min(rounds):,.0f} "
                   f"| {max(rounds):,.0f} | {difference} |")


def percent(fraction):
    return f"{100 * fraction:.1f} %"


def versions(records):
    peers = sorted({report["version"] for record in records for report in record["peers"].values()})
    ours = sorted({record["truezero"]["version"] for record in records})
    return ", ".join([*ours, *peers, f"Python {platform.python_version()}"])


def hardware():
    """Model, cores and caches as lscpu tells them."""
    try:
        text = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    except FileNotFoundError:
        return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    told = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    told = {name.strip(): value.strip() for name, value in told.items()}
    parts = [told.get("Model name", platform.machine()), f"{os.cpu_count()} cores"]
    flags = told.get("Flags", "").split()
    parts += [name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2")] if flag in flags][:1]
    parts += [f"{name.replace(' cache', '')} {told[name]}" for name in ("L1d cache", "L2 cache", "L3 cache")
              if name in told]
    return ", ".join(parts)
