"""How plots look, and the one that a run and a study share: privacy against description and informativeness."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from letheia.metrics.results import Row
from letheia.metrics.table import METRICS
from letheia.report.tables import method_title

INK = "#888888"  # readable on white and on black
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "letheia", "font.family": "sans-serif", "font.size": 9, "text.color": INK,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.titlecolor": INK,
    "text.parse_math": False,  # a model may be called $x$
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.labelcolor": INK,
}  # fmt: skip
PRIVACY = ("usr_strict", "attributes", "inform")
"""Metrics of forgotten people on unseen pictures: the first along, the others up."""
PRIVACY_TOLD = "Scatter plots: how many answers no longer tell of forgotten people, against how well they describe."
HIGHEST = {"attributes": 1.0, "inform": 5.0}


def privacy_plot(rows: Mapping[str, Sequence[Row | None]], of: str) -> str:
    """Privacy against description and informativeness; crosses are 95 % intervals. Empty without numbers.

    Args:
        rows: Each method's rows of the metrics `PRIVACY`.
        of: What the title says beside.
    """
    points = {metric: _points(rows, metric) for metric in HIGHEST}
    there = [metric for metric in HIGHEST if points[metric]]
    if not there:
        return ""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.5 * len(there), 3.6), layout="tight")
        panels = figure.subplots(1, len(there), squeeze=False)[0]
        for axes, metric in zip(panels, there, strict=True):
            for i, (method, (x, y)) in points[metric].items():
                (mx, ex), (my, ey) = _arms(x), _arms(y)
                axes.errorbar(mx, my, xerr=ex, yerr=ey, fmt="o", color=f"C{i}", capsize=2, label=_label(method))
            axes.set(
                xlabel="no longer told of (USR strict), unseen pictures",
                ylabel=f"{METRICS[metric].title}, unseen pictures",
                xlim=(-0.05, 1.05),
                ylim=(-0.05, 1.02 * HIGHEST[metric] + 0.03),
            )
        figure.suptitle(f"Privacy against description · {of}", fontsize=9, color=INK)
        drawn = max((axes.get_legend_handles_labels() for axes in panels), key=lambda both: len(both[1]))
        panels[-1].legend(*drawn, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return svg(figure)


def _points(rows: Mapping[str, Sequence[Row | None]], metric: str) -> dict[int, tuple[str, tuple[Row, Row]]]:
    """By the method's number: its name, and its rows along and up."""
    found: dict[int, tuple[str, tuple[Row, Row]]] = {}
    for i, (method, own) in enumerate(rows.items()):
        x, y = own[0], own[PRIVACY.index(metric)]
        if x and y and x.count and y.count:
            found[i] = method, (x, y)
    return found


def _label(method: str) -> str:
    title = method_title(method)
    return f" {title}" if title.startswith("_") else title  # matplotlib leaves out what begins with one


def _arms(row: Row) -> tuple[float, list[list[float]]]:
    """Mean, and how far the interval reaches below and above."""
    mean = float(row.mean or 0.0)
    low, high = (mean if end is None else float(end) for end in (row.low, row.high))
    return mean, [[mean - low], [high - mean]]


def svg(figure: Figure) -> str:
    """The drawing as a page holds it."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # the browser has letters that matplotlib's font lacks, and a long name may reach past the edge
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(
            buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = buffer.getvalue()
    return text[text.index("<svg") :]
