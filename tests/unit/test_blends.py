"""Blends: pictures made of two others."""

from dataclasses import replace

from PIL import Image

from letheia.data.augment import blended
from letheia.pictures import read_image
from letheia.types import Portrait


def pictures(folder, colours):
    for number, (colour, size) in enumerate(colours):
        Image.new("RGB", size, (colour,) * 3).save(folder / f"{number}.png")
    first = Portrait(id="0", file=folder / "0.png", entity="", role="anyone")
    return [replace(first, id=str(n), file=folder / f"{n}.png") for n in range(len(colours))]


def test_a_blend_is_half_of_each(tmp_path):
    two = pictures(tmp_path, [(0, (8, 6)), (200, (4, 4))])
    found = blended(two, tmp_path / "blends", count=9, seed=0)
    assert [p.id for p in found] == ["blend-0", "blend-1"]
    for blend in found:
        image = read_image(blend.file)
        assert image.size in ((8, 6), (4, 4))
        assert {image.getpixel((x, y)) for x in range(4) for y in range(4)} == {(100, 100, 100)}
        assert blend.role == "anyone" and not blend.entity
    again = blended(two, tmp_path / "again", count=9, seed=0)
    assert [read_image(p.file).tobytes() for p in again] == [read_image(p.file).tobytes() for p in found]


def test_one_picture_makes_no_blend(tmp_path):
    assert blended(pictures(tmp_path, [(0, (4, 4))]), tmp_path / "blends", count=9, seed=0) == ()
    assert not (tmp_path / "blends").exists()
