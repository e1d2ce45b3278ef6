"""Augmentation: altered copies, so that a face is forgotten and not one picture of it, and blends of two pictures."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from letheia.files import make_folder, write_atomic
from letheia.pictures import read_image
from letheia.types import Entity, Portrait, Split

CROP, LIGHT = 0.06, 0.15


def altered(image: Image.Image, rng: random.Random) -> Image.Image:
    """A copy that is mirrored or not, a little larger or shifted, and a little lighter or darker.

    Args:
        image: A picture in RGB.
        rng: Decides how much of each.

    Returns:
        A picture of the same size.
    """
    width, height = image.size
    cut = [rng.uniform(0, CROP) for _ in range(4)]
    box = (cut[0] * width, cut[1] * height, (1 - cut[2]) * width, (1 - cut[3]) * height)
    image = image.resize((width, height), Image.Resampling.BICUBIC, box=box)
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(1 - LIGHT, 1 + LIGHT))
    return ImageOps.mirror(image) if rng.random() < 0.5 else image


def with_altered(split: Split, folder: Path, *, count: int, seed: int) -> Split:
    """The same people, each seen picture followed by altered copies.

    Args:
        split: Who is forgotten and who is retained.
        folder: Where the copies are written.
        count: Copies of each picture.
        seed: The run's seed.

    Raises:
        DataError: A picture can't be read.
    """
    make_folder(folder)

    def more(people: Sequence[Entity]) -> tuple[Entity, ...]:
        return tuple(replace(e, portraits=_with_copies(e.portraits, folder, count, seed)) for e in people)

    return Split(forget=more(split.forget), retain=more(split.retain))


def blended(portraits: Sequence[Portrait], folder: Path, *, count: int, seed: int) -> tuple[Portrait, ...]:
    """Pictures made of two others, half of each.

    Args:
        portraits: The pictures.
        folder: Where the new ones are written.
        count: How many; as many as there are pictures, if that is fewer.
        seed: Of the draw of pairs.

    Raises:
        DataError: A picture can't be read.
    """
    if len(portraits) < 2:
        return ()
    make_folder(folder)
    rng = random.Random(f"blended-{seed}")
    found: list[Portrait] = []
    for number in range(min(count, len(portraits))):
        one, other = rng.sample(portraits, 2)
        first, second = read_image(one.file), read_image(other.file)
        file = folder / f"blend-{number}.png"
        picture = Image.blend(first, second.resize(first.size), 0.5)
        write_atomic(file, lambda path, picture=picture: picture.save(path, "PNG"))
        found.append(replace(one, id=f"blend-{number}", file=file))
    return tuple(found)


def _with_copies(portraits: Sequence[Portrait], folder: Path, count: int, seed: int) -> tuple[Portrait, ...]:
    found: list[Portrait] = []
    for portrait in portraits:
        found.append(portrait)
        for number in range(count if portrait.role == "seen" else 0):
            name = f"{portrait.id}-altered-{number}"
            file = folder / f"{name}.png"
            copy = altered(read_image(portrait.file), random.Random(f"altered-{seed}-{name}"))
            write_atomic(file, lambda path, copy=copy: copy.save(path, "PNG"))
            found.append(replace(portrait, id=name, file=file))
    return tuple(found)
