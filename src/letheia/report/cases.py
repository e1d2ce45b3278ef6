"""Answers side by side: a picture, or the words in its place, and what every model says to it."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.metrics.labels import Labels, collect_labels
from letheia.pictures import read_image
from letheia.report.marks import Said, said
from letheia.types import PLAIN, Generation, Group, People, Role, Split

KINDS = {"forget": "forgotten", "retain": "kept", "bystander": "known, in neither set", "stranger": "never known"}
RETAINED, BYSTANDERS, STRANGERS = 4, 2, 2  # pictures of theirs that a run shows
SIDE = 144  # pixels
FIRST = 2
"""Forgotten people whose answers stand right below the verdict."""


@dataclass(frozen=True)
class Shown:
    """A method's answer about a picture, with its aftermath where that is known."""

    portrait: str
    group: Group
    role: Role
    answer: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One picture, or one question, with every model's answer.

    Attributes:
        title: Whom it is about.
        picture: The picture as a page holds it; empty where it is not shown.
        words: The question; empty where it is the study's own, or not shown.
        asked: The way of asking, where it is not the study's own question.
        group: Which group the person is of.
        role: Whether the picture was trained on.
        entity: The person's id; empty for a stranger.
        answers: What each model says.
    """

    title: str
    picture: str = ""
    words: str = ""
    asked: str = ""
    group: Group
    role: Role
    entity: str = ""
    answers: Mapping[str, Said]


def side_by_side(
    answers: Mapping[str, Sequence[Shown]],
    people: People | None,
    *,
    with_pictures: bool = True,
    labels: Labels | None = None,
) -> list[Case]:
    """A case for each picture.

    Args:
        answers: Every method's answers to the same pictures, in the same order.
        people: The people who may be named and shown, if anybody may.
        with_pictures: Whether pictures are shown.
        labels: The folder's; they are gathered if left out.
    """
    portraits = people.portraits if people else {}
    by_id = {e.id: e for e in people.entities} if people else {}
    labels = labels or (collect_labels(people) if people else Labels((), {}, frozenset(), frozenset()))
    cases: list[Case] = []
    for i, first in enumerate(next(iter(answers.values()), ())):
        portrait = portraits.get(first.portrait)
        entity = by_id.get(portrait.entity) if portrait else None
        words = portrait.words if portrait else ""
        shown = with_pictures and portrait is not None and portrait.shown and not words
        cases.append(
            Case(
                title=entity.name if entity else "A stranger" if portrait else "",
                picture=data_url(portrait.file) if portrait and shown else "",
                words=words,
                group=first.group,
                role=first.role,
                entity=entity.id if entity else "",
                answers={
                    method: said(given[i].answer, given[i].label, first.group, entity, portrait, labels, asked=words)
                    for method, given in answers.items()
                },
            )
        )
    return cases


def shown_of_run(
    split: Split, answers: Mapping[str, Sequence[Generation]], labels: Mapping[str, Sequence[str]]
) -> dict[str, list[Shown]]:
    """What a run shows of the answers to its own question.

    Every forgotten person is there on one unseen and one seen picture, with some retained people and strangers.

    Args:
        split: Who was forgotten, in the order in which they are shown.
        answers: Every method's answers, in the same order.
        labels: The aftermath of each.
    """
    chosen = _chosen(split, next(iter(answers.values()), ()))
    return {
        method: [Shown(a.portrait, a.group, a.role, a.answer, labels[method][i]) for i in chosen for a in [given[i]]]
        for method, given in answers.items()
    }


def _chosen(split: Split, asked: Sequence[Generation]) -> list[int]:
    chosen: list[int] = []
    seen: set[tuple[str, Role]] = set()
    shown = {e.id for e in split.forget}
    left: dict[Group, int] = {"retain": RETAINED, "bystander": BYSTANDERS, "stranger": STRANGERS}
    for i, a in enumerate(asked):
        key = (a.entity or a.portrait, a.role)
        if a.asked != PLAIN or (a.group, a.role) == ("retain", "seen") or key in seen:
            continue
        if a.entity in shown if a.group == "forget" else left[a.group] > 0:
            seen.add(key)
            left[a.group] = left.get(a.group, 0) - 1
            chosen.append(i)
    order = {e.id: i for i, e in enumerate(split.forget)}
    groups: tuple[Group, ...] = ("forget", "retain", "bystander", "stranger")
    return sorted(
        chosen, key=lambda i: (groups.index(asked[i].group), order.get(asked[i].entity, i), asked[i].role == "seen", i)
    )


def shown_first(cases: Sequence[Case]) -> list[Case]:
    """A few cases to begin with: two people to forget, each asked plainly and as hard as it gets, and one of others."""
    first: dict[tuple[str, bool], Case] = {}
    for case in cases:
        first.setdefault((case.entity if case.group == "forget" else case.group, bool(case.asked)), case)
    forgotten = list(dict.fromkeys(who for (who, _), case in first.items() if case.group == "forget"))[:FIRST]
    hard = (False, True)
    return [
        *(first[who, h] for who in forgotten for h in hard if (who, h) in first),
        *(case for case in first.values() if case.group in ("retain", "stranger")),
    ]


def data_url(file: Path) -> str:
    """A small copy of a picture as a page holds it."""
    buffer = io.BytesIO()
    picture = read_image(file)
    picture.thumbnail((SIDE, SIDE))
    picture.save(buffer, format="WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
