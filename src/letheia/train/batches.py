"""From the terms of a step to micro-batches: what is computed in one row, which rows at once, and what that took."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from accelerate import Accelerator
from torch import Tensor

from letheia.data.split import Step
from letheia.data.targets import Texts, units
from letheia.methods.terms import Method
from letheia.models.log_probs import head
from letheia.models.model import Model
from letheia.types import Example


@dataclass(frozen=True)
class Item:
    """An example with the number of the term it belongs to."""

    term: int
    example: Example


Unit = tuple[Item, ...]  # what a loss needs at once: an answer, or one and what it is preferred to
UnitGroup = list[Unit]  # what shares a row


@dataclass(frozen=True)
class Row:
    """Answers that are computed in one row, and how many tokens it has."""

    items: list[Item]
    tokens: int


@dataclass(frozen=True)
class Batches:
    """How a step is computed.

    Attributes:
        groups: What shares a row, short rows first.
        parts: Micro-batches: the rows, cut where they have too many answers, that are computed at once.
    """

    groups: list[UnitGroup]
    parts: list[list[Row]]

    @property
    def rows(self) -> list[Row]:
        """All rows in the order in which they are computed."""
        return [row for part in self.parts for row in part]

    @property
    def most_tokens(self) -> int:
        """Tokens of the largest micro-batch."""
        return max(sum(row.tokens for row in part) for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step took.

    Attributes:
        tokens: Tokens that were computed, in all processes.
        alone: Tokens that would have been, with a row for each answer.
        seconds: How long it took.
        memory: Bytes that were in use at most so far.
    """

    tokens: int
    alone: int
    seconds: float
    memory: int

    def __str__(self) -> str:
        """As a progress bar shows it."""
        return (
            f"{self.tokens / self.seconds:,.0f} tokens/s, {1 - self.tokens / self.alone:.0%} saved by sharing, "
            f"{self.memory / 2**30:.1f} GiB"
        )


def step_units(step: Step, method: Method, texts: Texts) -> list[Unit]:
    """All units of a step, with the number of their term."""
    return [tuple(Item(i, e) for e in unit) for i, term in enumerate(method.terms) for unit in units(step, term, texts)]


def by_row(model: Model, all_units: Sequence[Unit], engine: Literal["shared", "plain"]) -> list[UnitGroup]:
    """What is computed in one row: all about a picture, or one question without a picture; or each unit alone."""
    if engine == "plain":
        return [[unit] for unit in all_units]
    groups: dict[tuple[str, tuple[int, ...]], UnitGroup] = {}
    for unit in all_units:
        groups.setdefault((unit[0].example.portrait.id, head(model, unit[0].example)), []).append(unit)
    return list(groups.values())


def filled(
    groups: Sequence[UnitGroup], measure: Callable[[list[Item]], int], limit: int, *, most: int | None
) -> Iterator[list[list[Item]]]:
    """Put rows together up to a limit; one that is larger by itself is computed alone.

    Args:
        groups: Rows.
        measure: The size of a row.
        limit: Size of what is computed at once.
        most: Answers a row; one that has more is cut between units.
    """
    part: list[list[Item]] = []
    filled = 0
    for row in (row for group in groups for row in _cut(group, most)):
        size = measure(row)
        if part and filled + size > limit:
            yield part
            part, filled = [], 0
        part.append(row)
        filled += size
    if part:
        yield part


def _cut(group: UnitGroup, most: int | None) -> Iterator[list[Item]]:
    row: list[Item] = []
    for unit in group:
        if row and most and len(row) + len(unit) > most:
            yield row
            row = []
        row.extend(unit)
    if row:
        yield row


def reduce_sum(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The sum of a tensor over processes."""
    if accelerator.num_processes == 1:
        return value
    return cast("Tensor", accelerator.reduce(value, "sum"))
