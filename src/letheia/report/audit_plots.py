"""Plots of an audit: leaks by steps of relearning and by strength of the adapter, and leaks against what is kept."""

import re
from collections.abc import Mapping
from statistics import fmean

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from letheia.attacks.base import Access
from letheia.audit.results import Audit, AuditRow
from letheia.report.drawing import INK, SETTINGS, svg
from letheia.report.page import Drawing
from letheia.report.tables import method_title
from letheia.types import ORIGINAL, Group

NUMBER = re.compile(r"\d+(?:\.\d+)?")
STRENGTH = "strength-"
FEWEST_POINTS = 3
WIDE = 3  # panels in a row
ASKED: tuple[Access, ...] = ("black", "grey")
Curve = Mapping[float, AuditRow]
"""Rows about forgotten people by a number of steps, or by strength."""


def curves(audit: Audit) -> dict[str, dict[str, Curve]]:
    """By title and model: every white-box check whose variants are numbers, and the adapter's strengths as one."""
    found: dict[str, dict[str, dict[float, AuditRow]]] = {}
    for row in (*audit.variants, *audit.rows):
        if (row.group, row.access, row.measure) != ("forget", "white", "leak") or row.any is None:
            continue
        at = NUMBER.search(row.variant)
        if at:
            found.setdefault(row.title, {}).setdefault(row.method, {})[float(at[0])] = row
        elif row.check.startswith(STRENGTH):
            at_strength = float(row.check.removeprefix(STRENGTH))
            found.setdefault("adapter at part of its strength", {}).setdefault(row.method, {})[at_strength] = row
    return {
        title: dict(models)
        for title, models in found.items()
        if any(len(points) >= FEWEST_POINTS for points in models.values())
    }


def curve_plot(audit: Audit) -> str:
    """The curves, a panel each; bars are 95 % intervals. Empty where there are none."""
    found = curves(audit)
    if not found:
        return ""
    with mpl.rc_context(SETTINGS):
        high = -(-len(found) // WIDE)
        figure = Figure(figsize=(9, 2.9 * high), layout="tight")
        panels = figure.subplots(high, WIDE, squeeze=False).flatten()
        for axes, (title, models) in zip(panels, found.items(), strict=False):
            for i, method in enumerate(audit.models):
                _curve(axes, models.get(method, {}), method, i)
            axes.set_title(title, fontsize=8)
            axes.set(ylim=(-0.05, 1.05), ylabel="people leaked at least once")
        for axes in panels[len(found) :]:
            axes.set_axis_off()
        panels[0].legend(fontsize=7)
        return svg(figure)


def _curve(axes: Axes, points: Curve, method: str, number: int) -> None:
    if not points:
        return
    at = sorted(points)
    shares = [points[x].any or 0.0 for x in at]
    ends = [(points[x].any_low, points[x].any_high) for x in at]
    below = [0.0 if low is None else share - low for share, (low, _) in zip(shares, ends, strict=True)]
    above = [0.0 if high is None else high - share for share, (_, high) in zip(shares, ends, strict=True)]
    axes.errorbar(
        at, shares, yerr=[below, above], fmt="o-", ms=3, capsize=2, color=f"C{number}", label=_label(method)
    )  # fmt: skip


def frontier(audit: Audit) -> dict[str, dict[Group, tuple[float, float]]]:
    """By model and group: share of forgotten people who leak, and share of answers that tell who others are.

    Both are means over the same checks: leaks through questions and begun answers that the original does not withstand.
    """
    says = [
        r.check
        for r in audit.rows
        if (r.method, r.group, r.measure, r.note) == (ORIGINAL, "forget", "leak", "") and r.access in ASKED
    ]
    groups: tuple[Group, ...] = ("retain", "bystander")
    found: dict[str, dict[Group, tuple[float, float]]] = {}
    for method in audit.models:
        for group in groups:
            pairs = [(audit.row(c, method, "forget"), audit.row(c, method, group)) for c in says]
            both = [(f.any, o.mean) for f, o in pairs if f and o and f.any is not None and o.mean is not None]
            if both:
                found.setdefault(method, {})[group] = fmean(x for x, _ in both), fmean(y for _, y in both)
    return found


def frontier_plot(audit: Audit) -> str:
    """What leaks against what is kept: below on the right is what no removal should be. Empty without numbers."""
    found = frontier(audit)
    if not found:
        return ""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(6, 3.6), layout="tight")
        axes = figure.subplots()
        for i, (method, groups) in enumerate(found.items()):
            for group, (x, y) in groups.items():
                full = group == "retain"
                axes.plot(
                    x, y, "o" if full else "s", color=f"C{i}", fillstyle="full" if full else "none",
                    label=f"{_label(method)}, {'retained' if full else 'bystanders'}",
                )  # fmt: skip
        axes.set(
            xlabel="forgotten people leaked at least once, mean over checks", ylabel="others still told, same checks",
            xlim=(-0.05, 1.05), ylim=(-0.05, 1.05),
        )  # fmt: skip
        figure.suptitle(f"Leaks against what is kept · {audit.base}", fontsize=9, color=INK)
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        return svg(figure)


def drawn(audit: Audit) -> list[Drawing]:
    """The plots that there are numbers for."""
    told = {
        frontier_plot(audit): "Scatter plot: forgotten people who leak, against others who are still told.",
        curve_plot(audit): "Curves: forgotten people who leak, by steps of training on and by strength of the adapter.",
    }
    return [Drawing(figure, words) for figure, words in told.items() if figure]


def _label(method: str) -> str:
    title = method_title(method)
    return f" {title}" if title.startswith("_") else title  # matplotlib leaves out what begins with one
