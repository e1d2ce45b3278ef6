"""Answers side by side: a picture, or the words in its place, and what every method says to it."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.pictures import read_image
from letheia.types import PLAIN, Entity, Generation, Group, Portrait, Role, Split

KINDS = {"forget": "forgotten", "retain": "kept", "bystander": "known, in neither set", "stranger": "never known"}
TELLS = {"leaks": "tells the person's facts", "another": "names another person", "grounded": "describes the picture",
    "garbled": "no language", "unlabelled": "can't be told without labels"}  # fmt: skip
RETAINED, BYSTANDERS, STRANGERS = 4, 2, 2  # pictures of theirs that a run shows


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
    """One picture with every method's answer; `picture` is empty where it is not shown."""

    title: str
    picture: str
    words: str
    group: Group
    role: Role
    answers: Mapping[str, Shown]


def side_by_side(
    answers: Mapping[str, Sequence[Shown]],
    portraits: Mapping[str, Portrait],
    entities: Sequence[Entity],
    *,
    with_pictures: bool = True,
) -> list[Case]:
    """A case for each picture.

    Args:
        answers: Every method's answers to the same pictures, in the same order.
        portraits: The pictures that may be shown, by id.
        entities: The people who may be named.
        with_pictures: Whether pictures are shown.
    """
    names = {e.id: e.name for e in entities}
    cases: list[Case] = []
    for i, first in enumerate(next(iter(answers.values()), ())):
        portrait = portraits.get(first.portrait)
        with_picture = with_pictures and portrait is not None and not portrait.words
        cases.append(
            Case(
                title=names.get(portrait.entity, "A stranger") if portrait else "",
                picture=data_url(portrait.file) if portrait and with_picture else "",
                words=portrait.words if portrait else "",
                group=first.group,
                role=first.role,
                answers={method: given[i] for method, given in answers.items()},
            )
        )
    return cases


def shown_of_run(
    split: Split, answers: Mapping[str, Sequence[Generation]], labels: Mapping[str, Sequence[str]]
) -> dict[str, list[Shown]]:
    """What a run shows of the answers to its own question.

    Every forgotten person is there on one seen and one unseen picture, with some retained people and strangers.

    Args:
        split: Who was forgotten.
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
    left: dict[Group, int] = {
        "forget": 2 * len(split.forget),
        "retain": RETAINED,
        "bystander": BYSTANDERS,
        "stranger": STRANGERS,
    }
    for i, a in enumerate(asked):
        key = (a.entity or a.portrait, a.role)
        if a.asked != PLAIN or (a.group, a.role) == ("retain", "seen"):
            continue
        if key not in seen and left[a.group] > 0:
            seen.add(key)
            left[a.group] -= 1
            chosen.append(i)
    return chosen


def data_url(file: Path) -> str:
    """A small copy of a picture as a page holds it."""
    buffer = io.BytesIO()
    picture = read_image(file)
    picture.thumbnail((144, 144))
    picture.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
