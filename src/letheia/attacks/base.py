"""What an attack asks, as values: an attack turns a person into questions, and nothing here knows a model."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from letheia.extensions import Origin
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, Group, People, Portrait

if TYPE_CHECKING:
    from PIL.Image import Image

Access = Literal["black", "grey", "white"]
"""What an attacker needs: questions and answers; begun answers and probabilities; the weights."""
Measure = Literal["leak", "accuracy", "number"]
"""What one finding is: whether an answer leaks; whether a choice is right, where guessing is right too; a number."""

Change = Callable[["Image", random.Random], "Image"]
"""Makes another picture of a picture."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Somebody who is asked about.

    Attributes:
        entity: The person. Of a stranger, an entity with a made-up name, without summary and facts.
        group: `forget`, `retain`, `bystander` (known, and in neither set) or `stranger` (nobody knows them).
        portraits: The pictures that are asked about, unseen ones; none for a person who is known by name alone.
    """

    entity: Entity
    group: Group
    portraits: tuple[Portrait, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question of an attack.

    Attributes:
        entity: Id of the person.
        group: The person's group.
        portrait: The picture, or words in its place.
        variant: Which wording, prefix, picture change or draw of the attack it is.
        question: What is asked.
        prefix: How the answer is made to begin.
        first: What is asked before; the model's own answer to it stands in the conversation.
        change: Makes the picture that is shown from the person's; it is shown as it is if left out.
        temperature: Of sampling; greedy if left out.
        seed: Of sampling.
        truth: Of a choice, the right answer.
        options: Of a choice, what can be chosen.
    """

    entity: str
    group: Group
    portrait: Portrait
    variant: str
    question: str
    prefix: str = ""
    first: str = ""
    change: Change | None = None
    temperature: float | None = None
    seed: int = 0
    truth: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What attacks are made from.

    Attributes:
        people: The people folder: names and facts of others for false options, first and last names for made-up ones.
        prompts: The study's prompts.
        seed: Of all random choices.
    """

    people: People
    prompts: PromptSet = field(default_factory=PromptSet)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A row: a way of asking.

    Attributes:
        name: Name, as on the command line.
        title: What it does, in a few words, for tables.
        access: What an attacker needs.
        measure: How an answer is judged.
        asks: The questions about some subjects.
        chance: Of choices, the share that guessing gets right.
        source: Where it comes from.
        needs: What must be there: `vision`, or people with `facts`; an attack that does not fit is said so.
        gives_name: Whether the question gives the name and asks for facts: no face is recognised by what it brings out.
        origin: Where a row that is not Letheia's own comes from.
    """

    name: str
    title: str
    access: Access
    asks: Callable[[Sequence[Subject], Sources], list[Ask]]
    measure: Measure = "leak"
    chance: float = 0.0
    source: str = ""
    needs: tuple[str, ...] = ()
    gives_name: bool = False
    origin: Origin | None = None
