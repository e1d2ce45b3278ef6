"""Which tables there are, for a run and for a study alike: a title, of whom, and which metrics in which order.

A metric stands in them by its own row (`Metric.shown`, `Metric.kind`); a layout only says which of them come first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from letheia.errors import unknown
from letheia.metrics.results import Place
from letheia.metrics.table import METRICS
from letheia.types import ORIGINAL, PLAIN, Group, Role


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a table shows.

    Attributes:
        title: Its title; `{n}` stands for how many people are forgotten.
        people: About whom.
        pictures: On which pictures.
        kind: Whether it shows scores or aftermaths.
        first: Metrics that come first, in this order; the others follow in the order of `METRICS`.
        instead: What stands in the place of a metric that nobody has a number of.
        chosen: Its columns, where it shows no more than a choice of them.
        beside: Columns about other people, behind the rest; they are left out where there are no such people.
        methods: Which methods; all if left out.
        n: How many people are forgotten; a study's main count if left out.
        paper: The paper's table of the same numbers, by how many people are forgotten.
        note: What to know beside the numbers.
    """

    title: str
    people: Group = "forget"
    pictures: tuple[Role, ...] = ("seen", "unseen")
    kind: Literal["score", "aftermath"] = "score"
    first: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict[str, str])
    chosen: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()
    methods: tuple[str, ...] = ()
    n: int | None = None
    paper: Mapping[int, str] = field(default_factory=dict[int, str])
    note: str = ""

    def columns(self, asked: str = PLAIN) -> tuple[Place, ...]:
        """Where the numbers of each column stand, for one way of asking."""
        if self.chosen:
            return tuple(replace(place, asked=asked) for place in (*self.chosen, *self.beside))
        names = [m.name for m in METRICS.values() if m.kind == self.kind and self.people in m.shown]
        names.sort(key=lambda name: self.first.index(name) if name in self.first else len(self.first))
        own = (Place(self.people, role, name, asked) for role in self.pictures for name in names)
        return (*own, *(replace(place, asked=asked) for place in self.beside))


_BYSTANDERS = (Place("bystander", "unseen", "named"),)
_FORGOTTEN = Layout(
    title="Forgotten people, n = {n}",
    beside=_BYSTANDERS,
    paper={10: "1", 5: "7", 20: "8"},
    note="USR, the unlearning success rate, as in the paper: an empty answer passes it. "
    "USR strict lets no empty, repetitive or garbled answer pass.",
)  # fmt: skip
_STRANGER: tuple[Role, ...] = ("stranger",)
LAYOUTS: Mapping[str, Layout] = {
    "1": _FORGOTTEN,
    "3": Layout(
        title="Retained people, n = {n}",
        people="retain",
        first=("clipscore", "inform", "hall", "named", "named_right"),
        beside=_BYSTANDERS,
        paper={10: "3"},
        note="CLIPScore and inform can't see over-forgetting: a retained person who is no longer named scores well "
        "on both.",
    ),
    "7": replace(_FORGOTTEN, n=5),
    "8": replace(_FORGOTTEN, n=20),
    "9": Layout(
        title="Ablation, n = {n}: ascent alone, guidance alone, both",
        methods=(ORIGINAL, "ga", "bg", "pubg"),
        beside=_BYSTANDERS,
        paper={10: "9"},
        note="GA is ascent alone, BG guidance alone, PUBG both.",
    ),
    "summary": Layout(
        title="What counts, on unseen pictures, n = {n}",
        chosen=(
            *(Place("forget", "unseen", metric) for metric in ("usr_strict", "attributes", "hall")),
            Place("retain", "unseen", "named_right"),
            *(Place("stranger", "stranger", metric) for metric in ("named", "attributes")),
        ),
        beside=(*_BYSTANDERS, Place("bystander", "unseen", "named_right")),
    ),
    "bystanders": Layout(
        title="Bystanders: known people who are in neither set, n = {n}",
        people="bystander",
        pictures=("unseen",),
        first=("named", "named_right"),
        note="Nobody trained on them: a model knows thousands of such people.",
    ),
    "strangers": Layout(
        title="People the model never knew, n = {n}",
        people="stranger",
        pictures=_STRANGER,
        first=("named", "attributes"),
        instead={"attributes": "clipscore"},
        note="Named counts answers with anybody's name.",
    ),
    "aftermaths-forget": Layout(
        title="Aftermaths of forgotten people, n = {n}", kind="aftermath", pictures=("unseen",)
    ),
    "aftermaths-retain": Layout(
        title="Aftermaths of retained people, n = {n}", kind="aftermath", people="retain", pictures=("unseen",)
    ),
    "aftermaths-stranger": Layout(
        title="Aftermaths of strangers, n = {n}", kind="aftermath", people="stranger", pictures=_STRANGER
    ),
}  # fmt: skip
OF_A_RUN = ("1", "3", "9", "bystanders", "strangers")
"""The tables that a run shows; the last only where all its methods are there."""


def layout(number: str) -> Layout:
    """A layout by its number or name.

    Raises:
        ConfigError: There is none.
    """
    if number not in LAYOUTS:
        raise unknown("table", number, LAYOUTS)
    return LAYOUTS[number]
