"""The paper's tables, laid out from rows of results: pure text and values, no effects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from letheia.methods.table import METHODS
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.results import Row
from letheia.metrics.table import METRICS
from letheia.types import ORIGINAL, Group, Role

JUDGED = ("usr", "privacy", "clipscore", "inform", "hall")


@dataclass(frozen=True)
class Column:
    """A column: which number it shows."""

    people: Group
    pictures: Role
    metric: str


@dataclass(frozen=True)
class Table:
    """A titled table of cells; `cells[i][j]` belongs to `methods[i]` and `columns[j]`."""

    title: str
    note: str
    columns: tuple[Column, ...]
    methods: tuple[str, ...]
    cells: tuple[tuple[Row | None, ...], ...]


def _columns(
    people: Group, metrics: Sequence[str], pictures: Sequence[Role] = ("seen", "unseen")
) -> tuple[Column, ...]:
    return tuple(Column(people, role, metric) for role in pictures for metric in metrics)


def main_table(rows: Sequence[Row]) -> Table:
    """Table 1: forgotten people on seen and unseen pictures."""
    note = (
        "USR as in the paper: an empty answer passes it. USR strict lets no empty, repetitive or garbled answer pass."
    )
    if not any((r.people, r.pictures) == ("forget", "unseen") for r in rows):
        note += " There are no unseen pictures, so nothing here tells whether forgetting goes beyond the seen ones."
    return _table(
        rows,
        "Table 1 · forgotten people",
        note,
        _columns("forget", (JUDGED[0], "usr_strict", *JUDGED[1:])),
    )


def retain_table(rows: Sequence[Row]) -> Table:
    """Table 3: retained people; beside the paper's metrics, whether they are still named."""
    return _table(
        rows,
        "Table 3 · retained people",
        "CLIPScore and inform can't see over-forgetting: a retained person who is no longer named scores well on both.",
        _columns("retain", ("named", "named_right", "clipscore", "inform", "hall")),
    )


def stranger_table(rows: Sequence[Row]) -> Table:
    """People the model never knew: nothing should change for them."""
    return _table(
        rows,
        "Strangers",
        "Named counts answers with anybody's name.",
        _columns("stranger", ("named", "attributes", "clipscore", "inform", "hall"), ("stranger",)),
    )


def ablation_table(rows: Sequence[Row]) -> Table:
    """Table 9: ascent alone, guidance alone, both."""
    kept = [r for r in rows if r.method in {ORIGINAL, "ga", "bg", "pubg"}]
    return _table(
        kept, "Table 9 · ablation", "GA is ascent alone, BG guidance alone, PUBG both.", _columns("forget", JUDGED)
    )


def aftermath_table(rows: Sequence[Row], people: Group, pictures: Role) -> Table:
    """Shares of aftermaths on one group."""
    columns = tuple(Column(people, pictures, f"aftermath_{label}") for label in AFTERMATHS)
    return _table(rows, f"Aftermaths · {people}, {pictures}", "Share of answers.", columns)


def all_tables(rows: Sequence[Row]) -> list[Table]:
    """Every table that the rows fill."""
    tables = [t for t in (main_table(rows), retain_table(rows), stranger_table(rows)) if t.columns]
    if {"bg", "pubg"} <= {r.method for r in rows}:
        tables.append(ablation_table(rows))
    return tables


def heading(column: Column) -> str:
    """What stands above a column."""
    arrow = {"high": " ↑", "low": " ↓", "none": ""}[METRICS[column.metric].better]
    return METRICS[column.metric].title + arrow


def method_title(name: str) -> str:
    """What a method is called in a table."""
    return METHODS[name].title if name in METHODS else name.capitalize()


def cell_text(row: Row | None, *, interval: bool = False) -> str:
    """A cell as text; a dash where there is no number."""
    if row is None or row.mean is None:
        return "–"
    digits = 1 if row.metric in {"privacy", "inform", "hall"} else 3 if "clip" in row.metric else 2
    text = f"{row.mean:.{digits}f}"
    if interval and row.low is not None and row.high is not None:
        text += f" [{row.low:.{digits}f}, {row.high:.{digits}f}]"
    return text


def markdown(table: Table, *, interval: bool = False) -> str:
    """A table in Markdown."""
    titles = [f"{heading(c)} ({c.pictures})" for c in table.columns]
    lines = ["| Method | " + " | ".join(titles) + " |", "|---" * (1 + len(titles)) + "|"]
    for method, cells in zip(table.methods, table.cells, strict=True):
        lines.append(f"| {method_title(method)} | " + " | ".join(cell_text(c, interval=interval) for c in cells) + " |")
    return "\n".join(lines)


def gaps(table: Table) -> list[str]:
    """Which columns have no number, and why, a line a reason; and where intervals are missing."""
    reasons: dict[str, dict[str, None]] = {}
    for j, column in enumerate(table.columns):
        found = [row for cells in table.cells if (row := cells[j])]
        if found and all(row.mean is None for row in found):
            reasons.setdefault(found[0].reason, {})[METRICS[column.metric].title] = None
    lines = [
        f"Not scored: {', '.join(titles)}{f' ({reason})' if reason else ''}." for reason, titles in reasons.items()
    ]
    few = {row.reason for cells in table.cells for row in cells if row and row.mean is not None and row.reason}
    return [*lines, *(f"{reason.capitalize()}." for reason in sorted(few))]


def filled(table: Table) -> Table:
    """The table without columns that have no number for anybody; `gaps` of the whole one says why they have none."""
    scored = [[row is not None and row.mean is not None for row in cells] for cells in table.cells]
    kept = [j for j in range(len(table.columns)) if any(cells[j] for cells in scored)]
    return replace(
        table,
        note=" ".join([table.note, *gaps(table)]),
        columns=tuple(table.columns[j] for j in kept),
        cells=tuple(tuple(cells[j] for j in kept) for cells in table.cells),
    )


def _table(rows: Sequence[Row], title: str, note: str, columns: tuple[Column, ...]) -> Table:
    there = dict.fromkeys(r.method for r in rows)
    methods = tuple(m for m in dict.fromkeys((ORIGINAL, *METHODS, *there)) if m in there)
    by_place = {(r.method, r.people, r.pictures, r.metric): r for r in rows}
    cells = tuple(tuple(by_place.get((m, c.people, c.pictures, c.metric)) for c in columns) for m in methods)
    return filled(Table(title, note, columns, methods, cells))
