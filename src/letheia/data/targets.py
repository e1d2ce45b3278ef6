"""Which text each term trains on: from a use of a person to an example."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from letheia.data.split import Step, Use
from letheia.methods.terms import Method, TargetName, Term
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Answer, Entity, Example, Group, Portrait, Reference


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
    if use.instead:
        return Answer(use.instead)
    return texts.references[use.portrait.id, use.draw].answer


def _refusal(use: Use, texts: Texts) -> Answer:
    return Answer(random.Random(f"refusal-{use.seed}").choice(texts.prompts.refusals))


def _random(use: Use, texts: Texts) -> Answer:
    return Answer(random.Random(f"random-{use.seed}").choice([r for e in texts.retain for r in e.responses]))


def _response(use: Use, _: Texts) -> Answer:
    return Answer(use.response, use.finished)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A row: a text that a term trains on.

    Attributes:
        text: How the text is taken.
        of: Whose pictures it is trained on.
        drawn: Whether it is o*, which the original has to draw first.
        guided: Whether it is trained on under the guidance prompt; else on the question alone.
        others: Whether the text is one of somebody who is kept, so that there must be such people.
    """

    text: Callable[[Use, Texts], Answer]
    of: Group = "forget"
    drawn: bool = False
    guided: bool = False
    others: bool = False


TARGETS: dict[TargetName, Target] = {
    "own": Target(text=_response),  # a response of the forgotten person
    "reference": Target(text=_reference, drawn=True),
    "refusal": Target(text=_refusal),
    "random": Target(text=_random, others=True),
    "retain": Target(text=_response, of="retain"),  # a retained person's own response
    "described": Target(text=_reference, of="retain", drawn=True, guided=True),  # so guidance keeps its effect
}
"""Every target, one row each. A new target is a row here, its name in `TargetName`, and a test."""


def examples(step: Step, target: TargetName, texts: Texts) -> list[Example]:
    """The examples of one term at one step."""
    row = TARGETS[target]
    uses = step.retain if row.of == "retain" else step.forget
    found: list[Example] = []
    for use in uses:
        question = use.question or use.portrait.asked(texts.prompts.question)
        if row.guided:
            question = texts.prompts.with_guidance(question, use.portrait)
        text = row.text(use, texts)
        found.append(
            Example(
                portrait=use.portrait,
                question=question,
                answer=text.text,
                key=target,
                finished=text.finished,
                prefix=use.prefix,
            )
        )
    return found


def to_draw(steps: Sequence[Step], method: Method) -> dict[tuple[str, int], Portrait]:
    """The pictures that the method needs an o* of, by picture and draw."""
    groups = {TARGETS[target].of for target in method.targets if TARGETS[target].drawn}
    found: dict[tuple[str, int], Portrait] = {}
    for step in steps:
        uses = (*(step.forget if "forget" in groups else ()), *(step.retain if "retain" in groups else ()))
        found |= {(u.portrait.id, u.draw): u.portrait for u in uses if not u.instead}
    return found


def needs_others(method: Method) -> bool:
    """Whether a method can't be trained without people who are kept: it takes texts of theirs."""
    return any(TARGETS[target].others for target in method.targets)


def units(step: Step, term: Term, texts: Texts) -> list[tuple[Example, ...]]:
    """The examples of one term at one step: each alone, or with the one that it is preferred to."""
    return list(zip(*(examples(step, target, texts) for target in term.targets), strict=True))
