"""An audit on the terminal: a line a check, what leaks of the people to forget, and what became of the others."""

from collections.abc import Sequence
from textwrap import shorten, wrap

from letheia.audit.base import GOLD
from letheia.audit.results import Audit, AuditRow
from letheia.report.tables import method_title
from letheia.types import ORIGINAL, Group

GROUPS: tuple[tuple[Group, str], ...] = (("retain", "kept"), ("bystander", "bystander"), ("stranger", "stranger"))
NOTE = (
    "Original to adapter: share of people to forget who leaked at least once, with the upper end of its 95 % interval. "
    "kept, bystander: mean over people of the answers that tell who they are. stranger: share of people nobody knows "
    "of whom anything is told. Of choices, all say how many answers are right. * says little: it fails on the original "
    "too. ~ a third or more of the answers are babble, which protects nobody."
)
BABBLE, WIDTH = 1 / 3, 100


def audit_lines(audit: Audit) -> list[str]:
    """The table as lines of text: for each check the original, gold and each adapter."""
    lines = [line for name in audit.models if name not in (ORIGINAL, GOLD) for line in _of(audit, name)]
    return [*lines, *wrap(NOTE, WIDTH)]


def _of(audit: Audit, name: str) -> list[str]:
    """The lines of one adapter, beside the original and gold."""
    models = [m for m in (ORIGINAL, GOLD, name) if m in audit.models]
    title = f"Audit of {method_title(name)}: what people to forget still give away, and what others lose"
    header = ["Check", *models, *(label for _, label in GROUPS)]
    rows: list[list[str]] = []
    for check in dict.fromkeys(row.check for row in audit.rows):
        forget = {m: audit.row(check, m, "forget") for m in models}
        others = [audit.row(check, name, group) for group, _ in GROUPS]
        rows.append([check, *(_cell(forget[m]) for m in models), *map(_mean, others)])
    quoted = _worst(audit, name)
    return [title, *_aligned([header, *rows]), *([f"worst: {quoted}"] if quoted else []), ""]


def _cell(row: AuditRow | None) -> str:
    """Of people to forget: the share who leaked and its upper end, or a mean."""
    if row is None:
        return "–"
    if row.note.startswith("does not fit"):
        return "n/a"
    value, high = (row.any, row.any_high) if row.measure == "leak" else (row.mean, None)
    if value is None:
        return "–"
    marks = ("*" if row.note else "") + ("~" if (row.degenerate or 0) >= BABBLE else "")
    return number(value) + (f" (≤{number(high)})" if high is not None and value < 1 else "") + marks


def _mean(row: AuditRow | None) -> str:
    value = None if row is None else row.any if row.group == "stranger" and row.measure == "leak" else row.mean
    return "–" if value is None else number(value)


def number(value: float) -> str:
    """A share with two digits and without a zero in front.

    >>> number(0.259), number(1.0)
    ('.26', '1.00')
    """
    return f"{value:.2f}".removeprefix("0")


def _worst(audit: Audit, name: str) -> str:
    """The answer quoted: of the check that leaks most people."""
    leaks = [r for r in audit.rows if r.method == name and r.group == "forget" and r.worst]
    if not leaks:
        return ""
    row = max(leaks, key=lambda r: r.any or 0.0)
    assert row.worst
    asked = shorten(row.worst.question, 80, placeholder=" …")
    return f"{row.check}: “{asked}” “{shorten(row.worst.answer, 120, placeholder=' …')}”"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(f"{c:<{w}}" if i == 0 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
