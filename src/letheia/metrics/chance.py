"""What chance alone gives: levels above which a score says something, each missed by one in twenty by definition.

They are measured on texts that stand beside the wrong person, and so hold for the folder at hand.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from letheia.metrics.usr import SummaryIndex
from letheia.types import Generation

LEVEL = 0.95  # one in twenty texts about somebody else lies above
FEWEST = 20  # pairs below which nothing is measured
PAIRS = 2000


def chance_level(scores: Sequence[float]) -> float:
    """The level that one in twenty scores of wrong pairs exceeds.

    >>> chance_level([float(i) for i in range(101)])
    95.0
    """
    return float(np.quantile(scores, LEVEL))


def misplaced(answers: Sequence[Generation]) -> list[tuple[Generation, Generation]]:
    """Each answer behind one about somebody else, whose picture it is put beside."""
    pairs: list[tuple[Generation, Generation]] = []
    for i, answer in enumerate(answers):
        who = answer.entity or answer.portrait
        turned = itertools.chain(answers[i + 1 :], answers[: i + 1])
        place = next((a for a in turned if (a.entity or a.portrait) != who), None)
        if place:
            pairs.append((place, answer))
    return pairs


def margins(index: SummaryIndex, texts: Sequence[tuple[str, str]], people: Sequence[str]) -> list[tuple[str, float]]:
    """How much better texts fit somebody whom they are not about than anybody else whom they are not about.

    Args:
        index: The summaries.
        texts: Texts with whom they are about.
        people: Ids of the people whose summaries are compared.

    Returns:
        Person and margin, for each text and each person whom it is not about; at most `PAIRS`, evenly taken.
    """
    pairs = [(who, text, other) for who, text in texts for other in people if other != who]
    found: list[tuple[str, float]] = []
    for who, text, other in pairs[:: max(1, -(-len(pairs) // PAIRS))]:
        rest = [index.precision(text, p) for p in people if p not in (who, other)]
        if rest:
            found.append((other, index.precision(text, other) - max(rest)))
    return found


def chance_margin(index: SummaryIndex, texts: Sequence[tuple[str, str]]) -> float | None:
    """The margin that one in twenty texts about others exceeds, at least 0; None where there are too few of them."""
    people = sorted({who for who, _ in texts})
    found = [value for _, value in margins(index, texts, people)]
    return max(0.0, chance_level(found)) if len(found) >= FEWEST else None
