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
    """How each metric changes with the number of forgotten people; empty where there is one number, or no metric."""
    curves = {place: found for place in WITH_N if (found := _curves(study, model, place))}
    if len(study.counts) < 2 or not curves:
        return ""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(3 * len(curves), 2.8), layout="tight")
        drawn = figure.subplots(1, len(curves), squeeze=False)[0]
        for axes, (place, found) in zip(drawn, curves.items(), strict=True):
            for i, points in found.items():
                n, mean, low, high = np.asarray(points, dtype=float).T
                axes.plot(n, mean, "o-", ms=3, color=f"C{i}", label=method_title(study.methods[i]))
                axes.fill_between(n, low, high, color=f"C{i}", alpha=0.12, lw=0)
            axes.set(title=f"{METRICS[place.metric].title}\n{place.people}, {place.pictures}", xlabel="n")
            axes.set_xticks(study.counts)
        shown = max((axes.get_legend_handles_labels() for axes in drawn), key=lambda found: len(found[0]))
        drawn[-1].legend(*shown, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return svg(figure)


def _curves(study: Collected, model: str, place: Place) -> dict[int, list[tuple[object, ...]]]:
    """By the method's number: count of people, mean and interval."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for i, method in enumerate(study.methods):
        for n in study.counts:
            row = study.row(model, n, method, place)
            if row and row.count:
                found.setdefault(i, []).append((n, row.mean, row.low, row.high))
    return found


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
