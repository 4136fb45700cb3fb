"""Ctrl-C: in Python, and in the command that the package installed."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import truezero
from truezero import _training

FIT = """
import warnings
import numpy as np
from truezero import RectifierClassifier, DenoisingAutoencoder
random = np.random.default_rng(0)
X = random.normal(size=(20_000, 50)).astype(np.float32)
y = random.integers(0, 2, 20_000)
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as caught:
    {fit}
assert [str(each.message) for each in caught] == ["Training interrupted by user."], caught
assert 0 < model.n_iter_ < 1_000_000
{use}
print("fitted")
"""
NETWORK = (
    "model = RectifierClassifier((200, 200), tol=0, max_iter=1_000_000, n_iter_no_change=1_000_000, "
    'callbacks=lambda epoch: print("epoch", flush=True))\n    model.fit(X, y)',
    "assert model.predict(X).shape == (20_000,) and len(model.loss_curve_) == model.n_iter_",
)
ENCODER = (
    'model = DenoisingAutoencoder((50,), max_iter=1_000_000, verbose=True)\n    print("epoch", flush=True)\n    model.fit(X[:2000])',
    "assert model.transform(X).shape == (20_000, 50)",
)


def interrupted(arguments, sign, stream):
    """Starts a process, interrupts it at the first line with a sign, and waits for its end."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    watchdog = threading.Timer(300, process.kill)
    watchdog.start()
    try:
        lines = process.stdout if stream == "stdout" else process.stderr
        for line in lines:
            if sign in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate()
    finally:
        watchdog.cancel()
    return process.returncode, out, err


@pytest.mark.parametrize(("fit", "use"), [NETWORK, ENCODER], ids=["network", "encoder"])
def test_a_fit_ends_with_what_it_has_learned(fit, use):
    script = FIT.format(fit=fit, use=use)
    if "Encoder" in fit.split("(")[0] or "DenoisingAutoencoder" in fit:
        # The first epoch must have ended for there to be something.
        script = script.replace('print("epoch", flush=True)', "").replace(
            "verbose=True", "verbose=True, random_state=0"
        )
        sign, flush = (
            "iteration 1,",
            "import functools, builtins; builtins.print = functools.partial(print, flush=True)\n",
        )
        script = flush + script
    else:
        sign = "epoch"
    code, out, err = interrupted([sys.executable, "-c", script], sign, "stdout")
    assert code == 0, err
    assert "fitted" in out


def test_other_handlers_are_heard_too(iris):
    """What a handler raises ends the fit, whatever it is."""

    class Enough(Exception):
        pass

    def handler(number, frame):
        raise Enough

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Enough):
            truezero.RectifierClassifier((300, 300), tol=0, n_iter_no_change=10**9, max_iter=10**9).fit(*iris)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_interrupted_partial_fit_keeps_what_it_has_learned(monkeypatch):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(100_000, 100)).astype(np.float32), random.integers(0, 2, 100_000)
    model = truezero.RectifierClassifier((300, 300), random_state=0, batch_size=10)
    model.partial_fit(X[:100], y[:100], classes=[0, 1])
    before = model.coefs_[0]
    run = _training.run

    def interrupted_run(*arguments, **options):
        # In the training itself, however long it took to prepare the examples.
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        return run(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(_training, "run", interrupted_run)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            model.partial_fit(X, y)
    assert np.any(model.coefs_[0] != before) and model.n_iter_ == 1
    assert model.partial_fit(X[:100], y[:100]).n_iter_ == 2


def test_other_threads_run_while_a_fit_does():
    """The fit lets go of the interpreter: another thread counts on meanwhile."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30_000, 100)).astype(np.float32), random.integers(0, 2, 30_000)
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1

    during = []
    thread = threading.Thread(target=count)
    model = truezero.RectifierClassifier((200,), max_iter=2, n_threads=1)
    model.callbacks = lambda epoch: during.append(counted[0])
    thread.start()
    try:
        model.fit(X, y)
    finally:
        done.set()
        thread.join()
    # With the interpreter held through an epoch, a thread would come to nothing between two callbacks.
    assert during[1] - during[0] > 1000


def test_the_command_saves_when_it_is_interrupted(tmp_path, command):
    model = tmp_path / "model.safetensors"
    arguments = [
        command.program,
        "train",
        "--hidden",
        "50",
        "--epochs",
        "100000",
        "--patience",
        "0",
        "--out",
        str(model),
    ]
    code, _, err = interrupted(arguments, "epoch 1/", "stderr")
    assert code == 130, err
    assert "saving after this mini-batch" in err
    assert truezero.load(model).n_iter_ >= 1
    assert (tmp_path / "model.safetensors.checkpoint").exists()


def test_a_command_with_nothing_to_save_ends_at_once(tmp_path, command):
    # It waits for what never comes through a pipe.
    model = tmp_path / "model.safetensors"
    command("train", "--hidden", "5", "--epochs", "1", "--quiet", "--out", model)
    script = (
        "import os, sys, threading, signal, time\n"
        "from truezero import _command\n"
        "os.mkfifo(sys.argv[2])\n"
        "threading.Thread(target=lambda: (time.sleep(1), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()\n"
        "sys.argv = ['truezero', 'predict', sys.argv[1], sys.argv[2]]\n"
        "_command.main()\n"
    )
    pipe = str(tmp_path / "pipe.npy")
    done = subprocess.run(
        [sys.executable, "-c", script, str(model), pipe], timeout=60, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGINT
