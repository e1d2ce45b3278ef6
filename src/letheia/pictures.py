"""Opening pictures of any kind that people have, as the 8-bit RGB that models read."""

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from letheia.errors import DataError

LARGEST = 50 * 2**20
"""Pixels; more is a mistake or a decompression bomb, and would take over half a gigabyte to open."""
REDUCED = 25_000_000
"""A JPEG of more pixels is decoded at half its size: no model reads so many, and it takes a quarter of the memory."""
FORMATS = (
    "PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "ICO", "TGA", "PCX", "HEIF",
)  # fmt: skip
"""Of what Pillow opens, the kinds that hold photographs. Others start programs, as EPS does."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation."""
THINNEST = 100
"""How many times as long as its shorter side a picture may be: beyond, some models refuse it and others swell it."""
SEE_THROUGH = {"LA", "La", "PA", "RGBA", "RGBa"}
ORIENTATION, BITS, PHOTOMETRIC = 0x0112, 258, 262  # tags of EXIF and TIFF
WHITE_IS_ZERO = 0


def read_image(file: Path) -> Image.Image:
    """Open a picture as RGB: upright by its EXIF orientation, transparency on white, 16 bits to 8, the first frame.

    Damaged EXIF is passed over, since the pixels are whole. Nothing of it stays in the result.

    Raises:
        DataError: It is missing, damaged, too large, no picture, or its numbers have no known white.
    """
    try:
        special = file.exists() and not file.is_file()
    except OSError:  # a name that the system refuses; opening it says why
        special = False
    if special:  # opening a pipe would wait for ever
        raise DataError(f"{file}: no regular file. Replace or remove it.")
    return decode(file, str(file))


def decode(source: Path | BinaryIO, name: str) -> Image.Image:
    """The same of a file or of its bytes.

    Args:
        source: The file, or its content.
        name: What to call it in messages.

    Raises:
        DataError: It is missing, damaged, too large, no picture, or its numbers have no known white.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is either converted here or an error
            with Image.open(source, formats=_formats()) as image:
                _check_size(image, name)
                if image.width * image.height > REDUCED:
                    image.draft(None, (image.width // 2, image.height // 2))  # other formats have no such decoding
                image.load()  # which turns a TIFF upright itself, and takes its orientation away
                turn = UPRIGHT.get(_orientation(image))
                rgb = _rgb(image, name)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{name}: there is no such file.") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{name}: not a readable picture (no format that is known). Replace or remove it.") from error
    except Exception as error:  # Pillow's readers raise many types on damaged files, struct.error and TypeError too
        raise DataError(f"{name}: not a readable picture ({error}). Replace or remove it.") from error
    rgb.info.clear()
    return rgb if turn is None else rgb.transpose(turn)


def _check_size(image: Image.Image, name: str) -> None:
    size = f"{name}: {image.width} x {image.height} pixels are"
    if image.width * image.height > LARGEST:
        raise DataError(f"{size} too many; the limit is {LARGEST:,}. Scale it down or remove it.")
    if max(image.size) > THINNEST * min(image.size):
        raise DataError(
            f"{size} too thin a picture; one side may have {THINNEST} times the other. Cut it or remove it."
        )


def _formats() -> list[str]:
    """Those of `FORMATS` that are installed; `open` asks for no others."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged in any of many ways; the pixels are whole
        return 1


def _rgb(image: Image.Image, name: str) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _grey(image, name)
    if image.mode in SEE_THROUGH or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _grey(image: Image.Image, name: str) -> Image.Image:
    """Grey of more than 8 bits, which Pillow's own conversion clips.

    Raises:
        DataError: Its numbers may mean anything: nothing in the file says which is white.
    """
    tags = dict(getattr(image, "tag_v2", {}))  # TIFF's
    if image.mode == "F" or (image.mode == "I" and image.format not in {"PNG", "PPM"}):
        kind = "fractions" if image.mode == "F" else "32-bit or signed numbers"
        raise DataError(
            f"{name}: its pixels are {kind}, and nothing says which value is white. Save it with 8 or 16 bits."
        )
    white = 2 ** min(16, *tags.get(BITS, (16,)), 16) - 1
    shares = np.asarray(image).astype(np.float32) / white
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        shares = 1 - shares
    if "transparency" in image.info:
        shares[np.asarray(image) == image.info["transparency"]] = 1
    return Image.fromarray(np.rint(255 * shares.clip(0, 1)).astype(np.uint8)).convert("RGB")
