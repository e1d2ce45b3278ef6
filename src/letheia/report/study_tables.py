"""The paper's tables from a whole study, with intervals, what is best beyond doubt, and the paper's own numbers."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from letheia.errors import ConfigError, unknown
from letheia.methods.table import METHODS
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.table import METRICS
from letheia.report.tables import JUDGED, Column, cell_text, heading, method_title
from letheia.study.collected import Collected, Place
from letheia.study.plan import ORIGINAL
from letheia.study.results import Row
from letheia.types import Group, Role


@dataclass(frozen=True)
class Entry:
    """A cell: the number, whether it is the best beyond doubt, and the paper's."""

    row: Row | None
    best: bool = False
    paper: float | None = None


@dataclass(frozen=True)
class StudyTable:
    """A table for one base model; `entries[i][j]` belongs to `methods[i]` and `columns[j]`."""

    number: str
    title: str
    model: str
    n: int
    columns: tuple[Column, ...]
    methods: tuple[str, ...]
    entries: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True)
class Layout:
    """What a table shows.

    Attributes:
        title: Its title.
        n: How many people are forgotten.
        columns: Its columns.
        methods: Which methods; all if left out.
    """

    title: str
    n: int
    columns: tuple[Column, ...]
    methods: tuple[str, ...] = ()


def _columns(people: Group, metrics: Sequence[str], roles: Sequence[Role] = ("seen", "unseen")) -> tuple[Column, ...]:
    return tuple(Column(people, role, metric) for role in roles for metric in metrics)


_FORGOTTEN = _columns("forget", (JUDGED[0], "usr_strict", *JUDGED[1:], "attributes"))
_LABELS = [f"aftermath_{a}" for a in AFTERMATHS]
LAYOUTS: Mapping[str, Layout] = {
    "1": Layout("Forgotten people, n = 10", 10, _FORGOTTEN),
    "3": Layout(
        "Retained people, n = 10",
        10,
        _columns("retain", ("clipscore", "inform", "hall", "named", "named_right", "attributes")),
    ),
    "7": Layout("Forgotten people, n = 5", 5, _FORGOTTEN),
    "8": Layout("Forgotten people, n = 20", 20, _FORGOTTEN),
    "9": Layout("Ablation, n = 10: ascent alone, guidance alone, both", 10, _FORGOTTEN, (ORIGINAL, "ga", "bg", "pubg")),
    "strangers": Layout(
        "People the model never knew, n = 10",
        10,
        _columns("stranger", ("named", "attributes", "inform", "hall"), ("stranger",)),
    ),
    "aftermaths-forget": Layout("Aftermaths of forgotten people, n = 10", 10, _columns("forget", _LABELS, ("unseen",))),
    "aftermaths-retain": Layout("Aftermaths of retained people, n = 10", 10, _columns("retain", _LABELS, ("unseen",))),
    "aftermaths-stranger": Layout("Aftermaths of strangers, n = 10", 10, _columns("stranger", _LABELS, ("stranger",))),
}


def study_table(study: Collected, number: str, model: str) -> StudyTable:
    """One of the paper's tables for one base model.

    Args:
        study: The study.
        number: A key of `LAYOUTS`.
        model: The base model.

    Raises:
        ConfigError: There is no such table, or the study has no such cells.
    """
    if number not in LAYOUTS:
        raise unknown("table", number, LAYOUTS)
    layout = LAYOUTS[number]
    if not study.cells(model, layout.n):
        raise ConfigError(f"table {number}: the study has no finished cell of {model} with n = {layout.n}.")
    methods = tuple(m for m in (ORIGINAL, *METHODS) if m in (layout.methods or study.methods) and m in study.methods)
    columns = [_column(study, number, model, layout.n, methods, c) for c in layout.columns]
    entries = tuple(zip(*columns, strict=True))
    return StudyTable(number, layout.title, model, layout.n, layout.columns, methods, entries)


def _column(study: Collected, number: str, model: str, n: int, methods: Sequence[str], column: Column) -> list[Entry]:
    place = Place(column.people, column.pictures, column.metric)
    rows = {m: study.row(model, n, m, place) for m in methods}
    best = _best(study, model, n, place, rows)
    return [Entry(rows[m], m == best, paper_number(number, model, m, column)) for m in methods]


