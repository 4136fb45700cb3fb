"""What ``truezero sweep --on ray`` becomes: ``python -m truezero.ray sweep FILE``."""

import argparse
import sys

from ._sweep import _run

#: Exit code of a sweep that an interrupt broke off, as a shell gives it.
INTERRUPTED = 130


def main() -> int:
    """Run the sweep of the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="truezero.ray")
    sweep = parser.add_subparsers(dest="verb", required=True).add_parser("sweep")
    sweep.add_argument("file")
    sweep.add_argument("--out", default="sweep.sqlite")
    sweep.add_argument("--address")
    sweep.add_argument("--jobs", type=int)
    sweep.add_argument("--force", action="store_true")
    sweep.add_argument("--json", action="store_true")
    sweep.add_argument("--quiet", action="store_true")
    asked = parser.parse_args()
    try:
        verbose = not asked.quiet
        with _run(asked.file, asked.out, asked.address, asked.jobs, force=asked.force, verbose=verbose) as results:
            if results.waiting():
                print("interrupted; the same command goes on from here", file=sys.stderr)
                return INTERRUPTED
            results.show(asked.json)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
