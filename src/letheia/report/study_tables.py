"""The paper's tables from a whole study, with intervals, what is best beyond doubt, and the paper's own numbers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

from letheia.errors import ConfigError, unknown
from letheia.grid.collected import Collected, Place
from letheia.methods.paper import PAPER_MODELS
from letheia.methods.table import METHODS
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.aggregate import bootstrap_interval
from letheia.metrics.observation import SETS
from letheia.metrics.results import Row
from letheia.metrics.table import METRICS
from letheia.report import formats
from letheia.report.formats import Sheet
from letheia.report.tables import JUDGED, Column, cell_text, heading, method_title
from letheia.types import ORIGINAL, Group, Role


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
    "summary": Layout(
        "What counts, on unseen pictures, n = 10",
        10,
        (
            *_columns("forget", ("usr_strict", "attributes", "hall"), ("unseen",)),
            *_columns("retain", ("named_right",), ("unseen",)),
            *_columns("stranger", ("named", "attributes"), ("stranger",)),
        ),
    ),
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
    columns = {c: _column(study, number, model, layout.n, methods, c) for c in layout.columns}
    there = {c: found for c, found in columns.items() if any(e.row or e.paper is not None for e in found)}
    entries = tuple(zip(*there.values(), strict=True))
    lacking = dict.fromkeys(METRICS[c.metric].title for c in columns if c not in there)
    title = layout.title + (f"; not scored: {', '.join(lacking)}" if lacking else "")
    return StudyTable(number, title, model, layout.n, tuple(there), methods, entries)


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
        if other == first:
            continue
        if interval is None or (interval[0] <= 0 if better == "high" else interval[1] >= 0):
            return None
    return first


PAPERS = {
    "mistral": "mistral",
    "llama": "llama",
    **{Path(preset.model).name: preset.text_model for preset in PAPER_MODELS.values()},
}
"""Which of the paper's two models, in its numbers, a base model is compared with: the world's by the type of the text
model (Vicuna is a Llama). Others have no numbers to stand beside."""


@cache
def _paper() -> Mapping[str, Any]:
    return json.loads((files("letheia.report") / "paper.json").read_text(encoding="utf-8"))


def paper_number(table: str, model: str, method: str, column: Column) -> float | None:
    """The paper's number for a cell, if it has one."""
    wanted = [PAPERS.get(model), method, column.people, column.pictures, column.metric]
    return next((value for *key, value in _paper().get(table, ()) if key == wanted), None)


def _text(entry: Entry) -> str:
    paper = f" ({entry.paper:g})" if entry.paper is not None else ""
    return cell_text(entry.row, interval=True) + paper


def to_sheet(table: StudyTable) -> Sheet:
    """As text: mean, interval, and the paper's number in brackets."""
    return Sheet(
        f"Table {table.number} · {table.title} · {table.model}",
        ("Method", *(f"{heading(c)} ({_place(c, table.columns)})" for c in table.columns)),
        tuple((method_title(m), *map(_text, entries)) for m, entries in zip(table.methods, table.entries, strict=True)),
        frozenset((i, j + 1) for i, row in enumerate(table.entries) for j, e in enumerate(row) if e.best),
    )


def _place(column: Column, columns: Sequence[Column]) -> str:
    """Which pictures; of whom, too, where a table has several groups."""
    several = len({c.people for c in columns}) > 1 and column.people != column.pictures
    return f"{column.people}, {column.pictures}" if several else column.pictures


def printed(table: StudyTable, form: str) -> str:
    """The table in one of the formats; CSV and JSON have one record a cell, with mean and interval apart."""
    if form == "json":
        return json.dumps(records(table), indent=1)
    if form == "csv":
        rows = records(table)
        return formats.to_csv(Sheet("", tuple(rows[0]), tuple(tuple(r.values()) for r in rows)))
    return formats.FORMATS[form](to_sheet(table))


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


def observation_sheet(study: Collected, model: str) -> Sheet:
    """Table 5: what answers about recognised and unrecognised people consist of, and the paper's numbers.

    Raises:
        ConfigError: The study has no observation.
    """
    found = _observation(study, model)
    rows = [
        (name, *(_observed(found[s][name], _paper()["5"][s][name] if model in PAPERS else None) for s in SETS))
        for name in _paper()["5"][SETS[0]]
    ]
    return Sheet(f"Table 5 · Recognised and unrecognised people · {model}", ("Metric", *SETS), tuple(rows))


def _observed(values: Sequence[float | None], paper: float | None) -> str:
    there = [v for v in values if v is not None]
    beside = "" if paper is None else f" ({paper:g})"
    if not there:
        return f"–{beside}"
    low, high = bootstrap_interval(there)
    return f"{fmean(there):.2f} [{low:.2f}, {high:.2f}]{beside}"


def observed_answers(study: Collected, model: str) -> Sheet:
    """Table 4: an answer about a recognised and about an unrecognised person.

    Raises:
        ConfigError: The study has no observation.
    """
    found = _observation(study, model)
    rows = [(s, *found[s]["example"]) for s in SETS if found[s]["example"]]
    return Sheet(f"Table 4 · Answers of the original · {model}", ("Set", "Picture", "Answer"), tuple(rows))


def _observation(study: Collected, model: str) -> Mapping[str, Any]:
    found = study.value.get("observation", {}).get(model)
    if found is None:
        raise ConfigError(f"the study has no observation of {model}. 'letheia run world/study' makes it.")
    return found


def example_answers(study: Collected, model: str) -> Sheet:
    """Table 2: what every method answers to the same pictures."""
    cell = study.with_examples(model)
    if cell is None:
        raise ConfigError(f"the study keeps no answers of {model}.")
    order = [m for m in (ORIGINAL, *METHODS) if m in cell["examples"]]
    pictures = range(len(cell["examples"][order[0]]))
    rows = [
        (f"{group}, {role}", method_title(m), answer)
        for i in pictures
        for m in order
        for _, group, role, answer in [cell["examples"][m][i]]
    ]
    return Sheet(f"Table 2 · Answers, n = {cell['n']} · {model}", ("Picture", "Method", "Answer"), tuple(rows))


def rate_sheet(study: Collected, model: str) -> Sheet:
    """Table 6: each method's learning rate in the study, and the paper's."""
    paper = {method: rate for of, method, rate in _paper()["6"] if of == PAPERS.get(model)}
    rates = {m: rate for c in study.value["cells"] if c["model"] == model for m, rate in c["rates"].items()}
    order = [m for m in METHODS if m in rates]
    rows = [(method_title(m), f"{rates[m]:g}", f"{paper[m]:g}" if m in paper else "–") for m in order]
    return Sheet(f"Table 6 · Learning rates · {model}", ("Method", "Here", "Paper"), tuple(rows))


SHEETS: Mapping[str, Callable[[Collected, str], Sheet]] = {
    "2": example_answers,
    "4": observed_answers,
    "5": observation_sheet,
    "6": rate_sheet,
}
