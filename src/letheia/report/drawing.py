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
HIGHEST = {"attributes": 1.0, "inform": 5.0}


def privacy_plot(rows: Mapping[str, Sequence[Row | None]], of: str) -> str:
    """Privacy against description and informativeness; crosses are 95 % intervals.

    Args:
        rows: Each method's rows of the metrics `PRIVACY`.
        of: What the title says beside.
    """
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9, 3.6), layout="tight")
        panels = figure.subplots(1, len(HIGHEST))
        for axes, metric in zip(panels, HIGHEST, strict=True):
            for i, (method, found) in enumerate(rows.items()):
                x, y = found[0], found[PRIVACY.index(metric)]
                if x is None or y is None or not (x.count and y.count):
                    continue
                (mx, ex), (my, ey) = _arms(x), _arms(y)
                axes.errorbar(mx, my, xerr=ex, yerr=ey, fmt="o", color=f"C{i}", capsize=2, label=_label(method))
            axes.set(
                xlabel="USR strict, unseen", ylabel=f"{METRICS[metric].title}, unseen", xlim=(-0.05, 1.05),
                ylim=(-0.05, 1.02 * HIGHEST[metric] + 0.03),
            )  # fmt: skip
        figure.suptitle(f"Privacy against description · {of}", fontsize=9, color=INK)
        if any(axes.has_data() for axes in panels):
            drawn = max((axes.get_legend_handles_labels() for axes in panels), key=lambda both: len(both[1]))
            panels[-1].legend(*drawn, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return svg(figure)


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
