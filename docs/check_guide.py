"""Runs the guide: every `sh` and `python` block of a page, in the order in which they stand, in an empty folder.

    python docs/check_guide.py            all pages
    python docs/check_guide.py text.md    one of them

The blocks of a page share the folder, and its Python blocks share their names. `truezero` must be on the PATH, and the
package in this Python. Blocks of any other language are not run.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A page that takes longer than this hangs.
PAGE_SECONDS = 300


def run_page(page: Path) -> None:
    """Runs the blocks of a page; the first that fails ends it, named by its line."""
    text = page.read_text()
    names: dict = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        language, code = block.groups()
        line = text.count("\n", 0, block.start()) + 2
        where = f"{page.name}:{line}"
        print(f"--- {where}", flush=True)
        if language == "sh":
            subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True)
        else:
            # As many newlines before the code as there are in the page, so that errors name its lines.
            exec(compile("\n" * (line - 1) + code, page.name, "exec"), names)


def main() -> int:
    folder = Path(__file__).resolve().parent
    if sys.argv[1:2] == ["--page"]:
        run_page(Path(sys.argv[2]))
        return 0
    pages = [folder / name for name in sys.argv[1:]] or sorted(folder.glob("*.md"))
    failed = 0
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for page in pages:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as said:
            run = subprocess.Popen(
                [sys.executable, __file__, "--page", page],
                cwd=empty, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )
            try:
                problem = f"ended with {code}" if (code := run.wait(PAGE_SECONDS)) else None
            except subprocess.TimeoutExpired:
                problem = f"not done after {PAGE_SECONDS} s"
            # Servers that the page has started end with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            if problem:
                failed += 1
                said.seek(0)
                print(said.read(), problem, sep="\n")
        print(f"{'FAILED' if problem else 'ok':<7}{page.name:<22}{time.monotonic() - started:6.1f} s", flush=True)
    print(f"{len(pages) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
