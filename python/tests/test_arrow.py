"""Scoring of Arrow tables."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse

import truezero
from truezero.arrow import Scorer


@pytest.fixture(scope="module")
def model(iris):
    X, y = iris
    return truezero.RectifierClassifier((8,), max_iter=5, random_state=0).fit(X, y)


def test_features_come_in_three_forms(model, iris):
    X, _ = iris
    expected = model.predict_proba(X)
    rows = sparse.csr_matrix(np.where(np.abs(X) < 0.5, 0, X))
    cut = [np.split(values, rows.indptr[1:-1]) for values in (rows.indices, rows.data)]
    forms = pa.table(
        {
            **{name: X[:, at] for at, name in enumerate("abcd")},
            "list": list(X),
            "fixed": pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 4),
            "indices": list(cut[0]),
            "values": list(cut[1]),
        }
    )
    for features in [list("abcd"), "list", "fixed"]:
        scored = Scorer(model, features=features, keep=[])(forms)
        assert scored.column_names == ["label", "probability_0", "probability_1", "probability_2"]
        np.testing.assert_array_equal(np.column_stack(scored.columns[1:]), expected)
        # Part of a table knows where it begins.
        part = Scorer(model, features=features, keep=[])(forms.slice(40, 25))
        np.testing.assert_array_equal(np.column_stack(part.columns[1:]), expected[40:65])
    active = Scorer(model, features=("indices", "values"), keep=["a"])
    scored = active(forms.slice(40, 25).combine_chunks().to_batches()[0])
    assert scored.column_names[0] == "a"
    np.testing.assert_array_equal(np.column_stack(scored.columns[2:]), model.predict_proba(rows[40:65]))


def test_a_model_of_a_table_finds_its_columns(tmp_path, command):
    frame = pd.DataFrame({"a": np.arange(60.0) % 7, "word": ["x", "y", "z"] * 20, "y": np.arange(60) ** 1.5})
    frame.to_csv(tmp_path / "t.csv", index=False)
    command("train", tmp_path / "t.csv", "--target=y", "--hidden=4", "--epochs=2", "--quiet", "--out", tmp_path / "m")
    scored = Scorer(tmp_path / "m")(pa.Table.from_pandas(frame[["word", "a"]]))
    assert scored.column_names == ["word", "a", "y"]
    np.testing.assert_array_equal(scored["y"], truezero.load(tmp_path / "m").predict(frame))


@pytest.mark.parametrize("task", ["classes", "labels", "quantities"])
def test_a_batch_of_no_rows_has_the_types_of_others(task, iris):
    X, y = iris
    kind = truezero.RectifierRegressor if task == "quantities" else truezero.RectifierClassifier
    y = np.eye(3, dtype=int)[y] if task == "labels" else y
    model = kind((4,), max_iter=1).fit(X, y)
    rows = sparse.csr_matrix(X)
    cut = [np.split(values, rows.indptr[1:-1]) for values in (rows.indices, rows.data)]
    table = pa.table({"x": list(X), "i": list(cut[0]), "v": list(cut[1])})
    for features in ["x", ("i", "v")]:
        scorer = Scorer(model, features=features)
        full = scorer(table)
        for empty in [table.slice(0, 0), table.schema.empty_table(), pa.RecordBatch.from_pylist([], table.schema)]:
            assert scorer(empty).schema == full.schema


@pytest.mark.parametrize(
    ("columns", "features", "told"),
    [
        ({"x": [[1.0, 2.0, 3.0, 4.0]]}, "z", "expected a column 'z', found x"),
        ({"x": [[1.0, 2.0, 3.0]]}, "x", "expected lists of 4 numbers"),
        ({"x": [[1.0] * 3, [1.0] * 5]}, "x", "found one of 3"),
        ({"x": [[1.0, 2.0, 3.0, 4.0], None]}, "x", "expected a value in each row, found 1 missing"),
        ({"x": [[1.0, 2.0, 3.0, None]]}, "x", "expected a number at each place, found 1 missing"),
        ({"x": [1.0]}, "x", "expected lists of numbers, found double"),
        ({"x": [1.0]}, None, "expected 4 columns of numbers, found 1"),
        ({"i": [[4]], "v": [[1.0]]}, ("i", "v"), "expected positions from 0 to 3, found 4"),
        ({"i": [[-1]], "v": [[1.0]]}, ("i", "v"), "expected positions from 0 to 3, found -1"),
        ({"i": [[1.5]], "v": [[1.0]]}, ("i", "v"), "column 'i': expected whole numbers, found 1.5"),
        ({"i": [["1"]], "v": [[1.0]]}, ("i", "v"), "column 'i': expected whole numbers"),
        ({"i": [[1, 2]], "v": [[1.0]]}, ("i", "v"), "expected lists of the same lengths"),
        ({"x": [[1.0, 2.0, 3.0, 4.0]], "label": ["?"]}, "x", "column 'label': expected a name that no prediction has"),
    ],
)
def test_tables_that_do_not_fit_are_told(model, columns, features, told):
    with pytest.raises(ValueError, match=told):
        Scorer(model, features=features)(pa.table(columns))
