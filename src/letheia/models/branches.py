"""Several answers on one picture as one row: the shared prefix once, each branch behind a block mask.

A branch sees the prefix and itself, and its positions go on where the prefix ends, so every log-probability is what a
row of its own would give. A branch may go on behind another one: answers behind their question, questions behind the
picture.
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
        answer_start: Where the answer starts in `ids`; at least 1, their end where there is none.
        shared: How many tokens of the prefix this branch sees and continues.
        behind: Number of an earlier branch of the tree, which this one sees whole and continues, with what that sees.
    """

    ids: tuple[int, ...]
    answer_start: int
    shared: int
    behind: int | None = None


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

    @property
    def tokens(self) -> int:
        """How long its row is."""
        return len(self.prefix) + sum(len(b.ids) for b in self.branches)


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
        branch: For each trained token, the number of its answer, counted through the batch.
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


def in_common(rows: Sequence[tuple[int, ...]]) -> int:
    """How many ids all rows begin with alike.

    >>> in_common([(5, 6, 7), (5, 6), (5, 6, 8, 7)])
    2
    """
    pairs = zip(min(rows), max(rows), strict=False)  # those between begin as both do
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def pack(trees: Sequence[Tree], *, pad: int) -> Packed:
    """Lay trees out as rows.

    Args:
        trees: At least one tree.
        pad: Id of the padding token.
    """
    shape = (len(trees), max(t.tokens for t in trees))
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
        ends: list[int] = []
        for branch in tree.branches:
            end = start + len(branch.ids)
            ids[row, start:end] = torch.tensor(branch.ids)
            last = (branch.shared if branch.behind is None else ends[branch.behind]) - 1
            if last >= 0:  # what the token before this branch sees, this branch sees too
                allowed[row, 0, start:end] = allowed[row, 0, last]
            first = int(positions[:, row, last].max()) + 1 if last >= 0 else 0
            positions[:, row, start:end] = torch.arange(first, first + end - start)
            allowed[row, 0, start:end, start:end] = causal[: end - start, : end - start]
            for i in range(branch.answer_start, len(branch.ids)):
                trained.append((row, start + i - 1, branch.ids[i], number))
            number, start = number + (branch.answer_start < len(branch.ids)), end
            ends.append(end)
        # a padded position sees itself: a row of the mask without any entry gives NaN
        allowed[row, 0, range(start, shape[1]), range(start, shape[1])] = True
    columns = torch.tensor(trained).reshape(-1, 4).unbind(1)
    return Packed(ids, positions if len(positions) > 1 else positions[0], allowed, *columns)
