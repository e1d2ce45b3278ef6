"""Every table of a page as one kind of grid, so that one template shows them all, at any width and to any reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from letheia.report.formats import Sheet
from letheia.report.glance import Glance
from letheia.report.heat import Heat
from letheia.report.tables import Entry, Table, column_title, interval_text, method_title, number_text
from letheia.study.verdict import Verdict

LONG = 60
"""Characters from which on a cell is text to read, not a number to compare."""


@dataclass(frozen=True)
class GridCell:
    """A cell: what stands in it and below, what it is sorted by, how dark it is, and what to know of it."""

    text: str
    small: Sequence[str] = ()
    strong: bool = False
    value: float | None = None
    style: str = ""
    told: str = ""

    @property
    def long(self) -> bool:
        """Whether it is text to read."""
        return len(self.text) > LONG


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table; the first cell of a row is its heading.

    Attributes:
        caption: What it shows.
        header: Each column's title, and what stands below it.
        rows: The rows.
        note: What to know beside it.
        heat: Whether it is a heat map.
    """

    caption: str
    header: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[GridCell]]
    note: str = ""
    heat: bool = False


def grids_of(table: Table, *, asked_by: str, interval: str) -> list[Grid]:
    """A table as a grid for each kind of picture, unseen first, so that no column is out of sight."""
    found: list[Grid] = []
    roles = sorted({c.pictures for c in table.columns}, key=lambda role: role != "unseen")
    for role in roles:
        chosen = [i for i, c in enumerate(table.columns) if c.pictures == role or (c.pictures == "stranger")]
        if role == "stranger" and len(roles) > 1:
            continue  # beside the others
        rows = [
            (GridCell(method_title(method)), *(_entry(entries[i]) for i in chosen))
            for method, entries in zip(table.methods, table.entries, strict=True)
        ]
        of = "" if role == "stranger" else f" · {role} {asked_by}s"
        several = len({table.columns[i].people for i in chosen} - {"bystander"}) > 1
        header = [
            (column_title(table.columns[i], table.columns), table.columns[i].people if several else "") for i in chosen
        ]
        note = f"{table.note} Small print: 95 % interval {interval}, Wilson's for shares."
        found.append(Grid(caption=table.heading + of, header=[("Method", ""), *header], rows=rows, note=note.strip()))
    return [*(Grid(**{**vars(g), "note": ""}) for g in found[:-1]), *found[-1:]]


def grid_of_sheet(sheet: Sheet) -> Grid:
    """A table of text."""
    rows = [tuple(map(GridCell, row)) for row in sheet.rows]
    return Grid(caption=sheet.title, header=[(name, "") for name in sheet.header], rows=rows)


def grid_of_glance(glance: Glance, forgotten: str) -> Grid:
    """Forgotten and retained at a glance."""
    rows = [
        (GridCell(method_title(method)), *(_entry(Entry(column.numbers[i])) for column in glance.columns))
        for i, method in enumerate(glance.methods)
    ]
    return Grid(
        caption=f"At a glance, on {glance.pictures}; {forgotten} forgotten",
        header=[("Method", ""), *((c.title, c.says) for c in glance.columns)],
        rows=rows,
        note="Of every column, more is better; of the original, what was known before. Small print: 95 % interval. "
        "USR is the unlearning success rate: an answer passes where it has no more in common with the person's summary "
        "than with others' (Eq. 4 of the paper); USR strict lets no empty, repetitive or garbled answer pass.",
    )


def grid_of_counts(counts: Iterable[Verdict], methods: dict[str, str]) -> Grid:
    """People by what became of them, by the answers to the study's own question alone."""
    header = ("Forgotten", "Still identified", "Says nothing sensible", "Not known before", "Kept", "Lost", "Unknown")
    rows = [
        (
            GridCell(method_title(methods.get(v.method, v.method))),
            *(
                GridCell(str(len(names)), value=len(names))
                for names in (v.forgotten, v.identified, v.spoiled, v.never, v.kept, v.lost, v.unknown)
            ),
        )
        for v in counts
    ]
    return Grid(
        caption="People, by the study's own question alone",
        header=[("Method", ""), *((title, "to forget" if i < 4 else "to keep") for i, title in enumerate(header))],
        rows=rows,
        note="Identified: an answer has the name or a fact. Kept: still identified at least half as often as before. "
        "Unknown: the original does not identify them, so nothing can be said.",
    )


def grid_of_heat(heat: Heat, note: str) -> Grid:
    """What leaks, check by model."""
    rows = [
        (
            GridCell(row.title, (row.access,)),
            *(GridCell(c.text, (c.small,) if c.small else (), style=c.style, told=c.told) for c in row.cells),
        )
        for row in heat.rows
    ]
    header = [("Check", "access"), *((method_title(model), "") for model in heat.models)]
    return Grid(caption="What still leaks, check by model", header=header, rows=rows, note=note, heat=True)


def grids_of_others(heat: Heat, groups: Sequence[str], note: str) -> list[Grid]:
    """What became of others under the same checks, a table an adapter."""
    found: list[Grid] = []
    for i, adapter in enumerate(heat.adapters):
        at = slice(i * len(groups), (i + 1) * len(groups))
        rows = [(GridCell(row.title), *map(GridCell, row.others[at])) for row in heat.rows]
        header = [("Check", ""), *((group, "") for group in groups)]
        found.append(Grid(caption=f"Others under the same checks · {method_title(adapter)}", header=header, rows=rows))
    return [*found[:-1], *(Grid(**{**vars(g), "note": note}) for g in found[-1:])]


def _entry(entry: Entry) -> GridCell:
    row = entry.row
    paper = f"paper {entry.paper:g}" if entry.paper is not None else ""
    small = tuple(filter(None, (interval_text(row), paper)))
    return GridCell(number_text(row), small, strong=entry.best, value=row.mean if row else None)
