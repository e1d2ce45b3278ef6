"""Membership inference: a number that is larger for texts a model was taught."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

LOWEST = 0.2
"""Share of a text's tokens that Min-K looks at, the least likely ones."""


@dataclass(frozen=True)
class TokenScores:
    """A text as a model reads it token by token.

    Attributes:
        log_probs: log p of each token behind those before it.
        mean: What log p is on average in each place, over the vocabulary by its probability.
        deviation: Its standard deviation there.
        right: Whether the token is the likeliest one.
    """

    log_probs: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    right: tuple[bool, ...]


def loss(read: TokenScores, _: str) -> float:
    """Mean log-probability, the loss with its sign turned (Yeom et al. 2018)."""
    return fmean(read.log_probs)


def zlib_ratio(read: TokenScores, text: str) -> float:
    """The same for each byte that zlib leaves of the text, so that plain texts do not count as taught.

    Carlini et al. 2021.
    """
    return fmean(read.log_probs) / len(zlib.compress(text.encode()))


def min_k(read: TokenScores, _: str) -> float:
    """Mean log-probability of the least likely tokens (Shi et al. 2024).

    >>> min_k(TokenScores((-1.0, -5.0, -2.0, -3.0, -1.0), (), (), ()), "")
    -5.0
    """
    return _lowest(read.log_probs)


def min_k_plus_plus(read: TokenScores, _: str) -> float:
    """The same with each log-probability told in standard deviations from what it is on average in its place.

    Zhang et al. 2024. A place where the model sees one token only has no deviation and counts 0.

    >>> min_k_plus_plus(TokenScores((-1.0, -5.0), (-2.0, -1.0), (1.0, 2.0), ()), "")
    -2.0
    """
    places = zip(read.log_probs, read.mean, read.deviation, strict=True)
    return _lowest([(p - mean) / deviation if deviation else 0.0 for p, mean, deviation in places])


def likelihood_ratio(read: TokenScores, reference: TokenScores) -> float:
    """Mean log-probability less that of a model that was not taught the text (Carlini et al. 2021)."""
    return fmean(read.log_probs) - fmean(reference.log_probs)


ATTACKS: Mapping[str, Callable[[TokenScores, str], float]] = {
    "loss": loss,
    "zlib": zlib_ratio,
    "min-k": min_k,
    "min-k++": min_k_plus_plus,
}
"""Attacks that need the model and the text alone: from both to a number."""


def _lowest(values: Sequence[float]) -> float:
    return fmean(sorted(values)[: max(1, int(LOWEST * len(values)))])
