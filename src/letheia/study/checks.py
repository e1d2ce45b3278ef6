"""What is wrong with a text that the original has drawn, before anything trains on it.

An o* must not identify the person, or the method trains on what it is to forget. A response must identify its person
and nobody else, or the model learns inventions about retained people. Both must be language: a small model at
temperature 1 babbles, and a method that trains on babble forgets nothing and loses its language.
"""

import re
from collections.abc import Sequence

from letheia.metrics.labels import facts_in, named
from letheia.metrics.scorer import Scorer
from letheia.models.fluency import likelihoods
from letheia.models.model import Model
from letheia.prompts.prompt_set import PromptSet
from letheia.reference import Faults
from letheia.types import Answer, Entity, Example, People, Portrait

FLOOR = -2.5
"""Mean log-probability of a token, in nats, below which a model's own draw is babble.

A draw at temperature 1 is as likely as draws are, so the floor of answers (`metrics/language.py`) lets babble pass.
Measured on SmolLM2-135M: its greedy answers -0.6 to -1.1, its babble under guidance -2.8 to -4.8."""


def reference_faults(model: Model, people: People, scorer: Scorer, *, prompts: PromptSet) -> Faults:
    """What is wrong with an o*: it names the person, tells a fact of theirs, fails Eq. 4, or is no language."""
    entities = {e.id: e for e in people.entities}

    def faults(portraits: Sequence[Portrait], answers: Sequence[Answer]) -> list[str]:
        asked = [prompts.with_guidance(p.asked(prompts.question), p) for p in portraits]
        babble = _babble(model, portraits, asked, answers)
        return [
            _tells(answer.text, entities[portrait.entity], scorer) or ("no language" if odd else "")
            for portrait, answer, odd in zip(portraits, answers, babble, strict=True)
        ]

    return faults


def response_faults(model: Model, people: People, scorer: Scorer, *, question: str) -> Faults:
    """What is wrong with a response: it does not identify its person, has another's facts, or is garbled."""
    entities = {e.id: e for e in people.entities}

    def faults(portraits: Sequence[Portrait], answers: Sequence[Answer]) -> list[str]:
        babble = _babble(model, portraits, [p.asked(question) for p in portraits], answers)
        return [
            "no language" if odd else _wrong(answer.text, entities[portrait.entity], scorer)
            for portrait, answer, odd in zip(portraits, answers, babble, strict=True)
        ]

    return faults


def sentences(text: str) -> str:
    """A text that was cut, up to its last whole sentence.

    >>> sentences("A poet. Born in the nor")
    'A poet.'
    """
    ends = [m.end() for m in re.finditer(r"[.!?。！？](?=\s|$)", text)]
    return text[: ends[-1]] if ends else ""


def _tells(text: str, entity: Entity, scorer: Scorer) -> str:
    """What a text gives away about a person."""
    if not text:
        return "empty"
    if named(text, entity, scorer.labels):
        return "names the person"
    if facts_in(text, entity, scorer.labels).own:
        return "tells a fact"
    return "reads like the summary" if scorer.index.tells(text, entity.id) else ""


def _wrong(text: str, entity: Entity, scorer: Scorer) -> str:
    """What is wrong in what a text tells about a person."""
    facts = facts_in(text, entity, scorer.labels)
    if facts.wrong:
        return "tells of somebody else"
    if entity.facts:
        return "" if len(facts.own) > facts.named else "tells no fact"
    if scorer.index.reason(entity.id):
        return ""
    return "" if scorer.index.tells(text, entity.id) else "reads like somebody else"


def _babble(
    model: Model, portraits: Sequence[Portrait], questions: Sequence[str], answers: Sequence[Answer]
) -> list[bool]:
    """Whether each answer is too unlikely for language."""
    read = likelihoods(
        model,
        [
            Example(portrait=p, question=q, answer=a.text, key="", finished=a.finished)
            for p, q, a in zip(portraits, questions, answers, strict=True)
        ],
    )
    return [found is None or found.mean < FLOOR for found in read]
