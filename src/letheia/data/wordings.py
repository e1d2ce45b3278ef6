"""People for models without vision: questions that name the person stand in place of pictures.

A name and a summary are enough to ask and to score; responses are only needed to train on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from letheia.config import StudyConfig
from letheia.data.folder import read_people
from letheia.errors import DataError
from letheia.methods.rates import WORLD_RATES
from letheia.models.families import read_family
from letheia.types import Entity, People, Portrait


def people_for(folder: Path, config: StudyConfig) -> People:
    """Read a people folder for a model; one without vision is asked in words, and needs no pictures.

    Args:
        folder: The people folder.
        config: Which model, how it is loaded, and the wordings that one without vision is asked with.

    Raises:
        CheckpointError: The model's family is unknown.
        DataError: Something in the folder is wrong, or nobody in it can be asked about.
    """
    people = read_people(folder)
    if config.model in WORLD_RATES or read_family(config.model, config.load).vision:
        return people
    asked = in_words(people, config.prompts.wordings)
    if asked.asked_by == "picture":
        raise DataError(
            f"{folder}: nobody has a summary, and a model without vision is asked about people by name and scored by "
            "it. 'letheia people summaries' fetches some."
        )
    return asked


def in_words(people: People, wordings: Sequence[str]) -> People:
    """The same people with questions in place of pictures: the first wording is trained on, the others are measured.

    Args:
        people: The people folder; its pictures are left out, strangers' too. Who has no summary is asked nothing.
        wordings: Questions with `$name`.
    """
    return replace(people, entities=tuple(_asked(e, wordings) for e in people.entities), strangers=(), anyone=())


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
