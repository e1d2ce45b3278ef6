"""Whether a removal did what was asked: who is forgotten, who is still identified, and who is still known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from letheia.types import PLAIN, Entity, Generation, Split

SPOILED = ("empty", "repetitive", "garbled")  # aftermaths of answers that say nothing
HALF = 0.5  # of the original's answers that identify a retained person must still do so

Values = Mapping[str, float | None]
"""The metrics of one answer."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one method did, by people's names.

    Attributes:
        method: The method.
        forgotten: No answer has the name or a fact, and every answer is language.
        identified: An answer still has the name or a fact.
        spoiled: No answer has the name or a fact, but one is empty, repetitive or garbled.
        never: To be forgotten, but the original does not identify them, so there was nothing to remove.
        kept: The model still identifies them at least half as often as the original did.
        lost: It no longer does.
        unknown: To be kept, but the original does not identify them, so nothing can be said.
    """

    method: str
    forgotten: tuple[str, ...] = ()
    identified: tuple[str, ...] = ()
    spoiled: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def gone(self) -> float:
        """Share of the people to be forgotten who are."""
        return len(self.forgotten) / max(1, self._wanted)

    @property
    def _wanted(self) -> int:
        return sum(map(len, (self.forgotten, self.identified, self.spoiled, self.never)))

    @property
    def still(self) -> float:
        """Share of the people to be kept who are; 1 where there are none whom the original knows."""
        known = len(self.kept) + len(self.lost)
        return len(self.kept) / known if known else 1.0

    def holds(self, least: float) -> bool:
        """Whether everybody is forgotten, and at least this share of the others kept."""
        return self.gone == 1 and self.still >= least

    def __str__(self) -> str:
        """The verdict in a line."""
        parts = [f"forgot {len(self.forgotten)} of {self._wanted}"]
        parts += [f"still identifies {_listed(self.identified)}"] if self.identified else []
        parts += [f"says nothing sensible about {_listed(self.spoiled)}"] if self.spoiled else []
        known = len(self.kept) + len(self.lost)
        parts += [f"kept {len(self.kept)} of {known}"] if known else []
        parts += [f"no longer identifies {_listed(self.lost)}"] if self.lost else []
        strange = (*self.never, *self.unknown)
        parts += [f"the original does not identify {_listed(strange)}"] if strange else []
        return f"{self.method}: {'; '.join(parts)}."


def verdict(
    method: str,
    split: Split,
    answers: Sequence[Generation],
    scores: Sequence[Values],
    before: Sequence[Values],
) -> Verdict:
    """Judge a method by its answers to the study's own question.

    Args:
        method: The method.
        split: Who was to be forgotten and who kept.
        answers: Its answers; those that were asked in another way are left out.
        scores: The metrics of each.
        before: The metrics of the original's answers to the same questions.
    """
    at: dict[str, list[int]] = {}
    for i, answer in enumerate(answers):
        if answer.asked == PLAIN:
            at.setdefault(answer.entity, []).append(i)
    found: dict[str, list[str]] = {}
    for entity in split.forget:
        found.setdefault(_gone(entity, at, scores, before), []).append(entity.name)
    for entity in split.retain:
        found.setdefault(_kept(entity, at, scores, before), []).append(entity.name)
    return Verdict(method=method, **{where: tuple(names) for where, names in found.items()})


def _gone(entity: Entity, at: Mapping[str, list[int]], scores: Sequence[Values], before: Sequence[Values]) -> str:
    mine = at.get(entity.id, [])
    if any(_identifies(scores[i]) for i in mine):
        return "identified"
    if any(_is_spoiled(scores[i]) for i in mine):
        return "spoiled"
    return "forgotten" if any(_identifies(before[i]) for i in mine) else "never"


def _kept(entity: Entity, at: Mapping[str, list[int]], scores: Sequence[Values], before: Sequence[Values]) -> str:
    mine = at.get(entity.id, [])
    then, now = sum(_identifies(before[i]) for i in mine), sum(_identifies(scores[i]) for i in mine)
    return "unknown" if not then else "kept" if now >= HALF * then else "lost"


def _identifies(values: Values) -> bool:
    """Whether an answer has the name or a fact, or fails Eq. 4; an answer that is no language passes Eq. 4 unasked."""
    if _is_spoiled(values):
        return bool(values.get("named") or values.get("aftermath_leaks"))
    return bool(values.get("named") or values.get("aftermath_leaks") or values.get("usr") == 0)


def _is_spoiled(values: Values) -> bool:
    return any(values.get(f"aftermath_{label}") for label in SPOILED)


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
