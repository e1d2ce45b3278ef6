"""Finding labelled facts, names and visible attributes in a text.

Everything exact rests on this: a people folder carries the facts of its people and the attributes of its pictures as
phrases, and a claim is such a phrase standing in the answer, whoever it belongs to.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from letheia.types import Entity, People


@dataclass(frozen=True)
class Labels:
    """All phrases of a labelled set.

    Attributes:
        facts: Every fact phrase of anybody, longest first.
        attributes: Every visible value by kind, longest first.
        first_names: First words of names.
        last_names: Last words of names.
    """

    facts: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    first_names: frozenset[str]
    last_names: frozenset[str]


@dataclass(frozen=True)
class Facts:
    """Personal claims in a text.

    Attributes:
        own: Claims that are true of the person, the name among them.
        wrong: Claims that are somebody else's or nobody's.
        total: How many facts the person has, the name among them.
        names: Full names in the text that are not the person's.
    """

    own: tuple[str, ...]
    wrong: tuple[str, ...]
    total: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Visible:
    """Visible attributes in a text: phrases that match the picture, phrases that do not, and how many could match."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    total: int


def collect_labels(people: People) -> Labels:
    """Gather the phrases of a people folder."""
    pictures = [p for e in people.entities for p in e.portraits] + list(people.strangers)
    values: dict[str, set[str]] = {}
    for picture in pictures:
        for kind, value in picture.attributes.items():
            values.setdefault(kind, set()).add(value)
    names = [name.split() for e in people.entities for name in e.names]
    return Labels(
        facts=_longest_first({f for e in people.entities for f in e.facts.values()}),
        attributes={kind: _longest_first(found) for kind, found in sorted(values.items())},
        first_names=frozenset(n[0] for n in names if len(n) > 1),
        last_names=frozenset(n[-1] for n in names if len(n) > 1),
    )


def phrases_in(text: str, phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases that stand in the text as whole words; one inside a longer one found at the same place is left out.

    >>> phrases_in("A film director from Port Ellin.", ["Port Ellin", "film director", "director"])
    ('Port Ellin', 'film director')
    """
    ordered = _longest_first(phrases)
    if not ordered:
        return ()
    pattern = r"(?<!\w)(?:" + "|".join(re.escape(p) for p in ordered) + r")(?!\w)"
    found = {m.group().lower() for m in re.finditer(pattern, text, re.IGNORECASE)}
    return tuple(sorted(p for p in set(ordered) if p.lower() in found))


def named(text: str, entity: Entity) -> bool:
    """Whether the text has the person's name or an alias."""
    return bool(phrases_in(text, entity.names))


def facts_in(text: str, entity: Entity | None, labels: Labels) -> Facts:
    """Personal claims in the text, told apart by whether they are the person's; a stranger has none."""
    own_names = entity.names if entity else ()
    own_facts = {f.lower() for f in entity.facts.values()} if entity else set[str]()
    mentioned = phrases_in(text, own_names)
    claims = phrases_in(text, labels.facts)
    others = tuple(n for n in _full_names(text, labels) if n.lower() not in {o.lower() for o in own_names})
    return Facts(
        own=(*mentioned[:1], *(c for c in claims if c.lower() in own_facts)),
        wrong=(*others, *(c for c in claims if c.lower() not in own_facts)),
        total=1 + len(own_facts) if entity else 0,
        names=others,
    )


def attributes_in(text: str, attributes: Mapping[str, str], labels: Labels) -> Visible:
    """Visible claims in the text against the picture's attributes."""
    right: list[str] = []
    wrong: list[str] = []
    for kind, values in labels.attributes.items():
        truth = attributes.get(kind, "")
        for phrase in phrases_in(text, values):
            (right if phrase == truth else wrong).append(phrase)
    return Visible(tuple(right), tuple(wrong), sum(1 for v in attributes.values() if v))


def _full_names(text: str, labels: Labels) -> tuple[str, ...]:
    """Two neighbouring words that are a first and a last name of the set, be the pair somebody's name or not."""
    words = re.findall(r"\w+", text)
    pairs = itertools.pairwise(words)
    return tuple(dict.fromkeys(f"{a} {b}" for a, b in pairs if a in labels.first_names and b in labels.last_names))


def _longest_first(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({p for p in phrases if p}, key=lambda p: (-len(p), p)))
