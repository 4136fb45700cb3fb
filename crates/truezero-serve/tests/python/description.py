"""The description at /openapi.json against the server: schemathesis finds no failure.

    python description.py TRUEZERO FOLDER
"""

import subprocess
import sys
from pathlib import Path

from server import serving, train

EXAMPLES = 40
SEED = 1


def main(truezero: Path, folder: Path) -> None:
    flowers = folder / "flowers.csv"
    rows = [f"{row % 7},{['red', 'green', 'blue'][row % 3]},{['aster', 'briar'][row % 2]}" for row in range(60)]
    flowers.write_text("\n".join(["size,colour,kind", *rows, ""]))
    hidden = ["--hidden", "8", "--epochs", "1"]
    models = [
        train(truezero, folder, "flowers", str(flowers), "--target", "kind", *hidden),
        train(truezero, folder, "digits", *hidden),
    ]
    token = folder / "token.txt"
    token.write_text("open-sesame\n")
    with serving(truezero, *models, "--token-file", token) as url:
        command = [
            Path(sys.executable).with_name("schemathesis"),
            *["--config-file", Path(__file__).with_name("schemathesis.toml"), "run", f"{url}/openapi.json"],
            *["--header", "Authorization: Bearer open-sesame", "--checks", "all", "--seed", str(SEED)],
            *["--max-examples", str(EXAMPLES), "--generation-deterministic"],
            *["--continue-on-failure", "--no-color"],
        ]
        subprocess.run(command, check=True, cwd=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
