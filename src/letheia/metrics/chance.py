"""What chance alone gives: levels above which a score says something, each missed by one in twenty by definition.

They are measured on texts that stand beside the wrong person, and so hold for the folder at hand.
"""

import itertools
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from letheia.metrics.usr import SummaryIndex
from letheia.types import Generation

LEVEL = 0.95  # one in twenty texts about somebody else lies above
FEWEST = 20  # pairs of a picture and a text below which nothing is measured
PEOPLE = 10  # people below which nothing is measured between them
PAIRS = 2000  # that are compared at most

T = TypeVar("T")


def chance_level(scores: Sequence[float]) -> float:
    """The level that one in twenty scores of wrong pairs exceeds.

    >>> chance_level([float(i) for i in range(101)])
    95.0
    """
    return float(np.quantile(scores, LEVEL))


def misplaced(answers: Sequence[Generation]) -> list[tuple[Generation, Generation]]:
    """Pairs of an answer and a picture of somebody else."""
    pairs: list[tuple[Generation, Generation]] = []
    for i, answer in enumerate(answers):
        who = answer.entity or answer.portrait
        turned = itertools.chain(answers[i + 1 :], answers[: i + 1])
        place = next((a for a in turned if (a.entity or a.portrait) != who), None)
        if place:
            pairs.append((place, answer))
    return pairs


def margins(index: SummaryIndex, texts: Sequence[tuple[str, str]]) -> list[float]:
    """For each text, the margin by which it fits one wrong person better than the other wrong people.

    Args:
        index: The summaries.
        texts: Texts with whom they are about.

    Returns:
        A margin for each text and each person whom it is not about; of at most `PAIRS` pairs, evenly taken.
    """
    people = sorted({who for who, _ in texts})
    pairs = [(who, text, other) for who, text in texts for other in people if other != who]
    return [index.precision(t, o) - index.best(t, {who, o}) for who, t, o in evenly(pairs, PAIRS)]


def evenly(items: Sequence[T], count: int) -> Sequence[T]:
    """At most this many items, taken at even distances.

    >>> evenly(range(10), 4)
    range(0, 10, 3)
    """
    return items[:: max(1, -(-len(items) // count))]


def chance_margin(index: SummaryIndex, texts: Sequence[tuple[str, str]]) -> float | None:
    """The margin that one in twenty texts about others exceeds, at least 0; None where there are too few of them."""
    enough = len({who for who, _ in texts}) >= PEOPLE
    return max(0.0, chance_level(margins(index, texts))) if enough else None
