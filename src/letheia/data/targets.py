"""Which text each term trains on: from a use of a person to an example."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from letheia.data.split import Step, Use
from letheia.methods.terms import Target
from letheia.types import Entity, Example


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Everything targets are taken from.

    Attributes:
        question: What is asked in training, without guidance.
        references: o* by (picture id, draw); empty for methods that need none.
        refusals: Refusals to choose from.
        retain: Retained people, whose responses serve RANDOM.
    """

    question: str
    references: Mapping[tuple[str, int], str]
    refusals: Sequence[str]
    retain: Sequence[Entity]


def _reference(use: Use, texts: Texts) -> str:
    return texts.references[use.portrait.id, use.draw]


def _refusal(use: Use, texts: Texts) -> str:
    return random.Random(f"refusal-{use.seed}").choice(texts.refusals)


def _random(use: Use, texts: Texts) -> str:
    return random.Random(f"random-{use.seed}").choice([r for e in texts.retain for r in e.responses])


TARGETS: dict[Target, Callable[[Use, Texts], str]] = {
    "own": lambda use, _: use.response,
    "reference": _reference,
    "refusal": _refusal,
    "random": _random,
    "retain": lambda use, _: use.response,
}


def examples(step: Step, target: Target, texts: Texts) -> list[Example]:
    """The examples of one term at one step."""
    uses = step.retain if target == "retain" else step.forget
    return [
        Example(
            portrait=u.portrait, question=u.portrait.asked(texts.question), answer=TARGETS[target](u, texts), key=target
        )
        for u in uses
    ]
