"""People for models without vision: questions that name the person stand in place of pictures.

A name and a summary are enough to ask and to score; responses are only needed to train on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from letheia.types import Entity, People, Portrait


def in_words(people: People, wordings: Sequence[str]) -> People:
    """The same people with questions in place of pictures: the first wording is trained on, the others are measured.

    Args:
        people: The people folder; its pictures are left out, strangers' too. Who has no summary is asked nothing.
        wordings: Questions with `$name`.
    """
    return replace(people, entities=tuple(_asked(e, wordings) for e in people.entities), strangers=())


def _asked(entity: Entity, wordings: Sequence[str]) -> Entity:
    if not entity.summary:  # no answer could be scored
        return replace(entity, portraits=())
    portraits = tuple(
        Portrait(
            id=f"{entity.id}-words-{i}",
            file=Path(),
            entity=entity.id,
            role="unseen" if i else "seen",
            words=Template(wording).substitute(name=entity.name),
        )
        for i, wording in enumerate(wordings)
    )
    return replace(entity, portraits=portraits)
