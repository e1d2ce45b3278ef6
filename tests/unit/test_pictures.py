"""Pictures as people have them: converted where that is right, else one clear error."""

import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from letheia.errors import DataError
from letheia.pictures import LARGEST, read_image
from raw_pictures import kinds
from raw_pictures import saved as kinds_of_pillow


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


@pytest.mark.parametrize(
    ("name", "data", "colour"), [*kinds(), *kinds_of_pillow()], ids=lambda v: v if isinstance(v, str) else ""
)
def test_colours_of_every_kind(name, data, colour, tmp_path):
    """Each shows the colour that it was made of, or is refused where its numbers have no known white."""
    (tmp_path / "picture").write_bytes(data)
    if colour is None:
        with pytest.raises(DataError, match=r"picture: (its pixels|not a readable picture)"):
            read_image(tmp_path / "picture")
    else:
        found = read_image(tmp_path / "picture").getpixel((1, 1))
        assert np.abs(np.subtract(found, colour)).max() <= 5, found


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation(turn, kind, tmp_path):
    """A picture stored turned, with the word for it, opens as it was before (EXIF: 2 and 4 mirror, 5 to 8 lie)."""
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste("red", (0, 0, 16, 8))
    back = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = upright.transpose(Image.Transpose[back[turn]]) if turn in back else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    found = read_image(saved(tmp_path, stored, f"{turn}.{kind}", exif=exif, lossless=True))
    assert found.tobytes() == upright.tobytes() and not found.info and not found.getexif()


def test_damaged_exif_does_not_matter(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A], exif[0x8769] = 6, "Maker", 72.0, {0x829A: (1, 50)}
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(buffer, "JPEG", exif=exif)
    data, rng = buffer.getvalue(), np.random.default_rng(0)
    start, length = data.index(b"Exif\0\0") + 6, len(exif.tobytes()) - 6
    for _ in range(300):
        damaged = bytearray(data)
        for place in rng.integers(length, size=rng.integers(1, 7)):
            damaged[start + place] = rng.choice([0, 1, 2, 5, 10, 0x7F, 0x80, 0xFF, rng.integers(256)])
        (tmp_path / "x.jpg").write_bytes(damaged)
        assert sorted(read_image(tmp_path / "x.jpg").size) == [6, 8]


def test_large_and_thin_pictures(tmp_path):
    """The camera of 8,192 x 6,144 pixels is the largest allowed; its JPEG is decoded at half its size."""
    assert 8192 * 6144 <= LARGEST < 8192 * 6401
    file = saved(tmp_path, Image.new("L", (8192, 4096), 77), "large.jpg")
    assert read_image(file).size == (4096, 2048) and read_image(file).getpixel((9, 9)) == (77, 77, 77)
    for size, words in (((8192, 6401), "too many"), ((1, 101), "too thin"), ((2020, 20), "too thin")):
        with pytest.raises(DataError, match=words):
            read_image(saved(tmp_path, Image.new("1", size), "x.png"))
    assert read_image(saved(tmp_path, Image.new("RGB", (1, 100)), "x.png")).size == (1, 100)


def test_what_is_no_file_is_told_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "round.png").symlink_to("round.png")
    for name in ("pipe.png", "folder.png", "round.png", "n" * 300):
        with pytest.raises(DataError):
            read_image(tmp_path / name)
    with pytest.raises(DataError):
        read_image(Path("/dev/zero"))
