"""Means with bootstrap intervals over people: pictures of one person are not independent, people are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Int

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


def crossed_interval(
    draws: Sequence[Mapping[str, float]], *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap of the mean over draws of people, where the same person may be in several draws.

    Draws are drawn again and so are people, each independently of the other: whoever is drawn again is so in every draw
    they are in, since the same person asked five times is one person (Owen 2007, the pigeonhole bootstrap; on the wide
    side, by up to three quarters for people who are in one draw only).

    Args:
        draws: Each draw's numbers by person; at least one draw, at least one number each.
        resamples: Resamples drawn.
        seed: Seed of the draw.
        level: Coverage.
    """
    people = sorted({person for draw in draws for person in draw})
    values = np.array([[draw.get(person, np.nan) for person in people] for draw in draws])
    there = ~np.isnan(values)
    drawn_people = _drawn_again(len(people), resamples, seed, 0)
    drawn_draws = _drawn_again(len(draws), resamples, seed, 1)
    count = drawn_people @ there.T  # of drawn people in each draw: [resamples, draws]
    mean = drawn_people @ np.nan_to_num(values).T / np.maximum(count, 1)
    weight = drawn_draws * (count > 0)
    kept = weight.sum(1) > 0  # a small draw can be drawn with none of its people
    found = (weight * mean).sum(1)[kept] / weight.sum(1)[kept]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@cache
def _drawn_again(size: int, resamples: int, seed: int, stream: int) -> Int[np.ndarray, "resamples size"]:
    """How often each of so many is in each resample."""
    return np.random.default_rng([seed, stream]).multinomial(size, [1 / size] * size, resamples)
