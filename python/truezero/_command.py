"""The ``truezero`` command: the code of the native program, in this interpreter."""

import os
import signal
import sys

from . import _truezero


def main() -> int:
    """Run the command line; return its exit code."""
    # The command listens for interrupts itself where there is something to save, and elsewhere ends at once.
    # Python's own handler would only take note of them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # For what the command hands over to Python.
    os.environ["TRUEZERO_PYTHON"] = sys.executable
    return _truezero.command(["truezero", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
