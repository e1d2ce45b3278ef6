"""The verdict on an adapter's model card: a study writes its own, an audit puts its wider one in that place."""

import logging
import re
from pathlib import Path

from letheia.audit.verdict import RequestVerdict
from letheia.errors import OutputError
from letheia.files import write_text

log = logging.getLogger("letheia")

CARD = "README.md"
VERDICT, MEASURED = "## Verdict\n\n", "\n\n## Measured\n"
"""What stands before and behind the verdict."""
CHECKS = re.compile(r"By an audit of (\d+) checks")


def verdict_text(judged: RequestVerdict) -> str:
    """What was tried, the verdict, and what was not tried; it names nobody."""
    count = sum(judged.tried.values())
    kinds = ", ".join(f"{n} {access} box" for access, n in judged.tried.items() if n)
    tried = [f"By an audit of {count} checks that say something ({kinds}):"] if count else []
    return "\n\n".join([*tried, str(judged), *(f"Not tried, {line}." for line in judged.missing)])


def write_on_card(card: Path, judged: RequestVerdict) -> bool:
    """Put an audit's verdict in the place of the one before.

    A card that somebody else wrote stays as it is, and one with the verdict of an audit that tried more checks.

    Args:
        card: The card.
        judged: The verdict.

    Returns:
        Whether it stands there now.
    """
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # an adapter from elsewhere needs none
        return False
    before, found, rest = text.partition(VERDICT)
    was, ends, after = rest.partition(MEASURED)
    earlier = CHECKS.search(was)
    if not found or not ends:
        return False
    if earlier and int(earlier[1]) > sum(judged.tried.values()):
        log.warning("%s: keeps the verdict of an audit that tried more (%s checks).", card, earlier[1])
        return False
    try:
        write_text(card, before + found + verdict_text(judged) + ends + after)
    except OutputError as error:
        log.warning("%s: keeps its verdict (%s).", card, error)
        return False
    return True
