"""What callbacks are told and can do."""

import pickle
import shutil

import numpy as np
import pytest
import truezero
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from truezero import Checkpoint, EarlyStopping, RectifierClassifier, RectifierRegressor


def test_a_callback_sees_the_network_as_it_is(iris, tmp_path):
    X, y = iris
    seen = []

    def look(epoch):
        model = epoch.model
        assert model.n_iter_ == epoch.epoch and model.loss_curve_[-1] == epoch.loss
        model.save(tmp_path / "now")
        seen.append((model.score(X, y), truezero.load(tmp_path / "now").score(X, y), epoch))

    model = RectifierClassifier((8,), max_iter=4, callbacks=look, random_state=0).fit(X, y)
    assert [score for score, _, _ in seen] == [score for _, score, _ in seen]
    assert seen[-1][0] == model.score(X, y)
    seen[0][2].model.score(X, y)  # what was asked for stays
    with pytest.raises(RuntimeError, match="while the callback runs"):
        _ = seen[0][2].validation
    epochs = []
    clone(model).set_params(callbacks=epochs.append).fit(X, y)
    assert [epoch.loss for epoch in pickle.loads(pickle.dumps(epochs))] == [epoch.loss for _, _, epoch in seen]
    parts = clone(model)
    parts.callbacks = look
    seen.clear()
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert [epoch.epoch for _, _, epoch in seen] == [1, 2, 3] and seen[-1][0] == parts.score(X, y)


@pytest.mark.parametrize("two", [False, True])
def test_early_stopping_keeps_the_best_weights_by_any_metric(two, digits):
    X, y = digits
    y = y == 3 if two else y
    parts = {"X_val": X[300:500], "y_val": y[300:500]}
    own = lambda epoch: balanced_accuracy_score(y[300:500], epoch.model.predict(X[300:500]))
    found = []
    for metric in [own, "balanced_accuracy"]:
        stopping = EarlyStopping(metric, patience=4)
        model = RectifierClassifier((30,), learning_rate_init=0.02, max_iter=300, callbacks=stopping, random_state=0)
        model.fit(X[:300], y[:300], **parts)
        assert stopping.stopped and model.n_iter_ == stopping.best_epoch + 4 < 300
        assert balanced_accuracy_score(y[300:500], model.predict(X[300:500])) == pytest.approx(stopping.best)
        found.append(stopping.best_epoch)
    assert found[0] == found[1]
    # The callback serves another fit as it did the first.
    assert clone(model).fit(X[:300], y[:300], **parts).n_iter_ == model.n_iter_


def test_losses_are_better_when_they_are_less(digits):
    X, y = digits
    stopping = EarlyStopping(patience=3)
    model = RectifierRegressor((20,), early_stopping=True, max_iter=200, n_iter_no_change=1000, random_state=0)
    model.set_params(callbacks=[stopping], learning_rate_init=0.02).fit(X[:400], y[:400] / 9)
    assert stopping.best == min(model.validation_loss_curve_)
    with pytest.raises(ValueError, match="hint: pass X_val and y_val"):
        RectifierRegressor((5,), callbacks=EarlyStopping()).fit(X, y)
    for wrong in [{"metric": 3}, {"patience": 0}, {"min_delta": np.nan}, {"metric": "no_such_scorer"}]:
        with pytest.raises(ValueError):
            EarlyStopping(**wrong)


def test_checkpoints_are_models(iris, tmp_path):
    X, y = iris
    each = Checkpoint(tmp_path / "{epoch:02}.safetensors")
    best = Checkpoint(tmp_path / "best.safetensors", metric=lambda epoch: -abs(epoch.epoch - 3))
    model = RectifierClassifier((8,), max_iter=5, callbacks=[each, best], random_state=0).fit(X, y)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0{n}.safetensors" for n in range(1, 6)] + [
        "best.safetensors"
    ]
    read = lambda name: truezero.load(tmp_path / f"{name}.safetensors")
    np.testing.assert_array_equal(read("05").coefs_[0], model.coefs_[0])
    np.testing.assert_array_equal(read("best").coefs_[0], read("03").coefs_[0])
    assert np.any(read("03").coefs_[0] != model.coefs_[0])
    (tmp_path / "notes.txt").write_text("years of work")
    with pytest.raises(FileExistsError):
        clone(model).set_params(callbacks=Checkpoint(tmp_path / "notes.txt")).fit(X, y)
    with pytest.raises(ValueError, match="path: expected no braces"):
        clone(model).set_params(callbacks=Checkpoint(tmp_path / "{step}")).fit(X, y)


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_training(iris, tmp_path):
    X, y = iris
    folder = tmp_path / "away"
    saved = []

    def move(epoch):
        """The folder is there from the third epoch to the fourth."""
        if epoch.epoch == 3:
            folder.mkdir()
        if epoch.epoch == 5:
            saved.extend(path.name for path in folder.iterdir())
            shutil.rmtree(folder)

    # The second epoch is the best, and no later one is as good as the first.
    best = Checkpoint(folder / "best.safetensors", metric=lambda epoch: [1, 9, 0, 0.5, 8, 0][epoch.epoch - 1])
    model = RectifierClassifier((8,), max_iter=6, callbacks=[move, best], random_state=0)
    with pytest.warns(UserWarning) as told:
        model.fit(X, y)
    told = [str(warning.message) for warning in told if "checkpoint" in str(warning.message)]
    assert [message.split(":")[0] for message in told] == [
        "the training goes on without a checkpoint",
        "the training goes on without a checkpoint",
        "the last checkpoint could not be written",
    ]
    assert saved == ["best.safetensors"], "what could not be saved before is no hindrance"
    assert len(model.loss_curve_) == 6
