"""Metrics from outside the package: a row in a user's file, or of an installed package, taken up into the table."""

import math
from dataclasses import replace

from letheia.errors import ConfigError, first_line, unknown
from letheia.extensions import IN_FILE, Origin, check_name, code_of, from_file, from_package, packaged, where
from letheia.metrics.reading import Reading
from letheia.metrics.table import METRICS, Judged, Metric

BUILT_IN = frozenset(METRICS)
PACKAGES = "letheia.metrics"
"""The group of entry points by which an installed package brings metrics."""
EXAMPLE = "letheia.Metric(name=…, title=…, better='high', score=…)"


def metric_named(text: str) -> Metric:
    """The metric that a command line names: `FILE.py:NAME`, which executes the file, or that of a package.

    Raises:
        ConfigError: There is none, or it can't be used.
    """
    if IN_FILE.fullmatch(text):
        row, origin = from_file(text, Metric, "metric", EXAMPLE)
        return add_metric(replace(row, origin=origin))
    if text in METRICS:
        return METRICS[text]
    names = packaged(PACKAGES)
    if text not in names:
        raise unknown("metric", text, [*METRICS, *names])
    row, origin = from_package(text, PACKAGES, Metric, "metric")
    return add_metric(replace(row, name=text, origin=origin))


def add_metric(row: Metric) -> Metric:
    """Take a metric up into the table: every answer is scored by it from here on.

    Raises:
        ConfigError: Its name is taken.
    """
    place = row.origin.text if row.origin and row.origin.text else f"metric {row.name!r}"
    check_name(row.name, "metric", place)
    if row.name in BUILT_IN or row.name.startswith("aftermath"):
        raise ConfigError(f"{place}: the name '{row.name}' is one of Letheia's own. Choose another.")
    if row.origin is None:
        row = replace(row, origin=Origin("", code_of(row.score)))
    known = METRICS.get(row.name)
    if known is None:
        METRICS[row.name] = replace(row, score=_Guarded(row))
    elif known.origin != row.origin:
        other = (known.origin.text if known.origin else "") or "another row"
        raise ConfigError(f"{place}: the name '{row.name}' is taken by {other}. Choose another.")
    return METRICS[row.name]


class _Guarded:
    """A scoring function whose mistakes leave an answer unscored, with the file and line, and sink no run."""

    def __init__(self, row: Metric) -> None:
        self._row = row

    def __call__(self, reading: Reading) -> Judged:
        try:
            value, reason = self._row.score(reading)
            value = None if value is None else float(value)
            reason = str(reason)
        except Exception as error:
            return None, f"{where(error)}: {type(error).__name__}: {first_line(error)}"
        low, high = self._row.bounds or ((0, 1) if self._row.share else (-math.inf, math.inf))
        if value is not None and (not math.isfinite(value) or not low <= value <= high):
            return None, f"{self._row.name} gave {value:g}, which is no number from {low:g} to {high:g}"
        return value, reason
