"""The report: one HTML file without any request to a network; everything a model wrote is escaped by the template."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from letheia.files import write_text
from letheia.metrics.aftermath import AFTERMATHS
from letheia.metrics.results import Row
from letheia.pictures import read_image
from letheia.report.drawing import PRIVACY, privacy_plot
from letheia.report.tables import all_tables, cell_text, heading, method_title
from letheia.types import Entity, Generation, People, Portrait, Split

KINDS = {"forget": "forgotten", "retain": "kept", "stranger": "never known"}
TELLS = {"leaks": "tells the person's facts", "another": "names another person", "grounded": "describes the picture",
    "garbled": "no language", "unlabelled": "can't be told without labels"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One method's answer in the report."""

    method: str
    answer: str
    label: str


@dataclass(frozen=True)
class Case:
    """A picture, or the words in its place, with every method's answer; `picture` is empty where it is not shown."""

    title: str
    picture: str
    group: str
    role: str
    lines: tuple[Line, ...]
    words: str = ""


@dataclass(frozen=True)
class Bar:
    """Aftermath shares of one method on one group."""

    method: str
    shares: tuple[tuple[str, float], ...]


def write_report(
    path: Path,
    *,
    people: People,
    split: Split,
    answers: Mapping[str, Sequence[Generation]],
    labels: Mapping[str, Sequence[str]],
    rows: Sequence[Row],
    notes: Sequence[str] = (),
    settings: Mapping[str, Any],
    provenance: Mapping[str, Any],
    with_pictures: bool = True,
) -> None:
    """Write the report.

    Args:
        path: The file.
        people: The people folder, for the pictures.
        split: Who was forgotten and who retained.
        answers: Every method's answers, in the same order.
        labels: Aftermath of each answer.
        rows: The results.
        notes: What else there is to say.
        settings: The configuration as shown.
        provenance: Versions, commit and hashes as shown.
        with_pictures: Whether people's pictures are shown.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("letheia", "report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("report.html").render(
        split=split,
        tables=all_tables(rows),
        notes=notes,
        heading=heading,
        cell=cell_text,
        title=method_title,
        privacy=_privacy_plot(rows),
        aftermaths=[(group, role, _bars(rows, group, role)) for group, role in _groups(rows)],
        labels=AFTERMATHS,
        kinds=KINDS,
        asked_by=people.asked_by,
        tells=TELLS,
        cases=_cases(people, split, answers, labels, with_pictures=with_pictures),
        settings=settings,
        provenance=provenance,
    )
    write_text(path, html)


def _privacy_plot(rows: Sequence[Row]) -> Markup:
    found = {(r.method, r.metric): r for r in rows if (r.people, r.pictures) == ("forget", "unseen")}
    methods = dict.fromkeys(r.method for r in rows)
    at = {m: [found.get((m, metric)) for metric in PRIVACY] for m in methods}
    # drawn by matplotlib from numbers and our own words; it escapes text itself
    return Markup(privacy_plot(at, f"{rows[0].model}, n = {rows[0].n}"))


def _groups(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((r.people, r.pictures) for r in rows))


def _bars(rows: Sequence[Row], group: str, role: str) -> list[Bar]:
    here = [r for r in rows if (r.people, r.pictures) == (group, role)]
    shares = {(r.method, r.metric): r.mean or 0.0 for r in here}
    return [
        Bar(method, tuple((label, shares.get((method, f"aftermath_{label}"), 0.0)) for label in AFTERMATHS))
        for method in dict.fromkeys(r.method for r in here)
    ]


def _cases(
    people: People,
    split: Split,
    answers: Mapping[str, Sequence[Generation]],
    labels: Mapping[str, Sequence[str]],
    *,
    with_pictures: bool,
) -> list[Case]:
    """Every forgotten person on one seen and one unseen picture, four retained people and two strangers."""
    portraits = people.portraits
    names = {e.id: e for e in (*split.forget, *split.retain)}
    first = next(iter(answers.values()), ())
    wanted = _wanted(split, first)
    cases: list[Case] = []
    for i in wanted:
        portrait = portraits[first[i].portrait]
        picture = data_url(portrait.file) if with_pictures and not portrait.words else ""
        cases.append(_case(i, portrait, picture, names, answers, labels))
    return cases


def _wanted(split: Split, asked: Sequence[Generation]) -> list[int]:
    chosen: list[int] = []
    seen: set[tuple[str, str]] = set()
    limits = {"forget": 2 * len(split.forget), "retain": 4, "stranger": 2}
    for i, generation in enumerate(asked):
        key = (generation.entity or generation.portrait, generation.role)
        if generation.group == "retain" and generation.role == "seen":
            continue
        if key not in seen and limits[generation.group] > 0:
            seen.add(key)
            limits[generation.group] -= 1
            chosen.append(i)
    return chosen


def _case(
    index: int,
    portrait: Portrait,
    picture: str,
    names: Mapping[str, Entity],
    answers: Mapping[str, Sequence[Generation]],
    labels: Mapping[str, Sequence[str]],
) -> Case:
    lines = tuple(Line(m, given[index].answer, labels[m][index]) for m, given in answers.items())
    first = next(iter(answers.values()))[index]
    title = names[portrait.entity].name if portrait.entity in names else "A stranger"
    return Case(title, picture, first.group, first.role, lines, portrait.words)


def data_url(file: Path) -> str:
    """A small copy of a picture as a page holds it."""
    buffer = io.BytesIO()
    picture = read_image(file)
    picture.thumbnail((144, 144))
    picture.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
