"""How well numbers tell two groups of people apart: AUC with an interval over people, TPR at a fixed FPR, distances.

Several numbers of one person are not independent, people are: an AUC is the mean over pairs of people, and the
bootstrap draws people again, on both sides.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from letheia.metrics.aggregate import FEWEST, RESAMPLES, Estimate, share_interval, too_few

FPR = 0.01
"""The share of false alarms at which membership inference is compared (Carlini et al. 2022)."""

Numbers = Mapping[str, Sequence[float]]
"""Numbers by person."""


def auc(positives: Numbers, negatives: Numbers) -> Estimate:
    """How often a person of the first group has the larger number, equal ones counted half; .5 tells nothing.

    Where the same people are in both groups, as under two models, whoever is drawn again is so in both.

    Args:
        positives: Numbers of those who are looked for.
        negatives: Numbers of the others.

    Returns:
        The mean over pairs of people and its interval; no number where a group is empty.

    >>> auc({"a": [2.0], "b": [3.0]}, {"c": [1.0], "d": [2.0]}).mean  # 1, 1/2, 1 and 1 of the four pairs
    0.875
    """
    positives, negatives = _with_numbers(positives), _with_numbers(negatives)
    count = sum(map(len, (*positives.values(), *negatives.values())))
    if not positives or not negatives:
        return Estimate(None, None, None, count, 0, "nobody to compare with")
    paired = set(positives) == set(negatives)
    if paired:
        negatives = {who: negatives[who] for who in positives}
    return wins_estimate(wins(positives, negatives), count=count, paired=paired)


def wins(positives: Numbers, negatives: Numbers) -> Float[np.ndarray, "positives negatives"]:
    """For each pair of people, how often the first one's number is the larger."""
    return np.array([[_larger(p, n) for n in negatives.values()] for p in positives.values()])


def wins_estimate(won: Float[np.ndarray, "positives negatives"], *, count: int, paired: bool = False) -> Estimate:
    """The AUC of a table of pairs of people, with its interval.

    It is Wilson's, with as many people as the bootstrap's variance is worth, at most those of the smaller group: the
    bootstrap's own ends come too near to an AUC of 1 with few people, and are a point at 1.

    Args:
        won: For each pair of people, how often the first one's number is the larger.
        count: Numbers that it rests on.
        paired: Whether rows and columns are the same people.
    """
    mean, (rows, columns) = float(won.mean()), won.shape
    if min(rows, columns) < FEWEST:
        return Estimate(mean, None, None, count, 0, too_few())
    rng = np.random.default_rng(0)
    first = rng.multinomial(rows, [1 / rows] * rows, RESAMPLES)
    second = first if paired else rng.multinomial(columns, [1 / columns] * columns, RESAMPLES)
    variance = float((((first @ won) * second).sum(1) / (rows * columns)).var())
    people, spread = min(rows, columns), mean * (1 - mean)
    worth = min(people, spread / variance) if variance and spread > 0 else people
    return Estimate(mean, *share_interval(mean, worth), count, 0)


def placement(own: Sequence[float], others: Numbers) -> float:
    """How often a person's numbers are larger than the others': their part in the AUC, which is the mean of these.

    >>> placement([2.0], {"c": [1.0], "d": [2.0]})
    0.75
    """
    return float(np.mean([_larger(own, n) for n in others.values()]))


def threshold(negatives: Sequence[float], *, fpr: float = FPR) -> float:
    """The number that at most a share `fpr` of the negatives lies above.

    Of fewer negatives than 1 / fpr none may lie above, which is stricter than asked.

    >>> threshold([1.0, 4.0, 2.0, 3.0], fpr=0.25), threshold([1.0, 4.0, 2.0, 3.0])
    (3.0, 4.0)
    """
    return sorted(negatives, reverse=True)[int(fpr * len(negatives))]


def tpr(positives: Sequence[float], negatives: Sequence[float], *, fpr: float = FPR) -> float:
    """The share of positives above the threshold.

    >>> tpr([5.0, 3.5, 0.0], [1.0, 4.0, 2.0, 3.0])
    0.3333333333333333
    """
    limit = threshold(negatives, fpr=fpr)
    return sum(p > limit for p in positives) / len(positives)


def privleak(found: float, gold: float) -> float | None:
    """Distance to gold in percent, ((1 - auc) - (1 - gold)) / (1 - gold) (Shi et al. 2024).

    Below 0 members still show, above 0 they show by how far they were pushed.

    Args:
        found: AUC of the model.
        gold: AUC of one that was never taught the members.

    Returns:
        None where gold's AUC is 1, so that the groups differ by more than what was taught.

    >>> privleak(0.75, 0.5), privleak(0.25, 0.5), privleak(1.0, 1.0)
    (-50.0, 50.0, None)
    """
    return None if gold == 1 else 100 * (gold - found) / (1 - gold)


def _larger(own: Sequence[float], other: Sequence[float]) -> float:
    difference = np.subtract.outer(np.asarray(own), np.asarray(other))
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _with_numbers(people: Numbers) -> Numbers:
    return {who: numbers for who, numbers in people.items() if numbers}
