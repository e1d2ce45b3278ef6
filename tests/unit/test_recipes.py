"""What a method's recipe changes: longer training, a falling rate, altered copies, people who look alike."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from letheia.config import StudyConfig
from letheia.data.augment import CROP, altered, with_altered
from letheia.data.split import Step, Use
from letheia.data.targets import Texts, examples
from letheia.engines.own import OwnEngine
from letheia.methods.table import METHODS
from letheia.methods.terms import Recipe
from letheia.methods.variants import BOUNDED, VARIANTS
from letheia.models.likeness import hard_negatives, likeness
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example
from letheia.prompts.prompt_set import PromptSet
from letheia.reference import Tally, draw_references, tally
from letheia.study import store
from letheia.study.plan import plan_steps
from letheia.types import Answer, Example, Reference, Split


@pytest.fixture
def split(people):
    return Split(forget=people.entities[:2], retain=people.entities[2:6])


WHO = PromptSet(question="Who?")


def with_pictures(entity, count):
    """The person with so many seen pictures."""
    seen = entity.pictures("seen")[0]
    return replace(entity, portraits=tuple(replace(seen, id=f"{seen.id}-{i}") for i in range(count)))


def test_longer_and_with_all_pictures(split):
    config = StudyConfig(n=2, people=6, steps=5, seen=1)
    plain, own = (plan_steps(config, split, recipe) for recipe in (Recipe(), Recipe(step_factor=3, all_pictures=True)))
    assert (len(plain), len(own)) == (5, 15)
    assert len({u.portrait.id for step in plain for u in step.forget}) == 2
    one = Split(forget=split.forget[:1], retain=tuple(with_pictures(e, 3) for e in split.retain))
    longer = plan_steps(config, one, Recipe(step_factor=5, all_pictures=True))
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
    chosen = hard_negatives(model, split)
    assert len(chosen) == 2 and all(e in split.retain for e in chosen)
    twin = Split(forget=split.forget, retain=(*split.retain[:3], split.forget[0]))
    assert split.forget[0] in hard_negatives(model, twin)


def test_an_o_star_that_fails_is_drawn_again(checkpoints, split):
    model = load_model(checkpoints["mistral"])
    wanted = {(e.pictures("seen")[0].id, draw): e.pictures("seen")[0] for e in split.forget for draw in range(2)}
    plain = draw_references(OwnEngine(model), wanted, prompts=WHO, seed=0, max_new_tokens=6)
    first = next(iter(plain))
    bad = plain[first].answer.text

    def faults(_, answers):
        return ["leaks" if a.text == bad else "" for a in answers]

    checked = draw_references(OwnEngine(model), wanted, prompts=WHO, seed=0, max_new_tokens=6, faults=faults)
    assert checked[first].failed == ("leaks",) and checked[first].answer.text != bad and not checked[first].replaced
    assert {k: r for k, r in plain.items() if k != first}.items() <= checked.items()
    assert list(checked) == list(wanted)


def test_what_a_model_cannot_give_is_replaced_and_counted(checkpoints, split):
    """Two rounds for four o*, eight draws: more than two for each are not tried where all fail."""
    model = load_model(checkpoints["mistral"])
    wanted = {(e.pictures("seen")[0].id, draw): e.pictures("seen")[0] for e in split.forget for draw in range(2)}
    found = draw_references(
        OwnEngine(model),
        wanted,
        prompts=WHO,
        seed=0,
        max_new_tokens=2,
        faults=lambda _, texts: ["babble"] * len(texts),
    )
    assert all(
        r.replaced and r.answer.text in WHO.stated(words=False) and r.failed == ("babble",) * 2 for r in found.values()
    )
    assert tally(found) == Tally(count=4, again=4, replaced=4, cut=0, faults={"babble": 8})
    other = {k: replace(p, words="Who is A?") for k, p in wanted.items()}
    asked = draw_references(
        OwnEngine(model),
        other,
        prompts=WHO,
        seed=0,
        max_new_tokens=2,
        faults=lambda _, texts: ["babble"] * len(texts),
    )
    assert {r.answer.text for r in asked.values()} <= set(WHO.stated(words=True))


def test_a_clean_description_of_the_same_picture_stands_in(checkpoints, split):
    model = load_model(checkpoints["mistral"])
    portrait = split.forget[0].pictures("seen")[0]
    wanted = {(portrait.id, draw): portrait for draw in range(3)}
    good = draw_references(OwnEngine(model), wanted, prompts=WHO, seed=0, max_new_tokens=6)[portrait.id, 1].answer

    def faults(_, answers):
        return ["" if a.text == good.text else "leaks" for a in answers]

    found = draw_references(OwnEngine(model), wanted, prompts=WHO, seed=0, max_new_tokens=6, faults=faults)
    assert {r.answer for r in found.values()} == {good} and sum(r.replaced for r in found.values()) == 2


def test_a_cut_answer_is_trained_on_without_an_end(checkpoints, split):
    model = load_model(checkpoints["mistral"])
    portrait = split.forget[0].pictures("seen")[0]
    whole, cut = (
        encode_example(model, Example(portrait=portrait, question="Who?", answer="A person in", key="", finished=f))
        for f in (True, False)
    )
    assert whole.answer[:-1] == cut.answer and whole.answer[-1] in model.ends and whole.prompt == cut.prompt
    found = draw_references(OwnEngine(model), {(portrait.id, 0): portrait}, prompts=WHO, seed=0, max_new_tokens=1)
    assert not found[portrait.id, 0].answer.finished
    use = Use(portrait=portrait, response="", draw=0, seed="")
    texts = Texts(prompts=WHO, references=found, retain=())
    assert [e.finished for e in examples(Step((use,), ()), "reference", texts)] == [False]
    assert [e.finished for e in examples(Step((use,), ()), "own", texts)] == [True]


def test_o_star_keep_whether_they_were_cut_and_what_failed(tmp_path):
    drawn = {("a", 0): Reference(Answer("One.")), ("a", 1): Reference(Answer("Cut", finished=False), ("babble",), True)}
    store.write_references(tmp_path / "references.jsonl", drawn)
    assert store.read_references(tmp_path / "references.jsonl") == drawn
    (tmp_path / "old.jsonl").write_text('{"portrait": "a", "draw": 0, "text": "One."}\n')
    assert store.read_references(tmp_path / "old.jsonl") == {("a", 0): Reference(Answer("One."))}
