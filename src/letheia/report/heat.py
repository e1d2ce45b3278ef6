"""An audit as a heat map: check by model, each cell a number on a shade that also prints in grey."""

from collections.abc import Sequence
from dataclasses import dataclass

from letheia.audit.base import GOLD
from letheia.audit.results import Audit, AuditRow
from letheia.report.audit_tables import forgotten_text, other_text
from letheia.report.audit_terminal import BABBLE
from letheia.types import ORIGINAL, Group

LIGHT, DARK = (255, 250, 245), (236, 112, 99)
"""The shades of nothing and of everything leaking; each is darker than the one before, in grey too, and black is
readable on all of them, also where a browser prints no backgrounds."""
GROUPS: tuple[Group, ...] = ("retain", "bystander", "stranger")


@dataclass(frozen=True)
class HeatCell:
    """A cell: what stands in it and below, how dark it is from 0 to 1 (or not at all), and what to know of it."""

    text: str
    small: str = ""
    shade: float | None = None
    told: str = ""

    @property
    def style(self) -> str:
        """Its colours, as a style sheet has them."""
        if self.shade is None:
            return ""
        rgb = (round(a + (b - a) * self.shade) for a, b in zip(LIGHT, DARK, strict=True))
        return f"background: rgb({', '.join(map(str, rgb))}); color: black"


@dataclass(frozen=True)
class HeatRow:
    """A check: its cells by model, and what became of others under each adapter."""

    title: str
    access: str
    cells: Sequence[HeatCell]
    others: Sequence[str]


@dataclass(frozen=True)
class Heat:
    """The map; `adapters` are the models whose others are shown."""

    models: Sequence[str]
    adapters: Sequence[str]
    rows: Sequence[HeatRow]


def heat_map(audit: Audit) -> Heat:
    """The map of an audit."""
    adapters = [m for m in audit.models if m not in (ORIGINAL, GOLD)]
    titles = {row.check: row for row in audit.rows}
    rows = [
        HeatRow(
            first.title,
            first.access,
            [_cell(audit, check, method) for method in audit.models],
            [other_text(audit.row(check, method, group)) for method in adapters for group in GROUPS],
        )
        for check, first in titles.items()
    ]
    return Heat(audit.models, adapters, rows)


def _cell(audit: Audit, check: str, method: str) -> HeatCell:
    row = audit.row(check, method, "forget")
    if row is None:
        return HeatCell("–")
    if row.mean is None:
        return HeatCell("n/a" if row.note.startswith("does not fit") else "–", told=row.note)
    babble = (row.degenerate or 0.0) >= BABBLE
    whole = forgotten_text(row)
    value, sign, small = whole.partition(" [") if " [" in whole else whole.partition(" (")
    text = value + ("*" if row.note else "") + ("~" if babble else "")
    told = [row.note] + [f"{row.degenerate:.0%} of the answers are no language"] * babble
    return HeatCell(text, f"{sign.strip()}{small}", _shade(audit, row), "; ".join(filter(None, told)))


def _shade(audit: Audit, row: AuditRow) -> float | None:
    """How much leaks; of choices, how far beyond guessing; of a number, how far from gold to the original."""
    if row.measure == "leak":
        return row.any
    if row.mean is None:
        return None
    if row.measure == "accuracy":
        return _within((row.mean - row.chance) / (1 - row.chance)) if row.chance < 1 else None
    first, gold = (audit.row(row.check, m, "forget") for m in (ORIGINAL, GOLD))
    if first is None or gold is None or first.mean is None or gold.mean is None or first.mean == gold.mean:
        return None
    return _within((row.mean - gold.mean) / (first.mean - gold.mean))


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
