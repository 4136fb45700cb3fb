"""The same data means the same, however it comes to a model."""

import datetime
import json
import re
import subprocess
import urllib.error
import urllib.request
import warnings

import numpy as np
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

import truezero
from truezero.arrow import Scorer

COLOURS = ["red", "blue", "n/a", "none"]


def frame(rows):
    """A column of every kind, as pandas has it."""
    generator = np.random.default_rng(0)
    number = generator.normal(size=rows)
    gaps = [None if row % 7 == 3 else float(row % 5) for row in range(rows)]
    return pandas.DataFrame(
        {
            "number": number,
            "gaps": gaps,
            "whole": np.arange(rows) % 11,
            "colour": [COLOURS[row % 4] if COLOURS[row % 4] != "n/a" else None for row in range(rows)],
            "flag": [row % 3 == 0 for row in range(rows)],
            "blanks": [" small " if row % 2 else "large" for row in range(rows)],
            "code": [["007", "12", "K"][row % 3] for row in range(rows)],
            "note": [f"a {COLOURS[row % 2]} thing, number {row % 4}" for row in range(rows)],
            "label": np.where(number + np.array([row % 3 for row in range(rows)]) > 1, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("doors")
    table = frame(200)
    table.to_csv(folder / "train.csv", index=False)
    options = ["--target", "label", "--text", "note", "--hidden", "9", "--epochs", "3", "--quiet"]
    command("train", folder / "train.csv", *options, "--out", folder / "model.safetensors")
    return folder, table.drop(columns="label")


@pytest.fixture(scope="module")
def served(trained, command):
    """Asks a server for predictions of records; gives the answer's code and document."""
    folder, _ = trained
    arguments = [command.program, "serve", folder / "model.safetensors", "--addr", "127.0.0.1:0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as server:
        address = re.search(r"http://\S+", server.stderr.readline()).group()

        def ask(records):
            body = json.dumps({"records": records}).encode()
            request = urllib.request.Request(f"{address}/v1/predict", body, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        yield ask
        server.terminate()


def test_every_door_gives_the_same_predictions(trained, served, command):
    folder, table = trained
    model = truezero.load(folder / "model.safetensors")
    table.to_csv(folder / "new.csv", index=False)
    table.to_csv(folder / "new.tsv", index=False, sep="\t")
    table.to_parquet(folder / "new.parquet")
    with pyarrow.OSFile(str(folder / "new.arrow"), "wb") as file:
        arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
        with pyarrow.ipc.new_file(file, arrow.schema) as writer:
            writer.write_table(arrow)

    def predicted(name):
        printed = command("predict", folder / "model.safetensors", folder / name, "--out", folder / "out.csv")
        assert "predictions" in printed
        out = pandas.read_csv(folder / "out.csv")
        return out[["probability_no", "probability_yes"]].to_numpy(dtype=np.float32)

    expected = predicted("new.csv")
    assert len(np.unique(expected)) > 50
    for name in ["new.tsv", "new.parquet", "new.arrow"]:
        np.testing.assert_array_equal(predicted(name), expected, err_msg=name)
    words = table.astype(object).where(table.notna(), None).map(lambda cell: "" if cell is None else str(cell))
    tables = {
        "pandas": table,
        "polars": polars.from_pandas(table),
        "pyarrow": arrow,
        "dict": {name: table[name].tolist() for name in table},
        "words": words,
        "blanks around names": table.rename(columns=lambda name: f" {name}"),
        "other columns between": table.assign(when=datetime.date(2024, 1, 1))[["when", *reversed(table.columns)]],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error", truezero.DataWarning)
        for name, table in tables.items():
            np.testing.assert_array_equal(model.predict_proba(table), expected, err_msg=name)
        scored = Scorer(model, keep=[])(arrow)
    np.testing.assert_array_equal(np.column_stack(scored.columns[1:]), expected)
    for name in ["pandas", "words"]:
        rows = tables[name].astype(object)
        records = rows.where(rows.notna(), None).to_dict("records")
        code, answer = served(json.loads(json.dumps(records, default=lambda cell: cell.item())))
        assert (code, answer["warnings"]) == (200, [])
        probabilities = [prediction["probabilities"] for prediction in answer["predictions"]]
        np.testing.assert_array_equal(np.array(probabilities, dtype=np.float32), expected, err_msg=f"records of {name}")


def test_the_server_names_the_record_of_a_bad_cell(trained, served):
    record = {"number": 1, "gaps": None, "whole": "3", "colour": "red", "flag": True, "blanks": "large", "code": "K"}
    record["note"] = "a red thing"
    code, answer = served([record, record | {"whole": "many"}])
    assert code in (400, 422)
    assert re.search(r'(row|record) 2, column "whole": expected a number, as in training, found "many"', str(answer))


def test_levels_that_training_did_not_have_are_told(trained):
    folder, table = trained
    model = truezero.load(folder / "model.safetensors")
    with pytest.warns(truezero.DataWarning, match=r"column \"colour\": values that .*: 200, such as \"mauve\""):
        model.predict(table.assign(colour="mauve"))


def test_missing_columns_are_named_at_once(trained):
    folder, table = trained
    model = truezero.load(folder / "model.safetensors")
    with pytest.raises(ValueError, match="columns 'number', 'gaps', as in training, found only whole"):
        model.predict(table.drop(columns=["number", "gaps"]))
    with pytest.raises(ValueError, match='row 1, column "number": expected a number, as in training, found "much"'):
        model.predict(table.assign(number="much"))
