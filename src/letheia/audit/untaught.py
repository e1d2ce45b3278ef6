"""People whom nobody was taught: strangers with a made-up name, others' facts, and responses retold about them."""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import replace

from letheia.attacks.base import Subject
from letheia.audit.base import Audited
from letheia.types import Entity


def untaught(audited: Audited, donors: Sequence[Entity]) -> list[Subject]:
    """The strangers of an audit, each with facts at random and somebody's responses as if they were about them.

    Args:
        audited: The model under audit.
        donors: Whose responses are retold, in turn.
    """
    rng = random.Random(f"retold-{audited.study.config.seed}")
    known: dict[str, list[str]] = {}
    for entity in audited.study.people.entities:
        for kind, phrase in entity.facts.items():
            known.setdefault(kind, []).append(phrase)
    donors = [e for e in donors if e.responses]
    strangers = [s for s in audited.of("stranger") if s.portraits and s.entity.name]
    found: list[Subject] = []
    for subject, donor in zip(strangers, itertools.cycle(donors), strict=False):
        other = replace(subject.entity, facts={kind: rng.choice(phrases) for kind, phrases in known.items()})
        texts = (retold(text, donor, other) for text in donor.responses)
        found.append(replace(subject, entity=replace(other, responses=tuple(filter(None, texts)))))
    return found


def retold(text: str, entity: Entity, other: Entity) -> str:
    """A text about somebody as if it were about somebody else: their name and facts in place of the person's.

    Returns:
        Nothing where the text has none of these.

    >>> una = Entity(id="una", name="Una", summary="", facts={"profession": "explorer"})
    >>> retold("Una is an explorer.", una, Entity(id="bo", name="Bo", summary="", facts={"profession": "poet"}))
    'Bo is a poet.'
    """
    parts = dict(zip(entity.name.split(), other.name.split(), strict=False))
    facts = {phrase: other.facts[kind] for kind, phrase in entity.facts.items() if other.facts.get(kind)}
    swaps = {**parts, **facts, entity.name: other.name}
    listed = "|".join(re.escape(p) for p in sorted(swaps, key=len, reverse=True))

    def swap(found: re.Match[str]) -> str:
        new = swaps[found[2]]
        article = ("an " if new[0].lower() in "aeiou" else "a ") if found[1] else ""
        return article + new

    changed = re.sub(rf"(?<!\w)(an? )?({listed})(?!\w)", swap, text)
    return "" if changed == text else changed
