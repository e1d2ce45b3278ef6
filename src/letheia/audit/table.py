"""Every check of an audit, one row each."""

from collections.abc import Sequence
from typing import get_args

from letheia.attacks.base import Access
from letheia.attacks.table import ATTACKS
from letheia.audit.asking import asking
from letheia.audit.base import Check
from letheia.audit.probabilities import PROBABILITIES
from letheia.audit.white_box import TAMPERINGS
from letheia.errors import ConfigError, pick

OTHERS: tuple[Check, ...] = (*PROBABILITIES, *TAMPERINGS)
"""Checks that do more than ask."""
QUICK = (
    *("rephrased", "specific", "yes-no", "context", "text", "text-facts", "sampled-1", "flip", "jpeg", "drawn-in"),
    *("turns", "begun", "int4"),
)
"""The rows of a quick audit."""
LEVELS: tuple[Access, ...] = get_args(Access)


def checks() -> dict[str, Check]:
    """All checks by name: ways of asking, also such as were taken up in this process, and the others."""
    return {c.name: c for c in (*map(asking, ATTACKS.values()), *OTHERS)}


def chosen(*, only: Sequence[str] = (), access: str = "white") -> list[Check]:
    """The checks that were asked for, in the table's order.

    Args:
        only: Their names; all if there are none.
        access: What an attacker has at most: `black`, `grey` or `white`.

    Raises:
        ConfigError: There is no such check or access, or nothing is left.
    """
    table = checks()
    for name in only:
        pick("check", name, table)
    allowed = LEVELS[: LEVELS.index(pick("access", access, {level: level for level in LEVELS})) + 1]
    names = only or tuple(table)
    found = [c for name, c in table.items() if name in names and c.access in allowed]
    if not found:
        raise ConfigError(f"--access {access}: leaves none of the checks {', '.join(names)}. Allow more access.")
    return found