def _best(study: Collected, model: str, n: int, place: Place, rows: Mapping[str, Row | None]) -> str | None:
    """The method with the best mean, if its paired difference from every other one excludes zero."""
    better = METRICS[place.metric].better
    means = {m: r.mean for m, r in rows.items() if m != ORIGINAL and r and r.mean is not None}
    if better == "none" or len(means) < 2:
        return None
    first = (max if better == "high" else min)(means, key=lambda m: means[m])
    for other in means:
        interval = study.difference(model, n, (first, other), place) if other != first else None
        if other != first and (interval is None or interval[0] <= 0 <= interval[1]):
            return None
    return first


@cache
def _paper() -> Mapping[str, Any]:
    return json.loads((files("letheia.report") / "paper.json").read_text(encoding="utf-8"))


def paper_number(table: str, model: str, method: str, column: Column) -> float | None:
    """The paper's number for a cell, if it has one; Vicuna's stand for the Llama text model."""
    text_model = "mistral" if "mistral" in model else "llama"
    wanted = [text_model, method, column.people, column.pictures, column.metric]
    return next((value for *key, value in _paper().get(table, ()) if key == wanted), None)


def _text(entry: Entry, *, bold: str = "{}") -> str:
    text = cell_text(entry.row, interval=True)
    text = bold.format(text) if entry.best else text
    return text + (f" ({entry.paper:g})" if entry.paper is not None else "")


def to_markdown(table: StudyTable) -> str:
    """In Markdown: mean, interval, and the paper's number in brackets; bold where best beyond doubt."""
    titles = [f"{heading(c)} ({c.pictures})" for c in table.columns]
    lines = ["| Method | " + " | ".join(titles) + " |", "|---" * (1 + len(titles)) + "|"]
    for method, entries in zip(table.methods, table.entries, strict=True):
        cells = [_text(e, bold="**{}**") for e in entries]
        lines.append(f"| {method_title(method)} | " + " | ".join(cells) + " |")
    return f"**Table {table.number} · {table.title} · {table.model}**\n\n" + "\n".join(lines)


def to_latex(table: StudyTable) -> str:
    """As a LaTeX tabular."""
    arrows = {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}

    def escaped(text: str) -> str:
        for plain, written in arrows.items():
            text = text.replace(plain, written)
        return text.replace("%", r"\%").replace("_", r"\_")

    rows = [["Method", *(escaped(f"{heading(c)} ({c.pictures})") for c in table.columns)]]
    for method, entries in zip(table.methods, table.entries, strict=True):
        rows.append([escaped(method_title(method)), *(escaped(_text(e, bold=r"\textbf{{{}}}")) for e in entries)])
    body = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join(
        [
            rf"% Table {table.number}: {table.title}, {table.model}",
            r"\begin{tabular}{l" + "r" * len(table.columns) + "}",
            r"\toprule",
            body[0],
            r"\midrule",
            *body[1:],
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def records(table: StudyTable) -> list[dict[str, Any]]:
    """One record a cell."""
    return [
        {
            "table": table.number,
            "model": table.model,
            "n": table.n,
            "method": method,
            "people": column.people,
            "pictures": column.pictures,
            "metric": column.metric,
            "mean": entry.row.mean if entry.row else None,
            "low": entry.row.low if entry.row else None,
            "high": entry.row.high if entry.row else None,
            "best": entry.best,
            "paper": entry.paper,
        }
        for method, entries in zip(table.methods, table.entries, strict=True)
        for column, entry in zip(table.columns, entries, strict=True)
    ]


def to_json(table: StudyTable) -> str:
    """As JSON, one record a cell."""
    return json.dumps(records(table), indent=1)


def to_csv(table: StudyTable) -> str:
    """As CSV, one line a cell."""
    buffer = io.StringIO()
    rows = records(table)
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().rstrip()


FORMATS: Mapping[str, Callable[[StudyTable], str]] = {
    "md": to_markdown,
    "csv": to_csv,
    "latex": to_latex,
    "json": to_json,
}
