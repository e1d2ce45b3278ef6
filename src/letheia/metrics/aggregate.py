"""Means with 95 % intervals over people: pictures of one person are not independent, people are.

A share gets Wilson's interval, which a share of 0 or 1 does not shrink to a point; any other mean gets the bootstrap's.
Below `FEWEST` people there is none: the interval of a share would span half of the scale, and a bootstrap of so few
covers much less than it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean

import numpy as np
from jaxtyping import Float, Int

RESAMPLES = 2000
FEWEST = 5
BLOCK = 2**22  # numbers drawn at once
Z = 1.959964  # of a normal distribution, 2.5 % lie above
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        mean: Mean over people of each person's mean; None where nothing could be scored.
        low: Lower end of the interval; None where there is no number or there are too few people.
        high: Upper end.
        count: Scored answers.
        unscored: Answers without a number; they are in no mean.
        reason: Why there is no number, or no interval.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int
    unscored: int
    reason: str = ""


def estimate(
    scores: Iterable[tuple[str, float | None]],
    *,
    share: bool = False,
    bounds: Bounds | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Average scores by person, with an interval over people.

    Args:
        scores: Person (any key of what is independent) and number, None where unscored.
        share: Whether a score is 0 or 1, so that the mean is a share.
        bounds: The least and the largest number a score can be, if there are such.
        resamples: Bootstrap resamples.
        seed: Seed of the resampling.

    >>> e = estimate([("a", 1.0), ("a", 0.0), ("b", 1.0), ("c", None)])
    >>> e.mean, e.count, e.unscored, e.reason
    (0.75, 3, 1, 'no interval below 5 people')
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
    means = [fmean(v) for v in people.values()]
    mean, count = sum(means) / len(means), sum(len(v) for v in people.values())
    if len(means) < FEWEST:
        return Estimate(mean, None, None, count, unscored, too_few())
    if share:
        return Estimate(mean, *share_interval(mean, len(means)), count, unscored)
    drawn = bootstrap_interval(means, resamples=resamples, seed=seed)
    return Estimate(mean, *_opened(drawn, mean, len(means), bounds), count, unscored)


def too_few() -> str:
    """Why there is no interval."""
    return f"no interval below {FEWEST} people"


def share_interval(share: float, count: float) -> Bounds:
    """Wilson's interval of a share (Wilson 1927).

    Args:
        share: The share; of people with several pictures, the mean of their shares.
        count: How many people, or how many independent ones they are worth.

    >>> [round(end, 3) for end in share_interval(0.0, 10)]  # z² / (n + z²) = 3.841 / 13.841
    [0.0, 0.278]
    """
    scale = 1 + Z**2 / count
    middle = (share + Z**2 / (2 * count)) / scale
    half = Z / scale * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return float(max(0.0, min(share, middle - half))), float(min(1.0, max(share, middle + half)))


def _opened(interval: Bounds, mean: float, people: int, bounds: Bounds | None) -> Bounds:
    """The interval, and where it is a point on a scale with ends, what people not asked could make of it.

    They can be another share of all people, up to the end of Wilson's interval of 0, and as far off as the scale goes.
    """
    low, high = interval
    if bounds is None or high - low > 1e-9:
        return interval
    unseen = share_interval(0.0, people)[1]
    return mean - unseen * (mean - bounds[0]), mean + unseen * (bounds[1] - mean)


def bootstrap_interval(
    values: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> Bounds:
    """Percentile bootstrap of the mean.

    Args:
        values: At least one number.
        resamples: Resamples drawn.
        seed: Seed of the draw.
        level: Coverage.
    """
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK // len(array))
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    means = np.concatenate([array[rng.integers(0, len(array), (size, len(array)))].mean(1) for size in sizes])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def crossed_estimate(
    draws: Sequence[Mapping[str, float]], *, share: bool = False, bounds: Bounds | None = None
) -> tuple[float, float | None, float | None]:
    """Mean over draws of people and its interval; no interval where there are too few people.

    A share's is Wilson's with the number of people that the bootstrap's variance is worth, at most those who are there
    (Korn and Graubard 1998 do so with the exact interval).

    Args:
        draws: Each draw's numbers by person; at least one draw, at least one number each.
        share: Whether each number is a share.
        bounds: The least and the largest number there can be, if there are such.
    """
    mean = fmean(fmean(draw.values()) for draw in draws)
    people = len({person for draw in draws for person in draw})
    if people < FEWEST:
        return mean, None, None
    found = _crossed(draws, RESAMPLES, 0)
    if share:
        spread, variance = mean * (1 - mean), float(found.var())
        return mean, *share_interval(mean, min(people, spread / variance) if variance and spread > 0 else people)
    low, high = np.quantile(found, [0.025, 0.975])
    return mean, *_opened((float(low), float(high)), mean, people, bounds)


def crossed_interval(
    draws: Sequence[Mapping[str, float]], *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> Bounds:
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
    low, high = np.quantile(_crossed(draws, resamples, seed), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _crossed(draws: Sequence[Mapping[str, float]], resamples: int, seed: int) -> Float[np.ndarray, " resamples"]:
    """Means of resamples of draws and of people."""
    people = sorted({person for draw in draws for person in draw})
    values = np.array([[draw.get(person, np.nan) for person in people] for draw in draws])
    there = ~np.isnan(values)
    drawn_people = _drawn_again(len(people), resamples, seed, 0)
    drawn_draws = _drawn_again(len(draws), resamples, seed, 1)
    count = drawn_people @ there.T  # of drawn people in each draw: [resamples, draws]
    mean = drawn_people @ np.nan_to_num(values).T / np.maximum(count, 1)
    weight = drawn_draws * (count > 0)
    kept = weight.sum(1) > 0  # a small draw can be drawn with none of its people
    return (weight * mean).sum(1)[kept] / weight.sum(1)[kept]


@cache
def _drawn_again(size: int, resamples: int, seed: int, stream: int) -> Int[np.ndarray, "resamples size"]:
    """How often each of so many is in each resample."""
    return np.random.default_rng([seed, stream]).multinomial(size, [1 / size] * size, resamples)
