"""A linear probe: whether hidden states tell who a person is, whatever the model says.

A classifier learns from a group's seen pictures whose they are, and is tested on their unseen ones. Looks alone make
that possible, so a number says something beside gold's only, and beside that of people whom no model was taught.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from letheia.audit.base import Audited, Check, Finding
from letheia.errors import DataError
from letheia.models.hidden import last_states
from letheia.types import Entity, Group, Portrait, Prompt, Role

FEWEST = 2
"""People and seen pictures of each, below which there is nothing to tell apart or to learn from."""
PARTS = 4
"""Layers that are looked at, evenly spaced, the last among them."""


def layers_of(count: int) -> tuple[int, ...]:
    """The layers that are looked at, counted from 0.

    >>> layers_of(32), layers_of(2)
    ((7, 15, 23, 31), (0, 1))
    """
    return tuple(sorted({max(0, count * part // PARTS - 1) for part in range(1, PARTS + 1)}))


def accuracy(
    train: Float[np.ndarray, "pictures hidden"],
    whose: Sequence[str],
    test: Float[np.ndarray, "others hidden"],
    truth: Sequence[str],
) -> dict[str, float]:
    """By person, the share of their test pictures that a linear classifier takes for theirs.

    Args:
        train: States of the pictures that are learned from.
        whose: Id of the person on each.
        test: States of the pictures that are told apart.
        truth: Id of the person on each.
    """
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    taken = classifier.fit(train, list(whose)).predict(test)
    right: dict[str, list[bool]] = {}
    for who, guess in zip(truth, taken, strict=True):
        right.setdefault(who, []).append(who == guess)
    return {who: sum(found) / len(found) for who, found in right.items()}


def probe(audited: Audited, *, check: str, shuffled: bool = False) -> Iterator[Finding]:
    """The probe on each group, with as many people of each as are forgotten, so that guessing is as good.

    Args:
        audited: The model under audit.
        check: Name of the check.
        shuffled: Learn from labels in random order: what the classifier finds where there is nothing.

    Raises:
        DataError: Too few of the forgotten people have pictures enough.
    """
    model, question = audited.study.model, audited.study.question
    layers = layers_of(len(model.language_model.layers))
    for group, people in _groups(audited).items():
        seen, unseen = ([p for e in people for p in _shown(e, role)] for role in ("seen", "unseen"))
        states = last_states(model, [Prompt(question, p) for p in (*seen, *unseen)], layers).numpy()
        whose, truth = [p.entity for p in seen], [p.entity for p in unseen]
        if shuffled:
            random.Random(f"probe-{audited.study.config.seed}").shuffle(whose)
        for layer, found in zip(layers, states, strict=True):
            right = accuracy(found[: len(seen)], whose, found[len(seen) :], truth)
            for who, share in right.items():
                yield Finding(
                    check=check,
                    variant=f"after layer {layer + 1}",
                    method=audited.name,
                    group=group,
                    entity=who,
                    value=share,
                    question=question,
                    reason=f"told from {len(people) - 1} other people; guessing gets {1 / len(people):.2f}",
                )


def _groups(audited: Audited) -> dict[Group, list[Entity]]:
    """The people of each group who have pictures to learn from and others to be tested on."""
    groups: dict[Group, list[Entity]] = {}
    for s in audited.subjects:
        if len(_shown(s.entity, "seen")) >= FEWEST and _shown(s.entity, "unseen"):
            groups.setdefault(s.group, []).append(s.entity)
    count = len(groups.get("forget", ()))
    if count < FEWEST:
        raise DataError(
            f"{count} of the people to forget have {FEWEST} seen pictures and an unseen one; a probe needs {FEWEST}."
        )
    return {group: people[:count] for group, people in groups.items() if len(people) >= count}


def _shown(entity: Entity, role: Role) -> list[Portrait]:
    return [p for p in entity.portraits if p.role == role and p.shown]


HIDDEN: tuple[Check, ...] = tuple(
    Check(
        name=name,
        title=title,
        access="white",
        find=partial(probe, check=name, shuffled=shuffled),
        measure="number",
        source="control: Hewitt & Liang 2019",
        costs="reads each picture once",
    )
    for name, title, shuffled in (
        ("probe", "hidden states tell who it is (linear probe)", False),
        ("probe-shuffled", "the same, learned from labels in random order", True),
    )
)
"""The probe and its control."""
