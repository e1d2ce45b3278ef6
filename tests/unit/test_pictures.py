"""Pictures as people have them: converted where that is right, else one clear error."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from letheia.data.pictures import read_image
from letheia.errors import DataError


def saved(tmp_path, image, name="picture.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def test_kinds_are_converted(tmp_path):
    """Each is a mid-grey or red picture in another kind; the colours stay."""
    red = Image.new("RGB", (6, 4), (255, 0, 0))
    palette = red.quantize(4)
    for name, image in (("p.png", palette), ("c.tif", red.convert("CMYK")), ("wrong.jpg", red)):
        file = saved(tmp_path, image, name, **({"format": "PNG"} if name == "wrong.jpg" else {}))
        pixel = read_image(file).getpixel((0, 0))
        assert pixel[0] > 230 and pixel[1] < 30 and pixel[2] < 30, name
    deep = Image.fromarray(np.full((4, 6), 32896, np.uint16))
    assert read_image(saved(tmp_path, deep, "deep.png")).getpixel((0, 0)) == (128, 128, 128)
    clear = Image.new("RGBA", (6, 4), (255, 0, 0, 0))
    assert read_image(saved(tmp_path, clear, "clear.png")).getpixel((0, 0)) == (255, 255, 255)
    assert read_image(saved(tmp_path, Image.new("L", (1, 1), 7), "one.png")).size == (1, 1)


def test_orientation_and_first_frame(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_image(saved(tmp_path, Image.new("RGB", (6, 4)), "turned.jpg", exif=exif)).size == (4, 6)
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    file = saved(tmp_path, frames[0], "film.gif", save_all=True, append_images=frames[1:])
    assert read_image(file).getpixel((0, 0)) == (255, 0, 0)


def bomb():
    """A PNG of a few bytes that claims 40,000 x 40,000 pixels."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (40_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_what_is_no_picture_is_an_error(tmp_path):
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    contents = {"cut.png": whole.getvalue()[:900], "empty.png": b"", "text.png": b"hello", "bomb.png": bomb()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            read_image(tmp_path / name)
    with pytest.raises(DataError, match="missing"):
        read_image(tmp_path / "missing.png")
