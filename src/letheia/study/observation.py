"""Appendix A: answers about people whom the original recognises, and about people whom it does not."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from letheia.metrics.labels import named
from letheia.metrics.observation import OBSERVATIONS
from letheia.types import Entity, Generation

SETS = ("recognized", "unrecognized")


def observe(
    answers: Sequence[Generation], people: Mapping[str, Entity], *, size: int = 25, seed: int = 0
) -> dict[str, Any]:
    """Divide answers by whether the name is in them, draw so many of each, and count.

    Args:
        answers: The original's answers, one a person.
        people: Each person by id.
        size: How many of each set are drawn; fewer where there are fewer.
        seed: Seed of the draw.

    Returns:
        By set: the numbers of each metric, one a person, and one answer as an example.
    """
    sets: dict[str, list[Generation]] = {s: [] for s in SETS}
    for answer in sorted(answers, key=lambda a: a.portrait):
        sets[SETS[not named(answer.answer, people[answer.entity])]].append(answer)
    rng = random.Random(f"observation-{seed}")
    found: dict[str, Any] = {}
    for name, there in sets.items():
        drawn = rng.sample(there, min(size, len(there)))
        counted = {m: [f(a.answer, people[a.entity].summary) for a in drawn] for m, f in OBSERVATIONS.items()}
        found[name] = {**counted, "example": [drawn[0].portrait, drawn[0].answer] if drawn else []}
    return found
