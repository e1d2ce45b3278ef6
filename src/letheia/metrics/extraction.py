"""How much of a text a model gives away when it reads it word by word: extraction, memorisation, rank and exposure."""

import math
from collections.abc import Sequence


def extraction_strength(right: Sequence[bool]) -> float:
    """1 - k/T, where the rest of a text is right from its first k tokens on (Carlini et al. 2021).

    The share of the text that its own beginning brings out; 0 where not even the last token comes by itself.

    Args:
        right: For each token, whether the model finds it the likeliest behind the tokens before it.

    >>> extraction_strength([False, True, False, True]), extraction_strength([True, False])
    (0.25, 0.0)
    """
    run = next((n for n, told in enumerate(reversed(right)) if not told), len(right))
    return run / len(right)


def exact_memorisation(right: Sequence[bool]) -> float:
    """The share of tokens that the model finds the likeliest behind those before them (Tirumala et al. 2022).

    >>> exact_memorisation([False, True, False, True])
    0.5
    """
    return sum(right) / len(right)


def rank(values: Sequence[float], index: int) -> float:
    """The place of one candidate among all by their numbers, 1 for the largest; the middle of those that are equal.

    >>> rank([-1.0, -2.0, -2.0], 0), rank([-1.0, -2.0, -2.0], 1)
    (1.0, 2.5)
    """
    own = values[index]
    return 1 + sum(v > own for v in values) + (sum(v == own for v in values) - 1) / 2


def exposure(place: float, candidates: int) -> float:
    """log2 of the candidates less log2 of the rank (Carlini et al. 2019): bits that the model saves a guesser.

    >>> exposure(1, 64), exposure(64, 64)
    (6.0, 0.0)
    """
    return math.log2(candidates) - math.log2(place)
