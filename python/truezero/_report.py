"""What happened in a training, for people: text in a terminal, a page in a notebook."""

import html

import numpy as np

#: Size of a curve, in pixels.
WIDTH, HEIGHT = 320, 120
#: Columns of the table of layers.
HEADER = ["layer", "units", "zeros", "active units", "dead", "always on"]
#: Space around a curve.
MARGIN = 8
COLOURS = ["#1b6ca8", "#c8553d", "#588157", "#6d597a", "#b08900"]


class Report:
    """Curves of a training, and what the hidden layers do.

    Attributes
    ----------
    title : str
    layers : list of dict
        For each hidden layer ``units``, ``sparsity``, ``dead_units``, ``always_on_units``, ``mean_activation``.
    curves : dict of str to dict of str to list of float
        By title, then by name.
    """

    def __init__(self, title, layers, curves):
        self.title, self.layers, self.curves = title, layers, curves

    @classmethod
    def of(cls, estimator, observed):
        """The report of a fitted network."""
        sizes = [estimator._model.layers()[0][0].shape[0]]
        sizes += [weights.shape[1] for weights, _, _, _ in estimator._model.layers()]
        title = f"{type(estimator).__name__} {'-'.join(map(str, sizes))}, {estimator.n_iter_} epochs"
        loss = {"training": estimator.loss_curve_}
        if estimator.validation_loss_curve_:
            loss["validation"] = estimator.validation_loss_curve_
        curves = {"loss": loss}
        if estimator.validation_scores_:
            curves["validation score"] = {"score": estimator.validation_scores_}
        sparsity = np.array(estimator.sparsity_curve_)
        if sparsity.size:
            layers = range(sparsity.shape[1])
            curves["zeros"] = {f"layer {layer + 1}": sparsity[:, layer].tolist() for layer in layers}
        return cls(title, observed, curves)

    def to_frame(self):
        """The layers as a pandas DataFrame, one row each."""
        import pandas

        columns = ["units", "sparsity", "dead_units", "always_on_units", "mean_activation"]
        return pandas.DataFrame([{name: layer[name] for name in columns} for layer in self.layers])

    def _rows(self):
        for number, layer in enumerate(self.layers, 1):
            active = "–".join(str(count) for count in (layer["active_units"][0], layer["active_units"][-1]))
            yield [
                f"{number}",
                f"{layer['units']}",
                f"{100 * layer['sparsity']:.1f} %",
                active,
                f"{layer['dead_units']}",
                f"{layer['always_on_units']}",
            ]

    def __str__(self):
        rows = [HEADER, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
        for title, curves in self.curves.items():
            for name, values in curves.items():
                if values:
                    lines.append(f"{title}, {name}: {values[0]:.4g} → {values[-1]:.4g}")
        return "\n".join([self.title, *lines])

    __repr__ = __str__

    def _repr_html_(self):
        head = "".join(f"<th>{name}</th>" for name in HEADER)
        rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self._rows())
        charts = "".join(_chart(title, curves) for title, curves in self.curves.items())
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if self.layers else ""
        return (
            f"<div><b>{html.escape(self.title)}</b>{table}"
            f'<div style="display:flex;flex-wrap:wrap;gap:1em">{charts}</div></div>'
        )


def _chart(title, curves):
    """Lines over epochs as SVG, with the least and the greatest value beside them."""
    values = np.array([value for curve in curves.values() for value in curve], dtype=float)
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    lines, legend = [], []
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        step = (WIDTH - 2 * MARGIN) / max(len(curve) - 1, 1)
        points = [
            f"{MARGIN + step * at:.1f},{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / span:.1f}"
            for at, value in enumerate(curve)
            if np.isfinite(value)
        ]
        lines.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(points)}">'
            f"<title>{html.escape(name)}</title></polyline>"
        )
        legend.append(f'<span style="color:{colour}">{html.escape(name)}</span>')
    return (
        f"<figure><figcaption>{html.escape(title)}: {low:.4g} to {high:.4g} · {' '.join(legend)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">{"".join(lines)}</svg></figure>'
    )
