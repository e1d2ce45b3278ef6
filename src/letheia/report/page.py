"""What a page of a run or of a study shows, as values, and the one template that both fill.

A page is one HTML file without any request to a network; everything a model wrote is escaped by the template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from letheia.audit.verdict import RequestVerdict
from letheia.files import write_text
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.results import LABEL, Place
from letheia.report import tables
from letheia.report.audit_tables import NOTE
from letheia.report.cases import KINDS, TELLS, Case
from letheia.report.formats import Sheet
from letheia.report.heat import Heat
from letheia.report.tables import Numbers, Table
from letheia.types import PLAIN, AskedBy, Group, Role

OF_WHOM = {
    "forget": "Forgotten people",
    "retain": "Retained people",
    "bystander": "Bystanders",
    "stranger": "Strangers",
}


@dataclass(frozen=True)
class Face:
    """A person whom the shown draw forgets."""

    name: str
    picture: str


@dataclass(frozen=True)
class Aftermaths:
    """What answers about one group have become: the share of each aftermath, by method."""

    title: str
    shares: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a page shows of one base model.

    Attributes:
        title: Its heading; empty where the page has no other part.
        faces: Who is forgotten, where that is shown.
        told: What the faces are.
        tables: Tables of numbers.
        sheets: Tables of text.
        figures: Plots as SVG.
        aftermaths: What answers have become.
        cases: Answers side by side.
        verdicts: Of a removal, what it comes to.
        heat: Of an audit, what leaks check by model.
    """

    title: str = ""
    faces: Sequence[Face] = ()
    told: str = ""
    tables: Sequence[Table]
    sheets: Sequence[Sheet] = ()
    figures: Sequence[str]
    aftermaths: Sequence[Aftermaths]
    cases: Sequence[Case]
    verdicts: Sequence[RequestVerdict] = ()
    heat: Heat | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        title: What the browser shows.
        heading: Its heading.
        lead: What stands first, a paragraph each.
        aside: What stands below it in small print, a paragraph each.
        parts: A part for each base model.
        asked_by: What people are asked by.
        interval: What an interval is over.
        changed_by: What would change the numbers as much as the intervals say.
        remarks: What to know beside the numbers.
        settings: What it was made with.
    """

    title: str
    heading: str
    lead: Sequence[str]
    aside: Sequence[str] = ()
    parts: Sequence[Part]
    asked_by: AskedBy
    interval: str
    changed_by: str
    remarks: Sequence[str] = ()
    settings: Sequence[Mapping[str, Any]]


def write_page(path: Path, page: Page) -> None:
    """Write a page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("letheia", "report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("report.html").render(
        page=page,
        column_title=tables.column_title,
        pictures_title=tables.pictures_title,
        number=tables.number_text,
        interval=tables.interval_text,
        method_title=tables.method_title,
        svg=Markup,  # drawn by matplotlib from numbers and our own words; it escapes text itself
        labels=AFTERMATHS,
        kinds=KINDS,
        tells=TELLS,
        audit_note=NOTE,
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
    shares: dict[str, dict[str, float]] = {}
    for method in methods:
        rows = {label: numbers(method, Place(group, role, LABEL + label, asked)) for label in AFTERMATHS}
        shares[method] = {label: row.mean for label, row in rows.items() if row and row.mean}
    return Aftermaths(title + (f" · asked: {asked}" if asked != PLAIN else ""), shares)
