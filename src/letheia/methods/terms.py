"""A term is a loss on a target text with a weight; a method is a row of terms."""

from dataclasses import dataclass
from typing import Literal

from letheia.methods.losses import LossName, Reduction

Target = Literal["own", "reference", "refusal", "random", "retain"]
"""Which text a term trains on.

own: a response of the forgotten person. reference: o*, drawn from the original under the guidance prompt.
refusal: a refusal. random: a response of a random retained person on the forgotten person's picture.
retain: a retained person's own response on that person's picture.
"""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a method's objective.

    Attributes:
        loss: Which loss.
        target: Which text.
        weight: Factor.
        beta: NPO's inverse temperature; other losses ignore it.
    """

    loss: LossName
    target: Target
    weight: float = 1.0
    beta: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to unlearn.

    Attributes:
        name: The row's name, as in the CLI.
        title: As in the paper's tables.
        terms: What is minimised.
        reduction: How log-probabilities become a number.
        source: Where it comes from.
    """

    name: str
    title: str
    terms: tuple[Term, ...]
    reduction: Reduction = "token"
    source: str = ""
