"""Several answers on one picture as one row: the shared prefix once, each branch behind a block mask.

A branch sees the prefix and itself, and its positions go on where the prefix ends, so every log-probability is what a
row of its own would give.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Int
from torch import Tensor


@dataclass(frozen=True)
class Branch:
    """Token ids after the shared prefix.

    Attributes:
        ids: The ids.
        answer_start: Where the answer starts in `ids`; at least 1.
        shared: How many tokens of the prefix this branch sees and continues.
    """

    ids: tuple[int, ...]
    answer_start: int
    shared: int


@dataclass(frozen=True)
class Tree:
    """A prefix and its branches.

    Attributes:
        prefix: Token ids.
        branches: What follows.
        positions: Positions of the prefix where they are not just counted (`encoding.grid_positions`).
    """

    prefix: tuple[int, ...]
    branches: tuple[Branch, ...]
    positions: Int[Tensor, "axes prefix"] | None = None


@dataclass(frozen=True)
class Packed:
    """Trees as a batch, one a row, padded on the right.

    Attributes:
        ids: Token ids.
        positions: Positions; they restart for each branch. With several axes where the trees' positions have them.
        allowed: Which position may attend to which.
        row: For each trained token, the row it is in.
        at: For each trained token, the position that predicts it.
        target: The trained tokens.
        branch: For each trained token, the number of its branch, counted through the batch.
    """

    ids: Int[Tensor, "rows seq"]
    positions: Int[Tensor, "*axes rows seq"]
    allowed: Bool[Tensor, "rows 1 seq seq"]
    row: Int[Tensor, " tokens"]
    at: Int[Tensor, " tokens"]
    target: Int[Tensor, " tokens"]
    branch: Int[Tensor, " tokens"]

    def to(self, device: torch.device) -> "Packed":
        """The same on another device."""
        return Packed(*(getattr(self, f.name).to(device) for f in fields(self)))


def in_common(rows: Sequence[Sequence[int]]) -> int:
    """How many ids all rows begin with alike.

    >>> in_common([(5, 6, 7), (5, 6), (5, 6, 8, 7)])
    2
    """
    alike = (len(set(ids)) == 1 for ids in zip(*rows, strict=False))
    return sum(1 for _ in itertools.takewhile(bool, alike))


def pack(trees: Sequence[Tree], *, pad: int) -> Packed:
    """Lay trees out as rows.

    Args:
        trees: At least one tree.
        pad: Id of the padding token.
    """
    lengths = [len(t.prefix) + sum(len(b.ids) for b in t.branches) for t in trees]
    shape = (len(trees), max(lengths))
    own = [torch.arange(len(t.prefix))[None] if t.positions is None else t.positions for t in trees]
    ids, positions = torch.full(shape, pad), torch.zeros(len(own[0]), *shape, dtype=torch.long)
    allowed = torch.zeros(shape[0], 1, shape[1], shape[1], dtype=torch.bool)
    trained: list[tuple[int, int, int, int]] = []
    number = 0
    causal = torch.ones(shape[1], shape[1], dtype=torch.bool).tril()
    for row, tree in enumerate(trees):
        start = len(tree.prefix)
        ids[row, :start] = torch.tensor(tree.prefix)
        positions[:, row, :start] = own[row]
        allowed[row, 0, :start, :start] = causal[:start, :start]
        for branch in tree.branches:
            end = start + len(branch.ids)
            ids[row, start:end] = torch.tensor(branch.ids)
            first = int(own[row][:, : branch.shared].max()) + 1 if branch.shared else 0
            positions[:, row, start:end] = torch.arange(first, first + end - start)
            allowed[row, 0, start:end, : branch.shared] = True
            allowed[row, 0, start:end, start:end] = causal[: end - start, : end - start]
            for i in range(branch.answer_start, len(branch.ids)):
                trained.append((row, start + i - 1, branch.ids[i], number))
            number, start = number + 1, end
        # a padded position sees itself: a row of the mask without any entry gives NaN
        allowed[row, 0, range(start, shape[1]), range(start, shape[1])] = True
    columns = torch.tensor(trained).reshape(-1, 4).unbind(1)
    return Packed(ids, positions if len(positions) > 1 else positions[0], allowed, *columns)
