"""Plots of a study as SVG: privacy against description, what grows with the number of people, training curves."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from letheia.grid.collected import Collected
from letheia.metrics.results import Place
from letheia.metrics.table import METRICS
from letheia.report.drawing import PRIVACY, SETTINGS, privacy_plot, svg
from letheia.report.tables import method_title

WITH_N = (
    Place("forget", "unseen", "usr_strict"),
    Place("forget", "unseen", "attributes"),
    Place("forget", "unseen", "hall"),
    Place("retain", "unseen", "named_right"),
    Place("stranger", "stranger", "attributes"),
)


def study_privacy_plot(study: Collected, model: str, n: int) -> str:
    """Privacy against description of one base model and count of forgotten people."""
    places = [Place("forget", "unseen", metric) for metric in PRIVACY]
    rows = {m: [study.row(model, n, m, place) for place in places] for m in study.methods}
    return privacy_plot(rows, f"{model}, n = {n}")


def count_plot(study: Collected, model: str) -> str:
    """How each metric changes with the number of forgotten people."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(3 * len(WITH_N), 2.8), layout="tight")
        drawn = figure.subplots(1, len(WITH_N))
        for axes, place in zip(drawn, WITH_N, strict=True):
            for i, method in enumerate(study.methods):
                rows = [study.row(model, n, method, place) for n in study.counts]
                points = [(n, r.mean, r.low, r.high) for n, r in zip(study.counts, rows, strict=True) if r and r.count]
                if points:
                    n, mean, low, high = np.asarray(points, dtype=float).T
                    axes.plot(n, mean, "o-", ms=3, color=f"C{i}", label=method_title(method))
                    axes.fill_between(n, low, high, color=f"C{i}", alpha=0.12, lw=0)
            axes.set(title=f"{METRICS[place.metric].title}\n{place.people}, {place.pictures}", xlabel="n")
            axes.set_xticks(study.counts)
        shown = max((axes.get_legend_handles_labels() for axes in drawn), key=lambda found: len(found[0]))
        if shown[0]:  # a study may have no strangers
            drawn[-1].legend(*shown, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return svg(figure)


def training_plot(study: Collected, model: str, n: int) -> str:
    """Each term's value over the steps, mean over seeds, range shaded."""
    curves = {m: [c["history"][m] for c in study.cells(model, n) if m in c.get("history", {})] for m in study.methods}
    methods = [m for m, found in curves.items() if found]
    if not methods:
        return ""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(2.8 * len(methods), 2.6), layout="tight")
        for axes, method in zip(np.atleast_1d(figure.subplots(1, len(methods))), methods, strict=True):
            for term in curves[method][0]:
                values = np.asarray([found[term] for found in curves[method]])
                steps = np.arange(1, values.shape[1] + 1)
                (line,) = axes.plot(steps, values.mean(0), label=term)
                axes.fill_between(steps, values.min(0), values.max(0), color=line.get_color(), alpha=0.15, lw=0)
            axes.set(title=method_title(method), xlabel="step")
            axes.legend(fontsize=7)
        return svg(figure)
