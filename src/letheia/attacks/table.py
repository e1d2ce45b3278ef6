"""Every way of asking, one row each: a new attack is a row, a test and a line in docs/audit.md."""

from dataclasses import replace
from pathlib import Path

from letheia.attacks.base import Attack
from letheia.attacks.choices import CHOICES
from letheia.attacks.file import ENDING, attack_from
from letheia.attacks.pictures import PICTURES
from letheia.attacks.questions import QUESTIONS
from letheia.errors import ConfigError, unknown
from letheia.extensions import IN_FILE, Origin, check_name, code_of, from_file, from_package, packaged

ATTACKS: dict[str, Attack] = {a.name: a for a in (*QUESTIONS, *CHOICES, *PICTURES)}
BUILT_IN = frozenset(ATTACKS)
PACKAGES = "letheia.attacks"
"""The group of entry points by which an installed package brings attacks."""
EXAMPLE = "letheia.Attack(name=…, title=…, access='black', asks=…)"


def attack_named(text: str) -> Attack:
    """The attack that a command line names: `FILE.py:NAME`, which executes the file, questions, or that of a package.

    Raises:
        ConfigError: There is none, or it can't be used.
        DataError: A file of questions (`FILE.jsonl`) has an error.
    """
    if text.endswith(ENDING):
        return add_attack(attack_from(Path(text)))
    if IN_FILE.fullmatch(text):
        row, origin = from_file(text, Attack, "attack", EXAMPLE)
        return add_attack(replace(row, origin=origin))
    if text in ATTACKS:
        return ATTACKS[text]
    names = packaged(PACKAGES)
    if text not in names:
        raise unknown("attack", text, [*ATTACKS, *names])
    row, origin = from_package(text, PACKAGES, Attack, "attack")
    return add_attack(replace(row, name=text, origin=origin))


def add_attack(row: Attack) -> Attack:
    """Take an attack up into the table.

    Raises:
        ConfigError: Its name is taken.
    """
    place = row.origin.text if row.origin and row.origin.text else f"attack {row.name!r}"
    check_name(row.name, "attack", place)
    if row.name in BUILT_IN:
        raise ConfigError(f"{place}: the name '{row.name}' is one of Letheia's own. Choose another.")
    if row.origin is None:
        row = replace(row, origin=Origin("", code_of(row.asks)))
    known = ATTACKS.setdefault(row.name, row)
    if known.origin != row.origin:
        other = (known.origin.text if known.origin else "") or "another row"
        raise ConfigError(f"{place}: the name '{row.name}' is taken by {other}. Choose another.")
    return known
