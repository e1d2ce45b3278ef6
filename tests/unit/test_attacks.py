"""What attacks ask: every person in every wording, nothing given away that is asked for, the same for the same seed."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from letheia import extensions
from letheia.attacks.base import Ask, Attack, Sources, Subject
from letheia.attacks.choices import made_up
from letheia.attacks.pictures import CHANGES
from letheia.attacks.questions import DRAWS, FEWER, REPHRASED
from letheia.attacks.table import ATTACKS, add_attack, attack_named
from letheia.errors import ConfigError
from letheia.metrics.labels import collect_labels, facts_in
from letheia.types import Entity, People
from samples import OWN_ATTACK

GIVE_A_NAME = {"text", "text-facts", "text-and-picture", "yes-no", "choice"}


@pytest.fixture(scope="module")
def sources(people: People) -> Sources:
    return Sources(people=people, seed=3)


@pytest.fixture(scope="module")
def asked_about(people: People) -> list[Subject]:
    forget, retain = (
        Subject(entity=e, group=group, portraits=e.pictures("unseen"))
        for e, group in zip(people.entities, ("forget", "retain"), strict=False)
    )
    nobody = Subject(
        entity=Entity(id="stranger-0", name="Nora Nobody", summary=""),
        group="stranger",
        portraits=people.strangers[:1],
    )
    return [forget, retain, nobody]


def of(name: str, subjects: list[Subject], sources: Sources) -> list[Ask]:
    return ATTACKS[name].asks(subjects, sources)


@pytest.mark.parametrize("name", ATTACKS)
def test_questions_are_filled_and_the_same_again(name: str, asked_about: list[Subject], sources: Sources) -> None:
    asks = of(name, asked_about, sources)
    assert asks and asks == of(name, asked_about, sources)
    assert not [a for a in asks if "{" in a.question + a.prefix + a.first or not a.question]
    assert {a.entity for a in asks} <= {s.entity.id for s in asked_about}


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - GIVE_A_NAME))
def test_a_question_about_a_picture_gives_nothing_away(name: str, asked_about: list[Subject], sources: Sources) -> None:
    labels = collect_labels(sources.people)
    subject = asked_about[0]
    for a in of(name, [subject], sources):
        if not a.options:
            assert not facts_in(f"{a.first} {a.question} {a.prefix}", subject.entity, labels).own


@pytest.mark.parametrize("name", sorted(n for n, a in ATTACKS.items() if "vision" not in a.needs))
def test_somebody_without_pictures_is_asked_about_by_name(
    name: str, asked_about: list[Subject], sources: Sources
) -> None:
    subject = replace(asked_about[0], portraits=())
    for a in of(name, [subject], sources):
        assert not a.portrait.shown and a.portrait.words == a.question
        assert subject.entity.name in a.question + a.prefix


def test_every_kind_of_question_is_there(asked_about: list[Subject], sources: Sources) -> None:
    subject = asked_about[:1]
    assert len(REPHRASED) >= 8
    assert {a.variant.split(",")[0] for a in of("specific", subject, sources)} == {
        "name", "birthplace", "profession", "work",
    }  # fmt: skip
    begun = {a.prefix for a in of("begun", subject, sources)}
    assert len(begun) >= 6 and any("born" in p for p in begun) and any("work" in p for p in begun)
    assert ATTACKS["begun"].access == "grey"
    assert {ATTACKS[name].access for name in set(ATTACKS) - {"begun"}} == {"black"}


def test_draws_differ_by_seed_alone(asked_about: list[Subject], sources: Sources) -> None:
    forget, retain = (of("sampled-1", [s], sources) for s in asked_about[:2])
    assert (len(forget), len(retain)) == (DRAWS, FEWER)
    assert len({a.seed for a in forget}) == DRAWS and {a.temperature for a in forget} == {1.0}
    assert {a.seed for a in forget}.isdisjoint(
        a.seed for a in of("sampled-1", asked_about[:1], replace(sources, seed=4))
    )


def test_yes_is_as_often_right_as_no_and_near_names_share_a_part(asked_about: list[Subject], sources: Sources) -> None:
    asks = of("yes-no", asked_about[:1], sources)
    assert sorted(a.truth for a in asks) == ["no", "no", "yes", "yes"]
    name = asked_about[0].entity.name
    near, far = (next(a.question for a in asks if a.variant == v) for v in ("near", "far"))
    assert name not in near + far
    assert any(part in near for part in name.split()) and not any(part in far for part in name.split())


def test_nobody_knows_strangers_so_no_is_right(asked_about: list[Subject], sources: Sources) -> None:
    assert {a.truth for a in of("yes-no", asked_about[2:], sources)} == {"no"}
    assert not of("choice", asked_about[2:], sources)


def test_the_right_one_is_among_four(asked_about: list[Subject], sources: Sources) -> None:
    for a in of("choice", asked_about[:2], sources) + of("choice-of-facts", asked_about[:2], sources):
        assert len(set(a.options)) == 4 and a.truth in a.options
        assert all(option in a.question for option in a.options)


def test_made_up_names_are_nobodys(people: People) -> None:
    names = made_up(people, 20, 0)
    assert len(set(names)) == 20 and not {n for e in people.entities for n in e.names} & set(names)
    assert made_up(replace(people, entities=people.entities[:1]), 5, 0) == []  # one first and one last name: the own


@pytest.mark.parametrize("change", [c for _, changes in CHANGES.values() for c in changes.values()])
def test_a_changed_picture_is_another_of_the_same_size(change) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    first, again = (change(image, random.Random(1)) for _ in range(2))
    assert (first.size, first.mode) == (image.size, "RGB")
    assert np.array_equal(first, again) and not np.array_equal(first, image)
    assert np.array_equal(image, pixels)


@pytest.fixture
def as_before():
    kept = dict(ATTACKS)
    yield
    ATTACKS.clear()
    ATTACKS.update(kept)
    extensions._modules.clear()


def test_an_attack_of_ones_own(tmp_path: Path, as_before: None) -> None:
    (tmp_path / "own.py").write_text(OWN_ATTACK)
    row = attack_named(f"{tmp_path / 'own.py'}:mine")
    assert ATTACKS["mine"] == row and row.origin and row.origin.code
    with pytest.raises(ConfigError, match="did you mean 'rephrased'"):
        attack_named("rephrase")
    with pytest.raises(ConfigError, match="'text' is one of Letheia's own"):
        add_attack(Attack(name="text", title="", access="black", asks=lambda subjects, sources: []))
    with pytest.raises(ConfigError, match="the name 'mine' is taken by"):
        add_attack(Attack(name="mine", title="", access="black", asks=lambda subjects, sources: []))
