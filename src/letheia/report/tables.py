"""A table of numbers, laid out from a run's rows or a study's: pure values and text, no effects."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from letheia.errors import unknown
from letheia.methods.table import METHODS
from letheia.metrics.results import Place, Row
from letheia.metrics.table import METRICS
from letheia.report import formats
from letheia.report.formats import Sheet
from letheia.report.layouts import OF_A_RUN, layout
from letheia.types import ORIGINAL, PLAIN

Numbers = Callable[[str, Place], Row | None]
"""A method's number at a place, if there is one."""
Best = Callable[[Place, Mapping[str, Row | None]], str | None]
"""The method that is the best beyond doubt at a place, if there is one, by all methods' numbers."""
Paper = Callable[[str, Place], float | None]
"""The paper's number of a method at a place, if it has one."""
ABLATED = {"bg", "pubg"}
"""Methods without which an ablation shows nothing."""
SEEN_ONLY = "There are no unseen pictures, so nothing here tells whether forgetting goes beyond the seen ones."


@dataclass(frozen=True)
class Entry:
    """A cell: the number, whether it is the best beyond doubt, and the paper's."""

    row: Row | None
    best: bool = False
    paper: float | None = None

    @property
    def filled(self) -> bool:
        """Whether there is anything to show."""
        return self.paper is not None or (self.row is not None and self.row.mean is not None)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A titled table; `entries[i][j]` belongs to `methods[i]` and `columns[j]`.

    Attributes:
        number: A key of `LAYOUTS`.
        title: Its title, with what is not scored.
        note: What to know beside the numbers: what has none, and why.
        model: The base model; empty where the reader knows it.
        n: How many people are forgotten.
        asked: The way of asking.
        columns: Where the numbers stand; columns without any are left out.
        methods: The methods.
        entries: The cells.
    """

    number: str
    title: str
    note: str
    model: str
    n: int
    asked: str
    columns: tuple[Place, ...]
    methods: tuple[str, ...]
    entries: tuple[tuple[Entry, ...], ...]

    @property
    def heading(self) -> str:
        """What stands above the table."""
        way = f"asked: {self.asked}" if self.asked != PLAIN else ""
        return " · ".join(filter(None, (f"Table {self.number}", self.title, way, self.model)))


def lay_out(
    number: str,
    numbers: Numbers,
    *,
    methods: Sequence[str],
    n: int,
    asked: str = PLAIN,
    model: str = "",
    best: Best | None = None,
    paper: Paper | None = None,
) -> Table:
    """A table of whatever has numbers.

    Args:
        number: A key of `LAYOUTS`.
        numbers: The numbers.
        methods: The methods in order.
        n: How many people are forgotten.
        asked: The way of asking.
        model: The base model; empty where the reader knows it.
        best: Which method is the best.
        paper: The paper's numbers.

    Raises:
        ConfigError: There is no such table.
    """
    plan = layout(number)
    chosen = tuple(m for m in methods if m in (plan.methods or methods))

    def column(place: Place) -> list[Entry]:
        rows = {m: numbers(m, place) for m in chosen}
        first = best(place, rows) if best else None
        return [Entry(row, m == first, paper(m, place) if paper else None) for m, row in rows.items()]

    columns: dict[Place, list[Entry]] = {}
    for place in plan.columns(asked):
        entries = column(place)
        if place.people == "bystander" and not any(e.row for e in entries):
            continue
        columns[place] = entries
        if place.metric in plan.instead and not any(e.filled for e in columns[place]):
            other = replace(place, metric=plan.instead[place.metric])
            columns[other] = column(other)
    shown = {place: entries for place, entries in columns.items() if any(e.filled for e in entries)}
    scored = {place.metric for place in shown}
    missing: dict[str, str] = {}
    for place, entries in columns.items():
        reasons = [e.row.reason for e in entries if e.row]
        if place.metric not in scored and not missing.get(METRICS[place.metric].title):
            missing[METRICS[place.metric].title] = reasons[0] if reasons else ""
    return Table(
        number=number,
        # a study's table may be printed without its note
        title=plan.title.format(n=n) + (f"; not scored: {', '.join(missing)}" if missing and model else ""),
        note=" ".join((plan.note, *_notes(shown, missing))).strip(),
        model=model,
        n=n,
        asked=asked,
        columns=tuple(shown),
        methods=chosen,
        entries=tuple(zip(*shown.values(), strict=True)) or ((),) * len(chosen),
    )


def _notes(shown: Mapping[Place, Sequence[Entry]], missing: Mapping[str, str]) -> list[str]:
    """What lacks numbers, a sentence a reason; and where intervals are missing."""
    by_reason: dict[str, list[str]] = {}
    for title, reason in missing.items():
        by_reason.setdefault(reason, []).append(title)
    notes = [SEEN_ONLY] if {(p.people, p.pictures) for p in shown} == {("forget", "seen")} else []
    notes += [f"Not scored: {', '.join(t)}{f' ({reason})' if reason else ''}." for reason, t in by_reason.items()]
    scored = [e.row for entries in shown.values() for e in entries if e.row and e.row.mean is not None]
    return [*notes, *(f"{reason.capitalize()}." for reason in sorted({r.reason for r in scored} - {""}))]


def ordered(methods: Sequence[str]) -> list[str]:
    """Methods in the order of their table, the original first and those that it lacks last."""
    return [m for m in dict.fromkeys((ORIGINAL, *METHODS, *methods)) if m in methods]


def numbers_of(rows: Sequence[Row]) -> Numbers:
    """The numbers of a run."""
    by_place = {(row.method, row.place): row for row in rows}
    return lambda method, place: by_place.get((method, place))


def run_table(rows: Sequence[Row], number: str, *, asked: str = PLAIN) -> Table:
    """One table of a run, which may have no columns."""
    methods = ordered([row.method for row in rows])
    return lay_out(number, numbers_of(rows), methods=methods, n=rows[0].n, asked=asked)


def run_tables(rows: Sequence[Row]) -> list[Table]:
    """Every table that a run's rows fill; those of each further way of asking behind those of the study's question."""
    there = {row.method for row in rows}
    numbers = [n for n in OF_A_RUN if n != "9" or there >= ABLATED]
    ways = dict.fromkeys((PLAIN, *(row.asked for row in rows)))
    return [t for way in ways for n in numbers if (t := run_table(rows, n, asked=way)).columns]


def column_title(place: Place, columns: Sequence[Place]) -> str:
    """What stands above a column, but for the pictures; a column about bystanders beside others says so."""
    arrow = {"high": " ↑", "low": " ↓", "none": ""}[METRICS[place.metric].better]
    title = METRICS[place.metric].title
    beside = place.people == "bystander" and any(c.people != "bystander" for c in columns)
    return (f"Bystanders {title[0].lower()}{title[1:]}" if beside else title) + arrow


def pictures_title(place: Place, columns: Sequence[Place]) -> str:
    """Which pictures; of whom, too, where a table has several groups."""
    several = len({c.people for c in columns} - {"bystander"}) > 1 and place.people not in ("bystander", place.pictures)
    return f"{place.people}, {place.pictures}" if several else place.pictures


def method_title(name: str) -> str:
    """What a method is called in a table."""
    return METHODS[name].title if name in METHODS else name.capitalize()


def number_text(row: Row | None) -> str:
    """A mean as text; a dash where there is none."""
    return "–" if row is None or row.mean is None else f"{row.mean:.{METRICS[row.metric].digits}f}"


def interval_text(row: Row | None) -> str:
    """A number's interval as text; empty where there is none."""
    if row is None or row.mean is None or row.low is None or row.high is None:
        return ""
    digits = METRICS[row.metric].digits
    return f"[{row.low:.{digits}f}, {row.high:.{digits}f}]"


