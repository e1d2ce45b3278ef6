"""Means with bootstrap intervals over people: pictures of one person are not independent, people are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        mean: Mean over people of each person's mean; None where nothing could be scored.
        low: 2.5th percentile of the bootstrap.
        high: 97.5th percentile.
        count: Scored answers.
        unscored: Answers without a number; they are in no mean.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int
    unscored: int


def estimate(scores: Iterable[tuple[str, float | None]], *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Average scores by person and bootstrap over people.

    Args:
        scores: Person (any key of what is independent) and number, None where unscored.
        resamples: Bootstrap resamples.
        seed: Seed of the resampling.

    >>> e = estimate([("a", 1.0), ("a", 0.0), ("b", 1.0), ("c", None)])
    >>> e.mean, e.count, e.unscored
    (0.75, 3, 1)
    """
    people: dict[str, list[float]] = {}
    unscored = 0
    for person, value in scores:
        if value is None:
            unscored += 1
        else:
            people.setdefault(person, []).append(value)
    if not people:
        return Estimate(None, None, None, 0, unscored)
    means = [sum(v) / len(v) for v in people.values()]
    low, high = bootstrap_interval(means, resamples=resamples, seed=seed)
    return Estimate(sum(means) / len(means), low, high, sum(len(v) for v in people.values()), unscored)


def bootstrap_interval(
    values: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap of the mean.

    Args:
        values: At least one number.
        resamples: Resamples drawn.
        seed: Seed of the draw.
        level: Coverage.
    """
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = array[rng.integers(0, len(array), (resamples, len(array)))].mean(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
