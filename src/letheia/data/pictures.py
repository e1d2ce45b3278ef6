"""Opening pictures of any kind that people have, as the 8-bit RGB that models read."""

import warnings
from pathlib import Path

from PIL import Image, ImageOps

from letheia.errors import DataError

LARGEST = 100_000_000  # pixels; more is a mistake or a decompression bomb


def read_image(file: Path) -> Image.Image:
    """Open a picture as RGB: upright by its EXIF orientation, transparency on white, 16 bits to 8, the first frame.

    Raises:
        DataError: It is missing, damaged, too large or no picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is either converted here or an error
            with Image.open(file) as image:
                if image.width * image.height > LARGEST:
                    raise DataError(
                        f"{file}: {image.width} x {image.height} pixels are too many; the limit is {LARGEST:,}. "
                        "Scale it down or remove it."
                    )
                return _rgb(ImageOps.exif_transpose(image))
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError, EOFError) as error:
        raise DataError(f"{file}: not a readable picture ({error}). Replace or remove it.") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion clips
        return image.convert("I").point(lambda v: v / 257).convert("L").convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
