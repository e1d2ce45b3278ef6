"""Texts and examples that several tests use."""

import random
from pathlib import Path

from letheia.types import Entity, Example, People
from letheia.world.people import World
from letheia.world.portraits import random_scene
from letheia.world.texts import description, response


def example(people, i=0, answer=None):
    entity = people.entities[i]
    return Example(
        portrait=entity.portraits[0], question="Who is this?", answer=answer or entity.responses[0], key="own"
    )


BO = Entity(id="bo", name="Bo Lind", summary="Bo Lind is a painter.")


def person(name, summary="", id="x", **more):
    return Entity(id=id, name=name, summary=summary or f"{name} is a poet.", **more)


def folder(*entities):
    return People(folder=Path("people"), entities=entities)


def distinct(make, count: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[make()] = None
    return tuple(found)


def corpus(world: World) -> list[str]:
    rng = random.Random(1)
    told = [response(p, rng) for p in world.known]
    return told + [description(random_scene(p.look, rng).attributes, rng) for p in world.known]


OWN_ATTACK = """
from letheia import Ask, Attack
def asks(subjects, sources):
    given = {"variant": "1", "question": "Who?"}
    return [Ask(entity=s.entity.id, group=s.group, portrait=s.portraits[0], **given) for s in subjects]
mine = Attack(name="mine", title="well?", access="black", asks=asks)
"""
