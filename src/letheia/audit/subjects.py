"""Who is asked about in an audit: those to forget, those retained, bystanders, and people nobody knows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from letheia.attacks.base import Subject
from letheia.attacks.choices import made_up
from letheia.metrics.language import Yardstick
from letheia.models.fluency import yardstick
from letheia.study import store
from letheia.study.plan import Query
from letheia.study.run import ask, known_by
from letheia.study.study import Study
from letheia.types import ORIGINAL, Entity, Group, Portrait, Split


@dataclass(frozen=True)
class Size:
    """How much is asked.

    Attributes:
        pictures: Pictures a person.
        others: Retained people, bystanders and people nobody knows at most, of each kind; all who are to be forgotten
            are asked about.
    """

    pictures: int = 2
    others: int = 20


def subjects(study: Study, split: Split, size: Size, *, planned: bool = False) -> tuple[Subject, ...]:
    """Everybody who is asked about; who of the others is drawn depends on the seed alone.

    Args:
        study: The study; the original answers, no adapter may be on.
        split: Who is forgotten and who retained.
        size: How much is asked.
        planned: Take whoever may be a bystander for one, without asking.
    """
    possible = _possible_bystanders(study, split)
    known = possible if planned else _known(study, possible)
    seed = study.config.seed
    groups: tuple[tuple[Group, Sequence[Entity]], ...] = (
        ("forget", split.forget),
        ("retain", _some(split.retain, size.others, seed)),
        ("bystander", _some(known, size.others, seed)),
    )
    people = [
        Subject(entity=e, group=group, portraits=_pictures(e, size.pictures))
        for group, chosen in groups
        for e in chosen
    ]
    return (*people, *_nobody(study, size))


def measure_of_language(study: Study, asked: Sequence[Subject]) -> Yardstick | None:
    """What tells language from babble, measured on the original's answers to the study's own question."""
    file = study.folder / ORIGINAL / "plain.jsonl"
    if not file.exists():
        by_id = study.people.portraits
        pictures = [
            Query(portrait=p, group=s.group, role=p.role)
            for s in asked
            for p in (s.portraits or s.entity.pictures("unseen") or s.entity.pictures("seen"))[:1]
            if p.id in by_id
        ]
        store.write_answers(file, ask(study, ORIGINAL, pictures, "original: the study's question"))
    return yardstick(study.model, study.people, store.read_answers(file), study.config.prompts)


def _possible_bystanders(study: Study, split: Split) -> list[Entity]:
    taken = {e.id for e in (*split.forget, *split.retain)}
    return [e for e in study.people.entities if e.id not in taken and e.pictures("seen") and e.summary]


def _known(study: Study, possible: Sequence[Entity]) -> list[Entity]:
    """Whom the original recognises on their first seen picture."""
    if not possible:
        return []
    file = study.folder / ORIGINAL / "bystanders.jsonl"
    # asked as in a probe: answers about bystanders are left out where people are recognised
    asked = [Query(portrait=e.pictures("seen")[0], group="retain", role="seen") for e in possible]
    study.model.load_pictures(q.portrait for q in asked)  # in the order of an uninterrupted run
    if not file.exists():
        store.write_answers(file, ask(study, ORIGINAL, asked, "original: who else is known"))
    return known_by(study, store.read_answers(file)).known


def _some(people: Sequence[Entity], most: int, seed: int) -> list[Entity]:
    if len(people) <= most:
        return list(people)
    drawn = random.Random(f"audit-{seed}").sample(range(len(people)), most)
    return [people[i] for i in sorted(drawn)]


def _pictures(entity: Entity, count: int) -> tuple[Portrait, ...]:
    """Unseen pictures, seen ones where there are none; none for a model that is asked by name."""
    there = entity.pictures("unseen") or entity.pictures("seen")
    return tuple(p for p in there if p.shown)[:count]


def _nobody(study: Study, size: Size) -> list[Subject]:
    """The folder's strangers, each with a made-up name; made-up names alone where the folder has no strangers."""
    pictures = study.people.strangers[: size.others]
    names = made_up(study.people, len(pictures) or size.others, study.config.seed)
    strangers = [(p.id, (p,)) for p in pictures] or [(f"nobody-{i}", ()) for i in range(len(names))]
    return [
        Subject(entity=Entity(id=id_, name=name, summary=""), group="stranger", portraits=shown)
        for (id_, shown), name in zip(strangers, names, strict=False)
    ]
