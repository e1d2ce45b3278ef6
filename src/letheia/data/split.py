"""Who is forgotten, who is kept, and what is trained on at each step: pure functions of a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from letheia.errors import DataError
from letheia.types import Entity, Portrait, Split


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a person in training.

    Attributes:
        portrait: The seen picture.
        response: The person's own response.
        draw: How many uses this picture had before; each use has its own o*.
        seed: Names the use's own random choices.
        question: What is asked, where it is not the study's own question.
        prefix: How the answer is made to begin.
        instead: What is said in the response's place, where it is no o*.
        finished: Whether the response ends here.
    """

    portrait: Portrait
    response: str
    draw: int
    seed: str
    question: str = ""
    prefix: str = ""
    instead: str = ""
    finished: bool = True


@dataclass(frozen=True)
class Step:
    """What one optimizer step trains on."""

    forget: tuple[Use, ...]
    retain: tuple[Use, ...]


def draw_split(recognised: Sequence[Entity], *, people: int, n: int, seed: int) -> Split:
    """Draw `people` of the recognised ones, forget the first `n` of the draw and retain the rest (paper 4.1, C.1).

    Raises:
        DataError: Fewer people are recognised than wanted.
    """
    if len(recognised) < people:
        raise DataError(
            f"the model recognises {len(recognised)} people, the study wants {people}. Ask for fewer or add people."
        )
    drawn = random.Random(f"split-{seed}").sample(sorted(recognised, key=lambda e: e.id), people)
    return Split(forget=tuple(drawn[:n]), retain=tuple(drawn[n:]))


def schedule(split: Split, *, steps: int, batch: int, pictures: int, seed: int) -> list[Step]:
    """Plan every step: forget and retain uses in shuffled rounds over (person, picture, response).

    Args:
        split: Who is who; without retain people the steps have none.
        steps: Optimizer steps.
        batch: Forget uses and retain uses a step.
        pictures: Seen pictures of a person that are used.
        seed: Seed of the order.

    Raises:
        DataError: Somebody has nothing to train on, or there is nobody to forget.
    """
    if not split.forget:
        raise DataError("nobody to forget. Name at least one person.")
    forget = _rounds(split.forget, steps * batch, pictures, f"forget-{seed}")
    retain = _rounds(split.retain, steps * batch, pictures, f"retain-{seed}") if split.retain else []
    return [Step(tuple(forget[i : i + batch]), tuple(retain[i : i + batch])) for i in range(0, steps * batch, batch)]


def _rounds(entities: Sequence[Entity], count: int, pictures: int, seed: str) -> list[Use]:
    for entity in entities:
        if not entity.pictures("seen") or not entity.responses:
            raise DataError(f"{entity.name}: has no seen picture or no response, so there is nothing to train on.")
    items = [(p, r) for e in entities for p in e.pictures("seen")[:pictures] for r in e.responses]
    rng = random.Random(seed)
    uses: list[Use] = []
    draws: dict[str, int] = {}
    while len(uses) < count:
        for portrait, response in rng.sample(items, len(items)):
            draw = draws.get(portrait.id, 0)
            draws[portrait.id] = draw + 1
            uses.append(Use(portrait=portrait, response=response, draw=draw, seed=f"{seed}-{portrait.id}-{draw}"))
    return uses[:count]
