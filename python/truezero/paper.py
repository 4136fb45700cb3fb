"""The experiments of Glorot, Bordes & Bengio, "Deep Sparse Rectifier Neural Networks" (2011), measured again."""

import json
import os

from . import _inputs, _truezero

__all__ = ["Experiment", "Results", "Table", "load", "run"]


class Table:
    """A table of an experiment.

    Attributes
    ----------
    title : str
    columns : list of str
    rows : list of list of str
        Texts of the cells.
    """

    def __init__(self, document):
        self.title = document["title"]
        self.columns = list(document["columns"])
        self.rows = [[cell["text"] for cell in row] for row in document["rows"]]

    def to_frame(self):
        """The table as a pandas DataFrame; columns of numbers are numbers."""
        import pandas

        frame = pandas.DataFrame(self.rows, columns=self.columns)
        for position in range(frame.shape[1]):
            try:
                numbers = pandas.to_numeric(frame.iloc[:, position])
            except ValueError:
                continue
            frame.isetitem(position, numbers)
        return frame

    def __repr__(self):
        return f"Table({self.title!r}, {len(self.rows)} rows)"

    def _repr_html_(self):
        return self.to_frame()._repr_html_()


class Experiment:
    """What an experiment found.

    Attributes
    ----------
    name, title, question, paper, finding : str
        The experiment, what is asked, what the paper found, what was found here.
    tables : list of Table
    plots : list of dict
        As in ``results.json``.
    values : dict
        The experiment's own figures under their names.
    notes, data : list of str
    command : str
        What makes it again in a shell.
    seconds : float
    """

    def __init__(self, document):
        for name in ["name", "title", "question", "paper", "finding", "notes", "data", "command", "values", "plots"]:
            setattr(self, name, document[name])
        self.seconds = document["seconds"]
        self.tables = [Table(table) for table in document["tables"]]

    def to_frame(self):
        """The first table as a pandas DataFrame."""
        if not self.tables:
            raise ValueError(f"{self.name} has no table\nhint: its figures are in .values and .plots")
        return self.tables[0].to_frame()

    def __repr__(self):
        return f"Experiment({self.name!r}: {self.finding})"


class Results(dict):
    """Experiments by name, in the order of the paper."""

    def to_frame(self):
        """Title, finding and seconds of each experiment as a pandas DataFrame."""
        import pandas

        rows = {name: [each.title, each.finding, each.seconds] for name, each in self.items()}
        return pandas.DataFrame.from_dict(rows, orient="index", columns=["title", "finding", "seconds"])


def _results(document):
    return Results((each["name"], Experiment(each)) for each in document["experiments"])


def run(
    *names,
    out="paper",
    data=None,
    quick=False,
    epochs=None,
    seeds=None,
    networks=None,
    seed=0,
    n_threads=None,
    verbose=False,
) -> Results:
    """Run experiments, as ``truezero paper`` does.

    Parameters
    ----------
    *names : str
        "table1", "figure3" …; all, if there are none.
    out : path-like, default="paper"
        Folder of results, report and trained networks. What is there already is not trained again.
    data : path-like, default=None
        Folder of data sets; what comes with truezero, if None.
    quick : bool, default=False
        Minutes instead of hours.
    epochs, seeds, networks : int, default=None
        Upper limits of what is trained.
    seed : int, default=0
        The first of the seeds.
    n_threads : int, default=None
        Networks that are trained at the same time.
    verbose : bool, default=False
        Whether to print a line for each network.

    Returns
    -------
    results : Results
        All that are in `out`.
    """
    data = None if data is None else os.fspath(data)
    tell = print if verbose else None
    threads = _inputs.threads(n_threads)
    document = _truezero.paper(list(names), os.fspath(out), data, quick, epochs, seeds, networks, seed, threads, tell)
    return _results(json.loads(document))


def load(out="paper") -> Results:
    """Read the results of an earlier run.

    Parameters
    ----------
    out : path-like, default="paper"
        Its folder, or the file ``results.json``.

    Returns
    -------
    results : Results
    """
    path = os.fspath(out)
    if os.path.isdir(path):
        path = os.path.join(path, "results.json")
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    if not isinstance(document, dict) or document.get("version") != 1:
        raise ValueError(f"{_truezero.visible(path)}: expected results of truezero paper, version 1")
    return _results(document)
