"""Data that comes along, the paper's experiments, plots and reports."""

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import truezero
from truezero import datasets, paper, plot

matplotlib.use("Agg")
from matplotlib import pyplot  # after the choice above


def test_digits():
    digits = datasets.load_digits5k()
    assert digits.data.shape == (5000, 784) and digits.data.dtype == np.float32 and digits.data.max() == 255
    assert digits.images.shape == (5000, 28, 28)
    assert [part.stop - part.start for part in digits.parts.values()] == [4000, 500, 500]
    assert np.all(np.bincount(digits.target) == 500)
    X, y = datasets.load_digits5k(return_X_y=True, as_sparse=True)
    assert X.format == "csr" and np.array_equal(X.toarray(), digits.data) and np.array_equal(y, digits.target)


def test_snippets():
    snippets = datasets.load_film_snippets()
    assert len(snippets.data) == len(snippets.target) == 10605
    assert "Effective but too tepid biopic" in snippets.data[snippets.parts["train"]]
    assert set(snippets.target) == {1, 2, 3, 4, 5}


def test_an_experiment_of_the_paper(tmp_path, capsys):
    results = paper.run("figure1", out=tmp_path, quick=True, verbose=True)
    assert list(results) == ["figure1"] and "figure1: " in capsys.readouterr().out
    assert (tmp_path / "report.html").exists()
    assert paper.load(tmp_path)["figure1"].finding == results["figure1"].finding
    ax = plot.experiment(results["figure1"])
    assert ax.lines and ax.get_title()
    with pytest.raises(ValueError, match="figure9"):
        paper.run("figure9", out=tmp_path)
    (tmp_path / "results.json").write_text("[]")
    with pytest.raises(ValueError, match="version 1"):
        paper.load(tmp_path)


def test_experiments_as_frames():
    results = paper.load(Path(__file__).parents[2] / "results" / "paper")
    assert len(results.to_frame()) == len(results) > 5
    frame = results["table1"].to_frame()
    assert len(frame) > 2 and len(frame.columns) > 2
    for experiment in results.values():
        assert all(len(table.to_frame()) == len(table.rows) for table in experiment.tables)


def test_plots(digits):
    X, y = digits
    model = truezero.RectifierClassifier((20, 10), max_iter=5, early_stopping=True, random_state=0).fit(X, y)
    figure, axes = pyplot.subplots(1, 2)
    assert [line.get_label() for line in plot.curves(model, axes[0]).lines] == ["training", "validation"]
    zeros = plot.sparsity(model, axes[1])
    np.testing.assert_allclose(zeros.lines[1].get_ydata(), [each[1] for each in model.sparsity_curve_])
    pyplot.close(figure)


def test_a_report_shows_layers_and_curves(digits):
    X, y = digits
    model = truezero.RectifierClassifier((20, 10), max_iter=5, early_stopping=True, random_state=0).fit(X, y)
    report = model.report()
    page = report._repr_html_()
    ElementTree.fromstring(page)  # well-formed
    assert page.count("<polyline") == 5 and page.count("<tr>") == 3
    assert f"{100 * model.sparsity_[1]:.1f} %" in page and f"{100 * model.sparsity_[1]:.1f} %" in str(report)
    some = model.report(X[:3]).to_frame()
    codes = model.set_params(transform_layer=0).transform(X[:3]).toarray()
    assert some["sparsity"][0] == pytest.approx((codes == 0).mean())
    assert some["dead_units"][0] == (codes == 0).all(axis=0).sum()
    frame = report.to_frame()
    np.testing.assert_allclose(frame["sparsity"], model.sparsity_)
    assert list(frame["units"]) == [20, 10]


def test_python_in_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readme = Path(__file__).parents[2] / "README.md"
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_the_stubs_name_all_there_is():
    from truezero import _truezero

    package = Path(truezero.__file__).parent
    assert (package / "py.typed").exists(), "type checkers ask for it"
    stubs = (package / "_truezero.pyi").read_text()
    public = lambda thing: {name for name in dir(thing) if not name.startswith("_")}
    for name in public(_truezero):
        assert re.search(rf"^(class|def) {name}\b", stubs, re.MULTILINE), name
    for kind in [_truezero.Model, _truezero.Trainer, _truezero.Decoder]:
        body = re.search(rf"^class {kind.__name__}:\n((?:    .*\n|\n)*)", stubs, re.MULTILINE)[1]
        assert public(kind) == set(re.findall(r"def ([a-z]\w*)\(", body)), kind
