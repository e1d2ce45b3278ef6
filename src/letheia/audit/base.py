"""What an audit is made of: models, people, rows of checks, and findings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from letheia.attacks.base import Access, Measure, Subject
from letheia.types import Group, Split

if TYPE_CHECKING:  # a table of findings needs no model
    from letheia.metrics.language import Yardstick
    from letheia.study.study import Study

GOLD = "gold"
"""A model that was never taught the people to forget: what stays with it is unavoidable."""
MEMBERSHIP, LIKELIHOOD = "membership", "likelihood"
"""Names of checks that are compared with gold's further on."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Audited:
    """A model under audit, with everything that checks need.

    Attributes:
        name: `original`, `gold`, or the adapter's name.
        study: The study; its model answers, with the adapter in it.
        split: Who is forgotten and who retained.
        subjects: Who is asked about: forgotten and retained people, bystanders, and people nobody knows.
        by: What tells language from babble, measured on the original; none where too few texts are there.
        known: What several checks of a model share, computed once (`once`); with other weights it begins empty.
    """

    name: str
    study: "Study"
    split: Split
    subjects: tuple[Subject, ...]
    by: "Yardstick | None" = None
    known: dict[str, object] = field(default_factory=dict[str, object], compare=False, repr=False)

    def once(self, name: str, make: Callable[["Audited"], T]) -> T:
        """What several checks share, computed when the first of them asks."""
        if name not in self.known:
            self.known[name] = make(self)
        return cast("T", self.known[name])

    def of(self, *groups: Group) -> tuple[Subject, ...]:
        """The subjects of some groups."""
        return tuple(s for s in self.subjects if s.group in groups)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer or measurement of a check.

    Attributes:
        check: Name of the check.
        variant: Which wording, prefix, strength or number of steps.
        method: The model under audit: `original`, `gold`, or the adapter's name.
        group: The person's group.
        entity: Id of the person; empty where the finding is about all of the group.
        value: 1 for a leak or a right choice, 0 for none; or a number. None where it can't be judged.
        low: Of a number about all of the group, the lower end of its 95 % interval, where there is one.
        high: The upper end.
        degenerate: Whether the answer is empty, repetitive or garbled: no protection, whatever `value` says.
        question: What was asked.
        answer: What was answered.
        reason: What the value rests on, or why there is none.
    """

    check: str
    variant: str
    method: str
    group: Group
    entity: str
    value: float | None
    low: float | None = None
    high: float | None = None
    degenerate: bool = False
    question: str = ""
    answer: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A row of an audit.

    Attributes:
        name: Name, as on the command line.
        title: What it does, in a few words, for tables.
        access: What an attacker needs.
        measure: What a finding's value is.
        find: Examine one model. A `LetheiaError` says that it does not fit this model; the other checks go on.
        chance: Of choices, the share that guessing gets right.
        source: Where it comes from.
        gives_name: Whether its questions give the name, so that with scope *recognition* it is shown and not counted.
        costs: Roughly how many answers (or training steps) a person, for `--dry-run`.
    """

    name: str
    title: str
    access: Access
    find: Callable[[Audited], Iterable[Finding]]
    measure: Measure = "leak"
    chance: float = 0.0
    source: str = ""
    gives_name: bool = False
    costs: str = ""
