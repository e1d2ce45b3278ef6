"""What a people folder may have, and what makes numbers mean less than they seem to: told before a run and by check.

Two people of one name, equal summaries, pictures that are the same (or nearly) where they should be different ones, and
people who are left out for want of a picture, a summary or responses.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from letheia.data.crops import cut_out, thumb_of
from letheia.errors import DataError
from letheia.metrics.usr import equal_summaries
from letheia.metrics.words import key_of, words_in
from letheia.pictures import read_image
from letheia.types import Entity, People, Portrait

GRID = 8
NEAR = 5.0
"""Pictures are nearly equal where their GRID x GRID colours differ by at most so much (root mean square, of 255).

Copies at other sizes and qualities differ by 0.3 to 5, different portraits of the built-in world by 6.9 and up."""
SHOWN = 5
NEEDS: Mapping[str, Callable[[Entity], Any]] = {
    "seen picture": lambda e: e.pictures("seen"),
    "summary": lambda e: e.summary,
    "responses": lambda e: e.responses,
}
"""What a person needs to be trained on; the first two are enough to be asked about."""


def notices(people: People, *, pictures: bool = True, parts: bool = False) -> list[str]:
    """What a user should know about a folder, one sentence each.

    Args:
        people: The folder.
        pictures: Whether to open the pictures and look for equal ones.
        parts: Whether to look for pictures that are cut out of others, too, which takes seconds for hundreds.
    """
    return [
        *_about_names(people.entities),
        *_about_summaries(people.entities),
        *(near_copies(people, parts=parts) if pictures else ()),
    ]


def left_out(entities: Iterable[Entity], *, lack: Sequence[str], told: str) -> list[str]:
    """Who is left out, by what they lack.

    Args:
        entities: The people who could have been in.
        lack: What each needs: rows of `NEEDS`.
        told: What they are not, as in 'neither kept nor measured'.
    """
    everybody = list(entities)
    lacking: dict[str, list[str]] = {}
    for entity in everybody:
        missing = [need for need in lack if not NEEDS[need](entity)]
        if missing:
            lacking.setdefault(" and ".join(missing), []).append(entity.name)
    return [
        f"left out: {len(names)} of {len(everybody)} people without {missing} are {told}: {listed(names)}"
        for missing, names in lacking.items()
    ]


def before_asking(people: People) -> list[str]:
    """What a user should know before everybody in a folder is asked about."""
    lack = ("summary",) if people.asked_by == "question" else ("seen picture", "summary")
    return [*left_out(people.entities, lack=lack, told="not asked about"), *notices(people)]


def near_copies(people: People, *, parts: bool = False) -> list[str]:
    """Pictures that are equal or nearly so, and should not be: seen and unseen ones, and those of different people.

    Args:
        people: The people.
        parts: Whether to look for pictures that are cut out of others, too.
    """
    pictures = [p for p in people.portraits.values() if not p.words]
    found: dict[str, list[str]] = {
        "the same picture, byte for byte": [],
        "nearly the same picture": [],
        "nearly the same picture, mirrored": [],
        "a part of the same picture": [],
    }
    equal, near, mirrored, cut = found.values()
    read = [(p, *_looked_at(p)) for p in pictures]
    read = [(p, digest, colours) for p, digest, colours in read if digest]
    colours = np.stack([c for _, _, c in read]) if read else np.zeros((0, GRID * GRID * 3), dtype=np.float32)
    pairs = _near(colours, colours)
    flipped = colours.reshape(-1, GRID, GRID, 3)[:, :, ::-1].reshape(colours.shape)
    turned = sorted(set(_near(colours, flipped)) - set(pairs))
    for i, j in [*pairs, *turned]:
        (a, digest, _), (b, other, _) = read[i], read[j]
        if a.entity != b.entity or a.role != b.role:
            kind = mirrored if (i, j) not in pairs else equal if digest == other else near
            kind.append(f"{a.id} ({a.role}) and {b.id} ({b.role})")
    told = {frozenset(pair) for pair in [*pairs, *turned]}
    for i, j in _parts([p for p, _, _ in read]) if parts else ():
        a, b = read[i][0], read[j][0]
        if (a.entity != b.entity or a.role != b.role) and frozenset((i, j)) not in told:
            told.add(frozenset((i, j)))
            cut.append(f"{b.id} ({b.role}) of {a.id} ({a.role})")
    return [
        f"{what}: {len(pairs)} pair{'s' if len(pairs) > 1 else ''}, and one is no evidence apart from the other: "
        + listed(pairs, "; ")
        for what, pairs in found.items()
        if pairs
    ]


def listed(names: Sequence[str], between: str = ", ") -> str:
    """The first few, and how many more there are."""
    more = f"{between}and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more


def _about_names(entities: Sequence[Entity]) -> list[str]:
    bearers: dict[str, list[Entity]] = {}
    for entity in entities:
        for key in {key_of(name) for name in entity.names}:
            bearers.setdefault(key, []).append(entity)
    doubled = {tuple(e.id for e in group): group for key, group in bearers.items() if key and len(group) > 1}
    found = [
        f"the same name: {len(group)} people are called '{group[0].name}' ({listed(ids)}); name them by id"
        for ids, group in doubled.items()
    ]
    short = [e.id for e in entities if all((len(w) == 1 and w[0].sign) or not w for w in map(words_in, e.names))]
    if short:
        found.append(f"names of one character can't be told from words and are never found in answers: {listed(short)}")
    return found


def _about_summaries(entities: Sequence[Entity]) -> list[str]:
    names = {e.id: e.name for e in entities}
    return [
        f"the same summary: {listed([f'{names[id_]} ({id_})' for id_ in group])}; "
        "it is compared with nobody's, and the success rate of answers about them is unscored"
        for group in equal_summaries({e.id: e.summary for e in entities})
    ]


def _looked_at(portrait: Portrait) -> tuple[str, Float[np.ndarray, "colours"]]:
    """A picture's digest and its few colours; no digest where it can't be read, which is told elsewhere."""
    try:
        small = read_image(portrait.file).resize((GRID, GRID), Image.Resampling.BOX)
        digest = hashlib.sha256(portrait.file.read_bytes()).hexdigest()
    except (DataError, OSError):
        return "", np.zeros(0, dtype=np.float32)
    return digest, np.asarray(small, dtype=np.float32).reshape(-1)


def _parts(portraits: Sequence[Portrait]) -> list[tuple[int, int]]:
    """Pairs of which the second is cut out of the first."""
    return cut_out([thumb_of(read_image(p.file)) for p in portraits])


def _near(
    colours: Float[np.ndarray, "pictures colours"], others: Float[np.ndarray, "pictures colours"], *, rows: int = 512
) -> list[tuple[int, int]]:
    """Pairs of pictures of which one's colours are near the other's, some rows of all distances at a time."""
    squares, other_squares = (colours**2).sum(1), (others**2).sum(1)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(colours), rows):
        part = colours[start : start + rows]
        distance = squares[start : start + rows, None] + other_squares[None] - 2 * part @ others.T
        first, second = np.nonzero(distance <= NEAR**2 * colours.shape[1])
        pairs += [(start + i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if start + i < j]
    return pairs
