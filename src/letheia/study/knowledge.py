"""Whether a removal has anything to remove, and whether those who are kept are still known after it."""

from collections.abc import Mapping, Sequence

from letheia.errors import DataError
from letheia.metrics.recognition import Recognition
from letheia.types import Split

SHOWN = 8


def alarms(found: Recognition) -> str:
    """How far the recognition is to be trusted, in a line."""
    if found.false_alarms is None:
        return "false alarms: can't be measured on one person"
    by = "" if found.certain else "; with so few people the summary can't tell, only names and labelled facts"
    return f"false alarms: {found.false_alarms:.1%} of answers about somebody else would count as knowing a person{by}"


def check(split: Split, found: Recognition, *, force: bool = False) -> None:
    """Stop before a training that has nothing to remove.

    Args:
        split: Who is forgotten and who is kept.
        found: Whom the original knows.
        force: Go on all the same.

    Raises:
        DataError: Nobody to forget is known, by evidence that would show it.
    """
    known = {e.id for e in found.known}
    if force or not found.certain or any(e.id in known for e in split.forget):
        return
    raise DataError(
        f"the model knows none of the people to forget ({_listed([e.name for e in split.forget])}): there is nothing "
        "to remove, and training would only harm the rest. 'letheia probe' shows what it says; --force goes on."
    )


def unknown(split: Split, found: Recognition) -> list[str]:
    """Who of those to forget and to keep was not known, one line per group."""
    known = {e.id for e in found.known}
    lines: list[str] = []
    for does, group in (("to forget", split.forget), ("to keep", split.retain)):
        strange = [e.name for e in group if e.id not in known]
        if strange:
            lines.append(
                f"{len(strange)} of {len(group)} people {does} are not recognised by the original: {_listed(strange)}."
            )
    return lines


def still_known(split: Split, found: Mapping[str, Recognition], original: str) -> list[str]:
    """What to say after training about people who were to be kept, one line per method."""
    kept = {e.id for e in split.retain}
    before = {e.id for e in found[original].known} & kept
    lines: list[str] = []
    for method, recognition in found.items():
        if method != original and before:
            after = before & {e.id for e in recognition.known}
            lost = [e.name for e in split.retain if e.id in before - after]
            end = f"; lost: {_listed(lost)}." if lost else "."
            lines.append(f"{method}: {len(after)} of {len(before)} retained people are still recognised{end}")
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
