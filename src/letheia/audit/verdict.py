"""The verdict on a removal, as values and as text: per person and for the request, with the numbers behind it.

Opinion 28/2024 of the European Data Protection Board asks that neither extraction nor questions bring out the data of
any person with more than insignificant likelihood. So the worst person decides, not the mean.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from letheia.audit.results import Worst
from letheia.errors import DataError, unknown
from letheia.files import read_json, write_json
from letheia.metrics.thresholds import Thresholds
from letheia.types import Group, Scope, counted

Removal = Literal["removed", "removed for the questions tried", "not known before", "not removed"]
Others = Literal["unharmed", "not measured", "harmed"]
Description = Literal["useful", "not measured", "degenerate"]
WORST: tuple[Removal, ...] = ("removed", "removed for the questions tried", "not known before", "not removed")
"""From the best to the worst; a request is what its worst person is."""
VERDICTS = "verdict.json"
REQUIRED = {
    "removed": ("removed",),
    "tried": ("removed", "removed for the questions tried"),
    "unharmed": ("unharmed",),
    "useful": ("useful",),
}
"""What `--require` may ask for, and the verdicts that meet it."""
SCOPES: Mapping[Scope, str] = {
    "recognition": "the link from a face to the person alone; the facts behind the name stay",
    "person": "also the facts behind the name",
}
"""What was to go."""
CALLED: Mapping[str, str] = {"retain": "retained people", "bystander": "bystanders", "forget": "forgotten people"}


@dataclass(frozen=True, kw_only=True)
class PersonVerdict:
    """What became of one person.

    Attributes:
        entity: The person's id; the name where only a study was run.
        name: The name.
        removal: Whether the person is removed.
        answers: Answers that could be judged.
        leaked: Of these, how many leak.
        check: The check that decides: where the largest share of answers leaks.
        share: That share.
        gold: Gold's share in the same check; none without gold.
        degenerate: Share of all answers that are empty, repetitive or garbled.
        worst: An answer of that check that leaks.
    """

    entity: str
    name: str
    removal: Removal
    answers: int = 0
    leaked: int = 0
    check: str = ""
    share: float | None = None
    gold: float | None = None
    degenerate: float | None = None
    worst: Worst | None = None

    def __str__(self) -> str:
        """The person's line."""
        parts = [f"{self.leaked} of {self.answers} answers leak"] if self.answers else []
        if self.leaked and self.share is not None:
            beside = f" (gold: {self.gold:.0%})" if self.gold is not None else ""
            parts.append(f"most in '{self.check}': {self.share:.0%}{beside}")
        if self.degenerate:
            parts.append(f"{self.degenerate:.0%} are no language")
        return f"{self.name}: {self.removal}" + (f" ({'; '.join(parts)})" if parts else "")


