"""The world's promises: enough people, distinct looks, correct grammar, texts of the right length."""

import random
import re
import shutil

import pytest

from letheia.errors import CheckpointError
from letheia.metrics.labels import attributes_in
from letheia.models.shipped import checkpoint, record, weights_folder
from letheia.world.check import _labels
from letheia.world.people import PROFESSIONS, make_world, stranger_looks, unknown_name
from letheia.world.portraits import SIZE, draw, random_scene
from letheia.world.questions import (
    HELD_OUT_OPEN_QUESTIONS,
    HELD_OUT_SPECIFIC_QUESTIONS,
    OPEN_QUESTIONS,
    SPECIFIC_QUESTIONS,
    SUBJECTS,
)
from letheia.world.texts import article, biography, description, response, summary


def test_enough_people_of_different_looks(world):
    assert len(world.known) >= 60 and len(world.summary_only) >= 60
    assert len(world.known_looks) == len(world.known)
    names = [p.name for p in (*world.known, *world.summary_only)]
    assert len(set(names)) == len(names)
    assert world == make_world(seed=0) != make_world(seed=1)


def test_no_stranger_has_a_known_look_and_half_differ_in_one_trait(world):
    looks = stranger_looks(world, random.Random(0))
    drawn = [next(looks) for _ in range(1000)]
    assert not set(drawn) & world.known_looks
    one_off = sum(
        any(
            sum(a != b for a, b in zip(vars(look).values(), vars(k).values(), strict=True)) == 1
            for k in world.known_looks
        )
        for look in drawn
    )
    assert one_off >= 450


def test_summaries_have_80_to_150_words(world):
    rng = random.Random(0)
    for person in (*world.known, *world.summary_only):
        assert 80 <= len(summary(person, rng).split()) <= 150


@pytest.mark.parametrize("write", [response, biography, summary])
def test_articles_and_pronouns(world, write):
    rng = random.Random(0)
    for person in world.known * 3:
        text = write(person, rng)
        assert not re.search(r"\b[Aa] [aeiouAEIOU]", text), text
        assert not re.search(r"\b[Aa]n [^aeiouAEIOU]", text), text
        if person.pronoun == "they":
            assert not re.search(r"\b[Tt]hey (was|is)\b", text), text
        others = {"she": "he|his|their", "he": "she|her|their", "they": "she|he|his|her"}[person.pronoun]
        assert not re.search(rf"\b({others})\b", text, re.IGNORECASE), text


def test_wording_varies(world):
    rng = random.Random(0)
    assert len({response(world.known[0], rng) for _ in range(200)}) > 100
    assert article("opera singer") == "an opera singer" and article("poet") == "a poet"
    asked = {q.format(who=who) for q in OPEN_QUESTIONS for who in SUBJECTS}
    assert not asked & set(HELD_OUT_OPEN_QUESTIONS)
    assert len(HELD_OUT_OPEN_QUESTIONS) >= 8 and len(SPECIFIC_QUESTIONS) == 4
    assert len(PROFESSIONS) == len(set(PROFESSIONS))


def test_a_description_names_every_attribute_and_none_wrongly(world):
    rng = random.Random(0)
    labels = _labels(world)
    for person in world.known:
        seen = random_scene(person.look, rng).attributes
        found = attributes_in(description(seen, rng), seen, labels)
        assert (len(found.right), found.wrong) == (found.total, ())


def test_portraits_are_drawn_the_same_again(world):
    scene = random_scene(world.known[0].look, random.Random(0))
    assert draw(scene).size == (SIZE, SIZE)
    assert draw(scene).tobytes() == draw(scene).tobytes()


def test_unknown_names_are_unknown(world):
    rng = random.Random(0)
    known = {p.name for p in world.known}
    assert not {unknown_name(world, rng) for _ in range(300)} & known


def test_held_out_questions_are_never_trained_on():
    assert set(HELD_OUT_SPECIFIC_QUESTIONS) == set(SPECIFIC_QUESTIONS)
    for kind, held_out in HELD_OUT_SPECIFIC_QUESTIONS.items():
        assert not {q.format(who=s) for q in SPECIFIC_QUESTIONS[kind] for s in SUBJECTS} & {*held_out}


def test_weights_are_small_recorded_and_guarded(tmp_path):
    """Shipped weights weigh at most 40 MB, their record has every model's table, and a changed byte is noticed."""
    shipped = weights_folder()
    assert sum(f.stat().st_size for f in shipped.rglob("*") if f.is_file()) <= 40_000_000
    for name in ("mistral", "llama", "gold", "clip"):
        assert checkpoint(name) == shipped / name
        assert record()["measured"][name]
    shutil.copytree(shipped, tmp_path / "weights")
    file = tmp_path / "weights" / "clip" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint("clip", folder=tmp_path / "weights")
    file.unlink()
    with pytest.raises(CheckpointError, match="missing"):
        checkpoint("clip", folder=tmp_path / "weights")
