"""The command of the package is the one of the repository."""

import subprocess
import sys
from importlib import metadata

import truezero
from packaging.tags import cpython_tags


def test_version_help_and_exit_codes(command):
    assert command("--version").strip() == f"truezero {truezero.__version__}"
    assert "train" in command("--help")
    run = lambda *arguments: subprocess.run([command.program, *arguments], capture_output=True, text=True, check=False)
    wrong = run("dance")
    assert wrong.returncode == 2 and "dance" in wrong.stderr
    missing = run("predict", "no-such-file", "digits5k")
    assert missing.returncode == 1 and missing.stderr.startswith("error: cannot read no-such-file")
    option = run("train", "--epochs", "0")
    assert option.returncode == 2 and "option epochs" in option.stderr


def test_a_reader_that_goes_away_is_no_failure(command):
    process = subprocess.Popen([command.program, "train", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""


def test_the_command_loads_no_more_than_it_needs():
    script = "import sys, truezero._command; print('sklearn' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_module_is_the_command_too():
    done = subprocess.run(
        [sys.executable, "-m", "truezero._command", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("truezero ")


def test_the_wheel_is_refused_by_a_python_without_the_lock():
    """It has the stable interface, which Python 3.14t has not: installers do not take it, and build one from source."""
    installed = {str(tag) for tag in cpython_tags((3, 14), ["cp314"], ["any"])}
    without_lock = {str(tag) for tag in cpython_tags((3, 14), ["cp314t"], ["any"])}
    told = metadata.distribution("truezero").read_text("WHEEL").splitlines()
    (tag,) = [line.removeprefix("Tag: ") for line in told if line.startswith("Tag: ")]
    interpreter, interface, _ = tag.split("-")
    assert (interpreter, interface) == ("cp311", "abi3")
    assert f"{interpreter}-{interface}-any" in installed and f"{interpreter}-{interface}-any" not in without_lock