@dataclass(frozen=True, kw_only=True)
class GroupVerdict:
    """Whether others are as they were, asked the same.

    Attributes:
        group: `retain` or `bystander`.
        others: Whether they are harmed.
        people: How many there are.
        before: Share of the original's answers that tell who they are.
        after: The same share now.
        loss: Mean over people of the difference.
        low: Lower end of its 95 % interval; none with too few people.
        high: Upper end.
        lost: Names of those who lost so much that they count as lost.
    """

    group: Group
    others: Others
    people: int = 0
    before: float | None = None
    after: float | None = None
    loss: float | None = None
    low: float | None = None
    high: float | None = None
    lost: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The group's part of the sentence."""
        if self.before is None or self.after is None:
            return f"{CALLED[self.group]} {self.others}"
        interval = f" [{self.low:.2f}, {self.high:.2f}]" if self.low is not None and self.high is not None else ""
        lost = f", {len(self.lost)} of {self.people} lost" if self.lost else ""
        loss = f"loss {self.loss:.2f}{interval}{lost}"
        return f"{CALLED[self.group]} {self.others} ({self.before:.2f} before, {self.after:.2f} now: {loss})"


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that was not tried, or that says nothing, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RequestVerdict:
    """What one method did with a whole request.

    Attributes:
        method: The method, or the adapter's name.
        removal: What the worst person is, or what findings about all of them are.
        others: Whether anybody else is harmed.
        description: Whether what is said instead is language.
        people: Each forgotten person.
        groups: Retained people and bystanders.
        degenerate: Share of answers about forgotten people that are empty, repetitive or garbled.
        degenerate_before: The same of the original.
        found: Findings about the group that speak against it.
        scope: What was to go, where that was said.
        behind_name: With scope *recognition*, what is told to whoever gives the name.
        tried: How many checks that say something there were, by access.
        not_tried: What was not tried, or says nothing.
    """

    method: str
    removal: Removal
    others: Others
    description: Description
    people: tuple[PersonVerdict, ...] = ()
    groups: tuple[GroupVerdict, ...] = ()
    degenerate: float | None = None
    degenerate_before: float | None = None
    found: tuple[str, ...] = ()
    scope: Scope | None = None
    behind_name: tuple[str, ...] = ()
    tried: Mapping[str, int] = field(default_factory=dict[str, int])
    not_tried: tuple[Missing, ...] = ()

    def __str__(self) -> str:
        """The verdict as a plain sentence that names nobody."""
        said = (self.about_removal, self.about_scope, self.about_others, self.about_description)
        return f"{self.method}: {'. '.join(filter(None, said))}."

    @property
    def about_removal(self) -> str:
        """Whether the people are removed, with how many are not."""
        found = {r: sum(p.removal == r for p in self.people) for r in reversed(WORST)}
        parts = [f"{n} of {counted(len(self.people))} {r}" for r, n in found.items() if n and r != self.removal]
        own = found.get(self.removal, 0)
        first = f"{self.removal}" + (f": {own} of {counted(len(self.people))}" if own else "")
        worst = max((p for p in self.people if p.leaked), key=lambda p: p.share or 0.0, default=None)
        if worst and worst.share is not None:
            parts.append(f"at worst {worst.share:.0%} of one person's answers leak, in '{worst.check}'")
        return "; ".join([first, *parts, *self.found])

    @property
    def about_scope(self) -> str:
        """What was to go, and what is left where that is not all; empty where nothing was said about it."""
        told = f" ({'; '.join(self.behind_name)})" if self.behind_name else ""
        return f"Scope {self.scope}: {SCOPES[self.scope]}{told}" if self.scope else ""

    @property
    def about_others(self) -> str:
        """What became of the others."""
        return f"Others {self.others}" + (f": {'; '.join(map(str, self.groups))}" if self.groups else "")

    @property
    def about_description(self) -> str:
        """What became of the answers."""
        if self.degenerate is None:
            return f"Description {self.description}"
        before = f", {self.degenerate_before:.0%} of the original's" if self.degenerate_before is not None else ""
        return f"Description {self.description}: {self.degenerate:.0%} of the answers are no language{before}"

    @property
    def missing(self) -> list[str]:
        """What was not tried, a line a reason."""
        by_reason: dict[str, list[str]] = {}
        for m in self.not_tried:
            by_reason.setdefault(m.why, []).append(m.what)
        return [f"{why}: {'; '.join(what)}" for why, what in by_reason.items()]

    def holds(self, required: Iterable[str]) -> bool:
        """Whether the verdict is what is required; a word is a key of `REQUIRED`.

        Raises:
            ConfigError: There is no such word.
        """
        mine = {self.removal, self.others, self.description}
        return all(mine & set(_meeting(word)) for word in required)


def _meeting(word: str) -> tuple[str, ...]:
    if word not in REQUIRED:
        raise unknown("verdict to require", word, REQUIRED)
    return REQUIRED[word]


def lines(verdicts: Sequence[RequestVerdict]) -> list[str]:
    """For the terminal: a sentence a request, a line a person, and what was not tried."""
    found: list[str] = []
    for verdict in verdicts:
        found.append(str(verdict))
        found += [f"  {person}" for person in verdict.people]
        found += [f"  not tried, {line}" for line in verdict.missing]
    return found


def write_verdicts(path: Path, verdicts: Sequence[RequestVerdict], by: Thresholds) -> None:
    """Write `verdict.json`: the thresholds, and each method's verdict with its plain sentence."""
    written = [{"sentence": str(v), **asdict(v)} for v in verdicts]
    write_json(path, {"thresholds": by.model_dump(mode="json"), "verdicts": written})


def read_verdicts(path: Path) -> list[RequestVerdict]:
    """Read `verdict.json`.

    Raises:
        DataError: It is missing, damaged or something else.
    """
    value: Any = read_json(path)
    try:
        return [_read(dict(v)) for v in value["verdicts"]]
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(f"{path}: holds no verdicts ({error}). Run the audit or the removal again.") from error


def _read(value: dict[str, Any]) -> RequestVerdict:
    del value["sentence"]
    people = [{**p, "worst": p["worst"] and Worst(**p["worst"])} for p in value.pop("people")]
    groups = [{**g, "lost": tuple(g["lost"])} for g in value.pop("groups")]
    return RequestVerdict(
        people=tuple(PersonVerdict(**p) for p in people),
        groups=tuple(GroupVerdict(**g) for g in groups),
        not_tried=tuple(Missing(**m) for m in value.pop("not_tried")),
        found=tuple(value.pop("found")),
        behind_name=tuple(value.pop("behind_name", ())),
        **value,
    )
