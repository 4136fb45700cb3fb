"""Predictions for data sets of Ray's."""

import numpy as np
import pyarrow as pa
import pytest
import ray
from scipy import sparse
from sklearn.datasets import load_digits

import truezero
import truezero.ray


def test_all_rows_get_what_the_model_predicts(cluster, tmp_path):
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    model = truezero.RectifierClassifier((30,), max_iter=3, random_state=0).fit(X, y)
    truezero.save(model, tmp_path / "model.safetensors")
    rows = sparse.csr_matrix(X)
    lists = np.split(rows.indices, rows.indptr[1:-1]), np.split(rows.data, rows.indptr[1:-1])
    table = pa.table(
        {"id": range(len(y)), "x": list(X), "at": list(lists[0]), "value": list(lists[1])}
    )
    dataset = ray.data.from_arrow([table.slice(0, 700), table.slice(700)])
    expected = model.predict_proba(X)
    for features in ["x", ("at", "value")]:
        scored = truezero.ray.score(
            dataset, tmp_path / "model.safetensors", features=features, keep=["id"], batch_size=300, concurrency=2
        )
        frame = scored.to_pandas().sort_values("id")
        assert list(frame.columns) == ["id", "label", *(f"probability_{digit}" for digit in range(10))]
        assert list(frame["id"]) == list(range(len(y)))
        np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(np.float32), expected.astype(np.float32))
        assert list(frame["label"]) == [str(label) for label in model.predict(X)]


def test_what_cannot_be_is_told_at_once(cluster):
    model = truezero.RectifierClassifier((3,), max_iter=1).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match="expected a file or a fitted estimator of truezero, found int"):
        truezero.ray.score(ray.data.range(3), model=3)
    with pytest.raises(FileNotFoundError):
        truezero.ray.score(ray.data.range(3), "nowhere.safetensors")
    with pytest.raises(ray.exceptions.RayTaskError, match="expected a column 'x', found id"):
        truezero.ray.score(ray.data.range(3), model, features="x").materialize()
