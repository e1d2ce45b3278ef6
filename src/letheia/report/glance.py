"""Forgotten and retained at a glance: four numbers a method, on pictures that training never saw if there are any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from letheia.metrics.results import Place, Row
from letheia.report.tables import Numbers
from letheia.types import AskedBy, Group, Role

COLUMNS: tuple[tuple[Group, str, tuple[str, ...]], ...] = (
    ("forget", "Forgotten: no longer told of", ("usr_strict",)),
    ("forget", "Forgotten: picture described", ("attributes", "inform", "clipscore")),
    ("retain", "Retained: still told right", ("named_right", "named")),
    ("bystander", "Bystanders: still told right", ("named_right", "named")),
)
"""Of whom, what it is called, and the metrics that say it: the first that has numbers."""
SAYS: Mapping[str, str] = {
    "usr_strict": "share of answers that pass USR strict",
    "attributes": "share of visible attributes that are right",
    "inform": "judge's informativeness, 1 to 5",
    "clipscore": "CLIPScore",
    "named_right": "share of answers with the name, and facts right",
    "named": "share of answers with the name",
}


@dataclass(frozen=True)
class GlanceColumn:
    """A column: its title, what its numbers are, and each method's."""

    title: str
    says: str
    numbers: Sequence[Row | None]


@dataclass(frozen=True)
class Glance:
    """Methods by at most four columns; columns that nobody has a number for are left out."""

    methods: Sequence[str]
    columns: Sequence[GlanceColumn]
    pictures: str


def glance(numbers: Numbers, methods: Sequence[str], *, asked_by: AskedBy = "picture") -> Glance:
    """The four columns.

    Args:
        numbers: The numbers.
        methods: The methods in order.
        asked_by: What people are asked by.
    """
    roles: tuple[Role, ...] = ("unseen", "seen")
    told: list[Role] = [r for r in roles if any(numbers(m, Place("forget", r, "usr_strict")) for m in methods)]
    role = (*told, *roles)[0]
    columns: list[GlanceColumn] = []
    for group, title, metrics in COLUMNS:
        for metric in metrics:
            found = [numbers(m, Place(group, role, metric)) for m in methods]
            if any(row and row.mean is not None for row in found):
                columns.append(GlanceColumn(title, SAYS[metric], found))
                break
    return Glance(methods, columns, f"{role} {asked_by}s")
