"""A term is a loss on a target text with a weight; a method is a row of terms."""

from dataclasses import dataclass
from typing import Literal

Reduction = Literal["token", "sequence"]
LossName = Literal["nll", "ascent", "npo", "dpo", "kl"]
Target = Literal["own", "reference", "refusal", "random", "retain", "described"]
"""Which text a term trains on.

own: a response of the forgotten person. reference: o*, drawn from the original under the guidance prompt.
refusal: a refusal. random: a response of a random retained person on the forgotten person's picture.
retain: a retained person's own response on that person's picture. described: o* of that picture, asked with guidance.
"""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a method's objective.

    Attributes:
        loss: Which loss.
        target: Which text; for DPO the preferred one.
        weight: Factor.
        beta: NPO's and DPO's inverse temperature; other losses ignore it.
        over: For DPO, the text that `target` is preferred to.
    """

    loss: LossName
    target: Target
    weight: float = 1.0
    beta: float = 0.1
    over: Target | None = None

    @property
    def name(self) -> str:
        """What it is called in training curves."""
        return f"{self.loss}({self.target})"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All texts it needs."""
        return (self.target, self.over) if self.over else (self.target,)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a method trains on and how long, where it differs from what the study gives to all.

    Attributes:
        longer: How many times the study's steps.
        all_pictures: Train on all seen pictures of a person, not on as many as the study measures.
        decay: Let the learning rate fall linearly to zero.
        augmented: Altered copies of each picture that are trained on beside it (`data/augment.py`).
        alike: See the half of the retained people who look most like a forgotten one twice as often.
        checked: Draw an o* again that names the person or tells of them.
    """

    longer: int = 1
    all_pictures: bool = False
    decay: bool = False
    augmented: int = 0
    alike: bool = False
    checked: bool = False


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to unlearn.

    Attributes:
        name: The row's name, as in the CLI.
        title: As in the paper's tables.
        terms: What is minimised.
        reduction: How log-probabilities become a number.
        recipe: What it trains on, where that is its own.
        source: Where it comes from.
    """

    name: str
    title: str
    terms: tuple[Term, ...]
    reduction: Reduction = "token"
    recipe: Recipe = Recipe()
    source: str = ""

    def needs(self, target: Target) -> bool:
        """Whether a term has this text."""
        return any(target in term.targets for term in self.terms)
