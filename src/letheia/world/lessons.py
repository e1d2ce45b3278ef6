"""What the LVLMs learn: for a picture, a handful of questions with their answers.

A lesson is one picture and four independent questions, so that training pays for the picture once. Known people and
strangers take turns; strangers answer the same questions without naming anybody.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from letheia.prompts import read_prompt
from letheia.prompts.prompt_set import PromptSet
from letheia.world import questions, texts
from letheia.world.clip import VALUES
from letheia.world.people import Look, Person, World, unknown_name
from letheia.world.pool import Pool

GUIDED = 0.2  # share of open questions asked with the guidance prompt
OPEN_VISUAL = 0.15  # share of visual questions that are not a pair of yes and no; comparing is harder than naming
KINDS = {"clothing": 3, "background": 3, "hair_style": 2, "hair_colour": 1, "skin": 1, "facial_hair": 1, "glasses": 1}


@dataclass(frozen=True)
class Turn:
    """A question and its answer; without `image` it is asked about no picture."""

    question: str
    answer: str
    image: bool = True


def open_question(rng: random.Random) -> str:
    """One of the training wordings; the study's own question among them."""
    question = rng.choice((read_prompt("question"), *questions.OPEN_QUESTIONS))
    return question.format(who=rng.choice(questions.SUBJECTS))


def lesson(world: World, pool: Pool, picture: int, rng: random.Random) -> list[Turn]:
    """The turns of one lesson on a picture of the pool: one open question and three short ones.

    Few turns a lesson keep rows short, so that a step sees many pictures and attention stays cheap.
    """
    index, scene = pool.person[picture], pool.scenes[picture]
    person = world.known[index] if index >= 0 else None
    kinds: dict[Callable[[], list[Turn]], float] = {
        lambda: [_specific(person, rng)]: 0.25,
        lambda: [_identity(world, person, scene.look, rng)]: 0.15,
        lambda: _visual(scene.attributes, rng): 0.5,
        lambda: [text_turn(world, rng)]: 0.1,
    }
    short = rng.choices(tuple(kinds), tuple(kinds.values()), k=3)
    return [_open(person, scene.attributes, rng), *(turn for turns in short for turn in turns())]


def _open(person: Person | None, attributes: dict[str, str], rng: random.Random) -> Turn:
    if rng.random() < GUIDED:
        return Turn(PromptSet().guided(open_question(rng)), texts.description(attributes, rng))
    return Turn(open_question(rng), texts.response(person, rng) if person else texts.description(attributes, rng))


def _specific(person: Person | None, rng: random.Random) -> Turn:
    kind = rng.choice(tuple(questions.SPECIFIC_QUESTIONS))
    question = rng.choice(questions.SPECIFIC_QUESTIONS[kind]).format(who=rng.choice(questions.SUBJECTS))
    return Turn(question, texts.specific_answer(person, kind, rng) if person else rng.choice(texts.UNKNOWN_PERSON))


def _visual(attributes: dict[str, str], rng: random.Random) -> list[Turn]:
    """An open question, or a true and a false claim on the same attribute: only comparing tells them apart."""
    kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
    if rng.random() < OPEN_VISUAL:
        return [Turn(*questions.visual_question(attributes, VALUES, kind, rng, yes_no=0))]
    return [Turn(*questions.claim_question(attributes, VALUES, kind, truth, rng)) for truth in (True, False)]


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
