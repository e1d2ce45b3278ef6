"""Pictures that are cut out of others: a part of one, at any size, is another.

Each picture's parts of seven tenths and more are compared with all others by a few colours; where a part comes near,
its edges are moved until it fits best, and what is left is compared at a finer grain.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge."""
THUMB = 96
"""Edge of the pictures that are compared."""
COARSE, FINE = 8, 24
"""Colours along an edge, at first and in the end."""
LIKELY, EQUAL = 22.0, 7.0
"""Root mean square of 255 up to which a part is looked at, and counts as the other picture. Of parts cut at random from
the built-in world's portraits nine in ten are looked at, and all of these differ by at most 6.7 in the end; different
portraits by 8.0 and up (250,000 pairs)."""
SHARES = (1.0, 0.9, 0.8, 0.7)
SMALLEST = 0.5
"""Share of an edge that a part has at least."""
FIRST, LAST = 0.06, 0.5
"""By how much edges are moved: at first a share of the whole, in the end half a pixel."""


def thumb_of(picture: Image.Image) -> Image.Image:
    """A picture as it is compared."""
    return picture.resize((THUMB, THUMB), Image.Resampling.BOX)


def cut_out(thumbs: Sequence[Image.Image]) -> list[tuple[int, int]]:
    """Pairs of pictures of which the second is a part of the first.

    Args:
        thumbs: The pictures, by `thumb_of`.
    """
    boxes = list(_boxes())
    whole = np.stack([_colours(t, COARSE) for t in thumbs]) if thumbs else np.zeros((0, 1), dtype=np.float32)
    squares = (whole**2).mean(1)
    found: list[tuple[int, int]] = []
    for i, thumb in enumerate(thumbs):
        parts = np.stack([_colours(thumb, COARSE, box) for box in boxes])
        distance = (parts**2).mean(1)[:, None] + squares[None] - 2 * parts @ whole.T / whole.shape[1]
        near = np.nonzero(distance.min(0) <= LIKELY**2)[0]
        best = distance.argmin(0)
        found += [(i, j) for j in map(int, near) if j != i and _fitted(thumb, thumbs[j], boxes[best[j]]) <= EQUAL]
    return found


def _boxes() -> Iterator[Box]:
    """Parts of every share along either edge, at both ends and in the middle."""
    for wide, high in itertools.product(SHARES, SHARES):
        if wide * high < 1:
            for x, y in itertools.product((0, 0.5, 1) if wide < 1 else (0,), (0, 0.5, 1) if high < 1 else (0,)):
                left, top = (1 - wide) * x * THUMB, (1 - high) * y * THUMB
                yield left, top, left + wide * THUMB, top + high * THUMB


def _colours(thumb: Image.Image, edge: int, box: Box | None = None) -> Float[np.ndarray, "colours"]:
    how = Image.Resampling.BOX if edge == COARSE else Image.Resampling.BILINEAR
    return np.asarray(thumb.resize((edge, edge), how, box=box), dtype=np.float32).reshape(-1)


def _fitted(thumb: Image.Image, other: Image.Image, box: Box) -> float:
    """How much the part of a picture that fits another best differs from it."""
    target = _colours(other, FINE)

    def differs(box: Box) -> float:
        return float(np.sqrt(((_colours(thumb, FINE, box) - target) ** 2).mean()))

    least, step = differs(box), FIRST * THUMB
    while step >= LAST:
        tried = [(differs(b), b) for b in _moved(box, step)]
        nearest = min(tried, default=(least, box))
        if nearest[0] < least:
            least, box = nearest
        else:
            step /= 2
    return least


def _moved(box: Box, step: float) -> Iterator[Box]:
    """The part with one edge elsewhere."""
    for edge, by in itertools.product(range(4), (-step, step)):
        moved = [min(max(at + by * (i == edge), 0.0), float(THUMB)) for i, at in enumerate(box)]
        left, top, right, bottom = moved
        if min(right - left, bottom - top) >= SMALLEST * THUMB:
            yield left, top, right, bottom
