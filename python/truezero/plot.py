"""Plots of estimators and experiments; needs matplotlib (``pip install 'truezero[plot]'``)."""

import numpy as np

__all__ = ["curves", "experiment", "sparsity"]


def _axes(ax):
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plots need matplotlib\nhint: pip install 'truezero[plot]'") from error
    return pyplot.gca() if ax is None else ax


def curves(estimator, ax=None):
    """Loss of each epoch, on training and validation examples.

    Parameters
    ----------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted.
    ax : matplotlib Axes, default=None

    Returns
    -------
    ax : matplotlib Axes
    """
    ax = _axes(ax)
    epochs = np.arange(1, len(estimator.loss_curve_) + 1)
    ax.plot(epochs, estimator.loss_curve_, label="training")
    if estimator.validation_loss_curve_:
        ax.plot(epochs, estimator.validation_loss_curve_, label="validation")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend()
    return ax


def sparsity(estimator, ax=None):
    """Fraction of zeros in each hidden layer after each epoch.

    Parameters
    ----------
    estimator : RectifierClassifier or RectifierRegressor
        Fitted.
    ax : matplotlib Axes, default=None

    Returns
    -------
    ax : matplotlib Axes
    """
    ax = _axes(ax)
    by_layer = np.array(estimator.sparsity_curve_)
    for layer in range(by_layer.shape[1] if by_layer.ndim == 2 else 0):
        ax.plot(np.arange(1, len(by_layer) + 1), by_layer[:, layer], label=f"layer {layer + 1}")
    ax.set(xlabel="epoch", ylabel="fraction of zeros", ylim=(0, 1))
    ax.legend()
    return ax


def experiment(experiment, plot=0, ax=None):
    """A chart of an experiment of the paper.

    Parameters
    ----------
    experiment : truezero.paper.Experiment
    plot : int, default=0
        Which of its charts.
    ax : matplotlib Axes, default=None

    Returns
    -------
    ax : matplotlib Axes
    """
    charts = [chart for chart in experiment.plots if chart["kind"] == "chart"]
    if not 0 <= plot < len(charts):
        raise ValueError(f"plot: expected a number below {len(charts)}, found {plot}")
    chart = charts[plot]
    ax = _axes(ax)
    for series in chart["series"]:
        x, y = np.array(series["points"], dtype=float).reshape(-1, 2).T
        style = {"line": "-", "points": "o", "line-and-points": "o-"}[series["style"]]
        errors = series.get("errors") or None
        ax.errorbar(x, y, yerr=errors, fmt=style, markersize=4, label=series["name"])
    for axis, name in [(chart["x"], "x"), (chart["y"], "y")]:
        ax.set(**{f"{name}label": axis["label"], f"{name}scale": "log" if axis.get("log") else "linear"})
        if axis.get("range"):
            ax.set(**{f"{name}lim": tuple(axis["range"])})
    ax.set_title(chart["title"])
    ax.legend()
    return ax
