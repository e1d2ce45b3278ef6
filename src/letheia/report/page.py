"""What a page of a run, of a study or of an audit shows, as values, and the one template that all fill.

A page is one HTML file without any request to a network; everything a model wrote is escaped by the template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from letheia.files import write_text
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.results import LABEL, Place
from letheia.report import tables
from letheia.report.cases import KINDS, Case
from letheia.report.grids import Grid
from letheia.report.marks import TELLS, Tone, tone_of
from letheia.report.tables import Numbers
from letheia.types import PLAIN, AskedBy, Group, Role

SHARED, OPERATOR = "report.html", "report-operator.html"
"""The page to hand on, which has no names, faces, facts or texts; and the operator's, which has all of them."""
OF_WHOM = {
    "forget": "Forgotten people",
    "retain": "Retained people",
    "bystander": "Bystanders",
    "stranger": "Strangers",
}
LONG_TABLE = 60
"""Rows from which on a table is folded."""


@dataclass(frozen=True)
class Face:
    """A person whom the shown draw forgets."""

    name: str
    picture: str


@dataclass(frozen=True)
class Drawing:
    """A plot as SVG, and what it shows in words."""

    svg: str
    told: str


@dataclass(frozen=True)
class Share:
    """A stretch of a bar."""

    label: str
    told: str
    share: float
    tone: Tone


@dataclass(frozen=True)
class Aftermaths:
    """What answers about one group have become: the shares of each aftermath, by method."""

    title: str
    shares: Mapping[str, Sequence[Share]]


@dataclass(frozen=True, kw_only=True)
class Card:
    """The verdict on one method, in plain words.

    Attributes:
        method: The method.
        sentence: The verdict.
        tell: What the requester may be told.
        states: What is said of removal, others and description, and how good that is.
        found: Findings about all people together that speak against it.
        scope: What was to go, where that was said.
        compared: Whether there was a gold model.
        missing: What was not tried, a line a reason.
    """

    method: str
    sentence: str
    tell: str
    states: Sequence[tuple[str, Tone]]
    found: Sequence[str] = ()
    scope: str = ""
    compared: str
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class State:
    """What one method did with a person: the verdict, how good it is, and the numbers behind it."""

    text: str
    tone: Tone
    small: str = ""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A forgotten person's part of a page.

    Attributes:
        anchor: Where it stands; the same on the operator's page and on the one to hand on.
        name: The name, or the pseudonym.
        beside: The pseudonym, or the keyed hash of the model card.
        states: What each method did.
        cases: Answers about the person; none where only the states are shown.
    """

    anchor: str
    name: str
    beside: str
    states: Mapping[str, State]
    cases: Sequence[Case] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a page shows of one base model, from the top.

    Attributes:
        title: Its heading; empty where the page has no other part.
        cards: Of a removal, the verdict on each method.
        before: Answers before and after, a few.
        heat: Of an audit, what leaks check by model.
        others: Of an audit, what became of others.
        curves: Of an audit, plots.
        glance: Forgotten and retained at a glance.
        counts: People by what became of them.
        grids: The paper's tables and others, folded.
        figures: Plots.
        aftermaths: What answers have become.
        people: Each forgotten person.
        cases: Answers about others.
        faces: Who is forgotten, where that is shown of a study.
        told: What the faces are.
    """

    title: str = ""
    cards: Sequence[Card] = ()
    before: Sequence[Case] = ()
    heat: Grid | None = None
    others: Sequence[Grid] = ()
    curves: Sequence[Drawing] = ()
    glance: Grid | None = None
    counts: Grid | None = None
    grids: Sequence[Grid] = ()
    figures: Sequence[Drawing] = ()
    aftermaths: Sequence[Aftermaths] = ()
    people: Sequence[Person] = ()
    cases: Sequence[Case] = ()
    faces: Sequence[Face] = ()
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        kind: What it is, in small print above the heading.
        heading: What it comes to, in one sentence.
        lead: What stands first, a paragraph each.
        aside: What stands below it in small print, a paragraph each.
        parts: A part for each base model.
        asked_by: What people are asked by.
        question: The question that was asked; empty where it is not shown.
        interval: What an interval is over.
        changed_by: What would change the numbers as much as the intervals say.
        how: How it was done, a sentence each.
        remarks: What to know beside the numbers.
        settings: What it was made with.
        shared: Whether names, faces, facts and texts were left out.
    """

    kind: str
    heading: str
    lead: Sequence[str] = ()
    aside: Sequence[str] = ()
    parts: Sequence[Part]
    asked_by: AskedBy
    question: str = ""
    interval: str
    changed_by: str
    how: Sequence[str] = ()
    remarks: Sequence[str] = ()
    settings: Sequence[Mapping[str, Any]]
    shared: bool = False


def write_page(path: Path, page: Page) -> None:
    """Write a page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("letheia", "report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    html = environment.get_template("report.html").render(
        page=page,
        method_title=tables.method_title,
        svg=Markup,  # drawn by matplotlib from numbers and our own words; it escapes text itself
        labels=AFTERMATHS,
        kinds=KINDS,
        tells=TELLS,
        long_table=LONG_TABLE,
    )
    write_text(path, html)


def aftermaths_of(
    numbers: Numbers,
    methods: Sequence[str],
    group: Group,
    role: Role,
    *,
    asked: str = PLAIN,
    asked_by: AskedBy = "picture",
) -> Aftermaths:
    """What answers about a group have become.

    Args:
        numbers: The numbers.
        methods: The methods.
        group: About whom.
        role: On which pictures.
        asked: The way of asking.
        asked_by: What people are asked by.
    """
    title = OF_WHOM[group] + ("" if role == "stranger" else f", {role} {asked_by}s")
    shares: dict[str, list[Share]] = {}
    for method in methods:
        rows = {label: numbers(method, Place(group, role, LABEL + label, asked)) for label in AFTERMATHS}
        found = [
            Share(label, TELLS[label], row.mean, tone_of(label, group))
            for label, row in rows.items()
            if row and row.mean
        ]
        if found:
            shares[method] = found
    return Aftermaths(title + (f" · asked: {asked}" if asked != PLAIN else ""), shares)
