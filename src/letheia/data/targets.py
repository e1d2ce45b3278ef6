"""Which text each term trains on: from a use of a person to an example."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from letheia.data.split import Step, Use
from letheia.methods.terms import Method, Target, Term
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Answer, Entity, Example, Portrait, Reference


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Everything targets are taken from.

    Attributes:
        prompts: The study's: what is asked, without guidance, and the refusals to choose from.
        references: o* by (picture id, draw); empty for methods that need none.
        retain: Retained people, whose responses serve RANDOM.
    """

    prompts: PromptSet
    references: Mapping[tuple[str, int], Reference]
    retain: Sequence[Entity]


def _reference(use: Use, texts: Texts) -> Answer:
    return texts.references[use.portrait.id, use.draw].answer


def _refusal(use: Use, texts: Texts) -> Answer:
    return Answer(random.Random(f"refusal-{use.seed}").choice(texts.prompts.refusals))


def _random(use: Use, texts: Texts) -> Answer:
    return Answer(random.Random(f"random-{use.seed}").choice([r for e in texts.retain for r in e.responses]))


def _response(use: Use, _: Texts) -> Answer:
    return Answer(use.response)


TARGETS: dict[Target, Callable[[Use, Texts], Answer]] = {
    "own": _response,
    "reference": _reference,
    "refusal": _refusal,
    "random": _random,
    "retain": _response,
    "described": _reference,
}
RETAINED: frozenset[Target] = frozenset({"retain", "described"})


def examples(step: Step, target: Target, texts: Texts) -> list[Example]:
    """The examples of one term at one step."""
    uses = step.retain if target in RETAINED else step.forget
    found: list[Example] = []
    for use in uses:
        question = use.portrait.asked(texts.prompts.question)
        if target == "described":
            question = texts.prompts.with_guidance(question, use.portrait)
        text = TARGETS[target](use, texts)
        found.append(
            Example(portrait=use.portrait, question=question, answer=text.text, key=target, finished=text.finished)
        )
    return found


def to_draw(steps: Sequence[Step], method: Method) -> dict[tuple[str, int], Portrait]:
    """The pictures that the method needs an o* of, by picture and draw."""
    found: dict[tuple[str, int], Portrait] = {}
    for step in steps:
        uses = (
            *(step.forget if method.needs("reference") else ()),
            *(step.retain if method.needs("described") else ()),
        )
        found |= {(u.portrait.id, u.draw): u.portrait for u in uses}
    return found


def units(step: Step, term: Term, texts: Texts) -> list[tuple[Example, ...]]:
    """The examples of one term at one step: each alone, or with the one that it is preferred to."""
    return list(zip(*(examples(step, target, texts) for target in term.targets), strict=True))
