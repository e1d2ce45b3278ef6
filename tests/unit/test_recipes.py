"""What a method's recipe changes: longer training, a falling rate, altered copies, people who look alike."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from letheia.config import StudyConfig
from letheia.data.augment import CROP, altered, with_altered
from letheia.errors import DataError
from letheia.methods.table import METHODS
from letheia.methods.terms import Recipe
from letheia.methods.variants import BOUNDED, VARIANTS
from letheia.models.likeness import alike, likeness
from letheia.models.loading import load_model
from letheia.reference import draw_references
from letheia.study.plan import plan_steps
from letheia.types import Split


@pytest.fixture
def split(people):
    return Split(forget=people.entities[:2], retain=people.entities[2:6])


def with_pictures(entity, count):
    """The person with so many seen pictures."""
    seen = entity.pictures("seen")[0]
    return replace(entity, portraits=tuple(replace(seen, id=f"{seen.id}-{i}") for i in range(count)))


def test_longer_and_with_all_pictures(split):
    config = StudyConfig(n=2, people=6, steps=5, seen=1)
    plain, own = (plan_steps(config, split, recipe) for recipe in (Recipe(), Recipe(longer=3, all_pictures=True)))
    assert (len(plain), len(own)) == (5, 15)
    assert len({u.portrait.id for step in plain for u in step.forget}) == 2
    one = Split(forget=split.forget[:1], retain=tuple(with_pictures(e, 3) for e in split.retain))
    longer = plan_steps(config, one, Recipe(longer=5, all_pictures=True))
    assert len({u.portrait.id for step in longer for u in step.retain}) == 3 * len(one.retain)


def test_a_variant_changes_one_thing():
    for row in VARIANTS:
        assert METHODS[row.name] == row
        assert (row.terms != BOUNDED.terms) + (row.recipe != BOUNDED.recipe) == 1
        assert row.reduction == BOUNDED.reduction


def test_an_altered_copy_shows_the_same_a_little_differently():
    pixels = np.zeros((60, 40, 3), np.uint8)
    pixels[20:40, 10:30] = 180
    image = Image.fromarray(pixels)
    for seed in range(8):
        copy = np.asarray(altered(image, random.Random(seed)), dtype=float)
        assert copy.shape == pixels.shape
        bright = copy[..., 0] > 90
        assert 0.7 < bright.mean() / (pixels[..., 0] > 90).mean() < 1.1 / (1 - 2 * CROP) ** 2
        assert 150 < copy[30, 20, 0] < 210
    assert len({altered(image, random.Random(seed)).tobytes() for seed in range(8)}) == 8


def test_altered_copies_stand_beside_their_picture(split, tmp_path):
    more = with_altered(split, tmp_path, count=2, seed=0)
    for before, after in zip(split.forget, more.forget, strict=True):
        assert len(after.pictures("seen")) == 3 * len(before.pictures("seen"))
        assert after.pictures("unseen") == before.pictures("unseen")
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with_altered(split, tmp_path, count=2, seed=0)
    assert files == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_likeness_leaves_out_what_all_share():
    """Around the mean (4, 4) the rows are (-3, 0), (3, 0), (0, 3), (0, -3)."""
    found = likeness(torch.tensor([[1.0, 4.0], [7.0, 4.0], [4.0, 7.0], [4.0, 1.0]]))
    torch.testing.assert_close(found[0], torch.tensor([1.0, -1.0, 0.0, 0.0]))


def test_the_half_that_looks_alike_is_of_the_retained(checkpoints, split):
    model = load_model(checkpoints["mistral"])
    chosen = alike(model, split)
    assert len(chosen) == 2 and all(e in split.retain for e in chosen)
    twin = Split(forget=split.forget, retain=(*split.retain[:3], split.forget[0]))
    assert split.forget[0] in alike(model, twin)


def test_an_o_star_that_leaks_is_drawn_again(checkpoints, split):
    model = load_model(checkpoints["mistral"])
    wanted = {(e.pictures("seen")[0].id, draw): e.pictures("seen")[0] for e in split.forget for draw in range(2)}
    plain = draw_references(model, wanted, question="Who?", seed=0, max_new_tokens=6)
    bad = set(list(plain.values())[:1])
    checked = draw_references(model, wanted, question="Who?", seed=0, max_new_tokens=6, leaks=lambda _, t: t in bad)
    assert not bad & set(checked.values())
    assert {k: t for k, t in plain.items() if t not in bad}.items() <= checked.items()
    assert list(checked) == list(wanted)
    with pytest.raises(DataError, match="10 times of 10"):
        draw_references(model, wanted, question="Who?", seed=0, max_new_tokens=2, leaks=lambda *_: True)
