"""Pictures of every kind, whole and damaged, and 3,000 with damaged EXIF: the right colours or one clear error."""

import io
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from letheia.errors import DataError
from letheia.pictures import read_image
from raw_pictures import kinds, saved

SLOW = 5.0  # seconds for one small picture


def every_kind(count: int, folder: Path) -> Iterator[str]:
    """Each kind with the colour that it should show, then the same kinds damaged: cut, or some bytes changed."""
    whole = [*kinds(), *saved()]
    rng = random.Random(0)
    for i in range(count):
        name, data, colour = whole[i % len(whole)]
        if i >= len(whole):
            name, data, colour = f"{name}, damaged", _damaged(data, rng), "any"
        yield _told(folder / "picture", name, data, colour)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return data[: rng.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return bytes(changed)


def _told(file: Path, name: str, data: bytes, colour: object) -> str:
    file.write_bytes(data)
    began = time.monotonic()
    try:
        found = read_image(file)
    except DataError as error:
        return "" if colour in (None, "any") and str(file) in str(error) else f"{name}: refused, {error}"
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    if time.monotonic() - began > SLOW:
        return f"{name}: took {time.monotonic() - began:.0f} s"
    if colour == "any":
        return "" if found.mode == "RGB" else f"{name}: {found.mode}"
    pixel = found.getpixel((1, 1))
    right = colour is not None and np.abs(np.subtract(pixel, colour)).max() <= 5
    return "" if right else f"{name}: shows {pixel} and not {colour}"


def damaged_exif(count: int, folder: Path) -> Iterator[str]:
    """JPEGs whose pixels are whole; bytes of their EXIF are changed."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A], exif[0x8769] = 6, "Maker", 72.0, {0x9000: b"0230", 0x829A: (1, 50)}
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(buffer, "JPEG", exif=exif)
    data, rng = buffer.getvalue(), random.Random(0)
    start, length = data.index(b"Exif\0\0") + 6, len(exif.tobytes()) - 6
    for i in range(count):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            value = rng.choice([0, 1, 2, 5, 10, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            changed[start + rng.randrange(length)] = value
        yield _told(folder / "x.jpg", f"damaged EXIF {i}", bytes(changed), (254, 0, 0))
