"""What the LVLMs learn: for a picture, a handful of questions with their answers.

A lesson is one picture and several independent questions, so that training pays for the picture once. Known people and
strangers take turns; strangers answer the same questions without naming anybody.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from letheia.prompts import guided, read_prompt
from letheia.world import questions, texts
from letheia.world.clip import VALUES
from letheia.world.people import Person, World, unknown_name
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
    index = pool.person[picture]
    attributes = pool.scenes[picture].attributes
    make = _known_turns(world, world.known[index], rng) if index >= 0 else _stranger_turns(world, rng)
    turns = [turn(attributes) for turn in make]
    return [*turns, text_turn(world, rng)]


_Make = Callable[[dict[str, str]], Turn]


def _known_turns(world: World, person: Person, rng: random.Random) -> list[_Make]:
    kind = rng.choice(tuple(questions.SPECIFIC_QUESTIONS))
    return [
        lambda _: Turn(open_question(rng), texts.response(person, rng)),
        lambda _: Turn(open_question(rng), texts.response(person, rng)),
        lambda a: Turn(guided(open_question(rng)), texts.description(a, rng)),
        lambda _: Turn(_specific_question(kind, rng), texts.specific_answer(person, kind, rng)),
        lambda _: _identity(world, person, rng),
        lambda a: _visual(a, rng),
    ]


def _stranger_turns(world: World, rng: random.Random) -> list[_Make]:
    kind = rng.choice(tuple(questions.SPECIFIC_QUESTIONS))
    return [
        lambda a: Turn(open_question(rng), texts.description(a, rng)),
        lambda a: Turn(guided(open_question(rng)), texts.description(a, rng)),
        lambda _: Turn(_specific_question(kind, rng), rng.choice(texts.UNKNOWN_PERSON)),
        lambda _: _identity(world, None, rng),
        lambda a: _visual(a, rng),
        lambda a: _visual(a, rng),
        lambda a: _visual(a, rng),
    ]


def _visual(attributes: dict[str, str], rng: random.Random) -> Turn:
    return Turn(*questions.visual_question(attributes, VALUES, rng.choice(tuple(VALUES)), rng))


def _specific_question(kind: str, rng: random.Random) -> str:
    return rng.choice(questions.SPECIFIC_QUESTIONS[kind][: -questions.HELD_OUT_SPECIFIC])


def _identity(world: World, person: Person | None, rng: random.Random) -> Turn:
    truth = person is not None and rng.random() < 0.5
    name = person.name if truth and person else other_name(world, person, rng)
    return Turn(rng.choice(questions.IDENTITY_QUESTIONS).format(name=name), texts.identity_answer(name, truth, rng))


def other_name(world: World, person: Person | None, rng: random.Random) -> str:
    """A known person's name that is not this one's."""
    return rng.choice([p for p in world.known if p is not person]).name


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