def to_sheet(table: Table, *, intervals: bool = True) -> Sheet:
    """As text: mean, interval, and the paper's number in brackets."""

    def text(entry: Entry) -> str:
        paper = f"({entry.paper:g})" if entry.paper is not None else ""
        interval = interval_text(entry.row) if intervals else ""
        return " ".join(filter(None, (number_text(entry.row), interval, paper)))

    return Sheet(
        table.heading,
        ("Method", *(f"{column_title(c, table.columns)} ({pictures_title(c, table.columns)})" for c in table.columns)),
        tuple((method_title(m), *map(text, entries)) for m, entries in zip(table.methods, table.entries, strict=True)),
        frozenset((i, j + 1) for i, row in enumerate(table.entries) for j, e in enumerate(row) if e.best),
    )


def with_columns(table: Table, names: Sequence[str]) -> Table:
    """The table with some of its columns, in this order.

    Args:
        table: The table.
        names: Each a metric (`usr_strict`), or pictures and metric (`unseen.usr_strict`).

    Raises:
        ConfigError: The table has no such column.
    """
    known = {name: None for c in table.columns for name in (c.metric, f"{c.pictures}.{c.metric}")}
    kept: list[int] = []
    for name in names:
        if name not in known:
            raise unknown("column", name, known, place=f"table {table.number}")
        kept += [i for i, c in enumerate(table.columns) if name in (c.metric, f"{c.pictures}.{c.metric}")]
    kept = list(dict.fromkeys(kept))
    columns = tuple(table.columns[i] for i in kept)
    return replace(table, columns=columns, entries=tuple(tuple(row[i] for i in kept) for row in table.entries))


def printed(table: Table, form: str) -> str:
    """The table in one of the formats; CSV and JSON have one record per cell, with mean and interval apart."""
    if form == "json":
        return json.dumps(records(table), indent=1)
    if form == "csv":
        rows = records(table)
        return formats.to_csv(Sheet("", tuple(rows[0]), tuple(tuple(r.values()) for r in rows)))
    return formats.FORMATS[form](to_sheet(table))


def records(table: Table) -> list[dict[str, Any]]:
    """One record a cell; the way of asking only where it is not plain."""
    return [
        {
            "table": table.number,
            "model": table.model,
            "n": table.n,
            **({"asked": table.asked} if table.asked != PLAIN else {}),
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
