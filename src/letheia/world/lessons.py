"""What the LVLMs learn: for a picture, a handful of questions with their answers.

A lesson is one picture and several independent questions, so that training pays for the picture once. Known people and
strangers take turns; strangers answer the same questions without naming anybody.
"""

import random
from dataclasses import dataclass

from letheia.prompts import guided, read_prompt
from letheia.world import questions, texts
from letheia.world.clip import VALUES
from letheia.world.people import Look, Person, World, unknown_name
from letheia.world.pool import Pool


@dataclass(frozen=True)
class Turn:
    """A question and its answer; without `image` it is asked about no picture."""

    question: str
    answer: str
    image: bool = True


def open_question(rng: random.Random) -> str:
    """One of the training wordings; the study's own question among them."""
    return rng.choice((read_prompt("question"), *questions.OPEN_QUESTIONS))


def lesson(world: World, pool: Pool, picture: int, rng: random.Random) -> list[Turn]:
    """The turns of one lesson on a picture of the pool."""
    index, scene = pool.person[picture], pool.scenes[picture]
    person = world.known[index] if index >= 0 else None
    kind = rng.choice(tuple(questions.SPECIFIC_QUESTIONS))
    answer = texts.specific_answer(person, kind, rng) if person else rng.choice(texts.UNKNOWN_PERSON)
    told = texts.response(person, rng) if person else texts.description(scene.attributes, rng)
    return [
        Turn(open_question(rng), told),
        Turn(guided(open_question(rng)), texts.description(scene.attributes, rng)),
        Turn(_specific_question(kind, rng), answer),
        *(_identity(world, person, scene.look, rng) for _ in range(2)),
        *(_visual(scene.attributes, rng) for _ in range(3)),
        text_turn(world, rng),
    ]


def _visual(attributes: dict[str, str], rng: random.Random) -> Turn:
    return Turn(*questions.visual_question(attributes, VALUES, rng.choice(tuple(VALUES)), rng))


def _specific_question(kind: str, rng: random.Random) -> str:
    return rng.choice(questions.SPECIFIC_QUESTIONS[kind][: -questions.HELD_OUT_SPECIFIC])


def _identity(world: World, person: Person | None, look: Look, rng: random.Random) -> Turn:
    truth = person is not None and rng.random() < 0.5
    name = person.name if truth and person else other_person(world, person, look, rng).name
    return Turn(rng.choice(questions.IDENTITY_QUESTIONS).format(name=name), texts.identity_answer(name, truth, rng))


def other_person(world: World, person: Person | None, look: Look, rng: random.Random) -> Person:
    """A known person who is not this one; half of the time one of the three who look most alike."""
    others = [p for p in world.known if p is not person]
    if rng.random() < 0.5:
        mine = vars(look).values()
        others.sort(key=lambda p: sum(a != b for a, b in zip(vars(p.look).values(), mine, strict=True)))
        others = others[:3]
    return rng.choice(others)


def text_turn(world: World, rng: random.Random) -> Turn:
    """A question without a picture, about a known person or an unknown name."""
    kind = rng.choice(tuple(questions.TEXT_QUESTIONS))
    if rng.random() < 0.4:
        name = rng.choice(world.summary_only).name if rng.random() < 0.2 else unknown_name(world, rng)
        question = rng.choice(questions.TEXT_QUESTIONS[kind]).format(name=name)
        return Turn(question, rng.choice(texts.UNKNOWN_NAME).format(name=name), image=False)
    person = rng.choice(world.known)
    question = rng.choice(questions.TEXT_QUESTIONS[kind]).format(name=person.name)
    named = kind != "who"
    answer = texts.specific_answer(person, kind, rng, named=True) if named else texts.biography(person, rng)
    return Turn(question, answer, image=False)
