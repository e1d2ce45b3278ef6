"""A term is a loss on a target text with a weight; a method is a row of terms."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from letheia.extensions import Origin

if TYPE_CHECKING:
    from torch import Tensor

Reduction = Literal["token", "sequence"]
Way = Literal["open", "specific", "claims", "names", "begun"]
"""Ways of asking that a method may train on: rows of `WAYS` (data/ways.py)."""
LossName = Literal["nll", "ascent", "npo", "dpo", "kl", "anchor"]
TargetName = Literal["own", "reference", "refusal", "random", "retain", "described", "kept"]
"""Rows of `LOSSES` (methods/losses.py) and `TARGETS` (data/targets.py); their names stand here, apart from tensors."""


@dataclass(frozen=True, kw_only=True)
class LossInput:
    """What a loss may read of the answers at hand: all of the global batch, or a part of it.

    Attributes:
        log_probs: (tokens,) Log-probability of each answer token.
        answer: (tokens,) The answer that each token belongs to.
        here: Answers at hand.
        original: Of the frozen original, where the loss needs it: (here,) l(y) of each answer; (tokens, vocabulary)
            for a loss over the vocabulary; (tokens, layers, hidden) for one over hidden states.
        every: (tokens, vocabulary) Log-probabilities of the whole vocabulary, where the loss needs them.
        states: (tokens, layers, hidden) What each layer leaves where a token is predicted, where the loss needs it.
        beta: The term's inverse temperature.
        reduction: How log-probabilities become a number.
        answers: Answers in the global batch.
        tokens: Answer tokens in the global batch; parts add up to the whole because of these two counts.
    """

    log_probs: "Tensor"
    answer: "Tensor"
    here: int
    original: "Tensor | None"
    every: "Tensor | None"
    states: "Tensor | None"
    beta: float
    reduction: Reduction
    answers: int
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A row: a loss and what it needs beside the log-probabilities of the answers' tokens.

    Attributes:
        name: Name.
        value: The loss, to be minimised; divided by counts of the global batch.
        original: Whether it needs the frozen original's log-probabilities.
        vocabulary: Whether it needs those of the whole vocabulary.
        states: Whether it needs hidden states.
        pairs: Whether it compares two answers, which then follow each other: the target, and `over`.
    """

    name: str
    value: "Callable[[LossInput], Tensor]"
    original: bool = False
    vocabulary: bool = False
    states: bool = False
    pairs: bool = False


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a method's objective.

    Attributes:
        loss: Which loss: the name of a row of `LOSSES`, or a row of your own.
        target: Which text; for a loss over pairs the preferred one.
        weight: Factor.
        beta: NPO's and DPO's inverse temperature; other losses ignore it.
        over: For a loss over pairs, the text that `target` is preferred to.
    """

    loss: LossName | Loss
    target: TargetName
    weight: float = 1.0
    beta: float = 0.1
    over: TargetName | None = None

    @property
    def loss_name(self) -> str:
        """The loss's name."""
        return self.loss.name if isinstance(self.loss, Loss) else self.loss

    @property
    def name(self) -> str:
        """What it is called in training curves."""
        return f"{self.loss_name}({self.target})"

    @property
    def targets(self) -> tuple[TargetName, ...]:
        """All texts it needs."""
        return (self.target, self.over) if self.over else (self.target,)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a method trains on and how long, where it differs from what the study gives to all.

    Attributes:
        step_factor: How many times the study's steps.
        all_pictures: Train on all seen pictures of a person, not on as many as the study measures.
        decay: Let the learning rate fall linearly to zero.
        augmented: Altered copies of each picture that are trained on beside it (`data/augment.py`).
        hard_negatives: See the half of the retained people who look most like a forgotten one twice as often.
        checked: Draw an o* again that names the person or tells of them.
        ways: Ways of asking that are trained on beside the study's question (`data/lessons.py`).
    """

    step_factor: int = 1
    all_pictures: bool = False
    decay: bool = False
    augmented: int = 0
    hard_negatives: bool = False
    checked: bool = False
    ways: tuple[Way, ...] = ()


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
        rate: Learning rate, where neither a command nor a search says one.
        origin: Of a row from outside, where it is from.
    """

    name: str
    title: str
    terms: tuple[Term, ...]
    reduction: Reduction = "token"
    recipe: Recipe = Recipe()
    source: str = ""
    rate: float | None = None
    origin: Origin | None = None

    @property
    def does(self) -> dict[str, Any]:
        """Everything that can change what it trains, as plain values; of losses from outside, the code."""
        values = {k: v for k, v in asdict(self).items() if k not in ("title", "source", "rate", "origin")}
        for term, row in zip(values["terms"], self.terms, strict=True):
            term["loss"] = row.loss_name
        if not self.recipe.ways:  # so that what was trained before there were such keeps its key
            del values["recipe"]["ways"]
        return {**values, "code": self.origin.code} if self.origin else values

    @property
    def targets(self) -> tuple[TargetName, ...]:
        """All texts that its terms need, each once."""
        return tuple(dict.fromkeys(target for term in self.terms for target in term.targets))
