"""Who is forgotten, which picture and response each step uses, and what it is trained towards."""

import pytest

from letheia.data.split import draw_split, schedule
from letheia.data.targets import examples
from letheia.errors import DataError
from letheia.models.loading import load_model
from letheia.reference import draw_seed, sample_references
from training import PROMPTS


def test_each_use_has_its_own_draw(split):
    plan = schedule(split, steps=30, batch=8, pictures=1, seed=0)
    uses = [(u.portrait.id, u.draw) for s in plan for u in s.forget]
    assert len(set(uses)) == len(uses) == 240
    assert {len(s.forget) for s in plan} == {len(s.retain) for s in plan} == {8}
    assert plan == schedule(split, steps=30, batch=8, pictures=1, seed=0)
    assert plan != schedule(split, steps=30, batch=8, pictures=1, seed=1)


def test_every_response_is_used_before_any_is_used_again(split):
    plan = schedule(split, steps=3, batch=3, pictures=1, seed=5)
    assert len({(u.portrait.entity, u.response) for s in plan for u in s.forget}) == 9


def test_targets(steps, texts, split):
    for step in steps:
        own, reference, refusal, other = (examples(step, t, texts) for t in ("own", "reference", "refusal", "random"))
        retained = {r for e in split.retain for r in e.responses}
        assert [e.answer for e in own] == [u.response for u in step.forget]
        assert [e.answer for e in reference] == [f"Someone, drawn {u.draw}." for u in step.forget]
        assert all(e.answer in texts.prompts.refusals for e in refusal)
        assert all(e.answer in retained for e in other)
        assert [e.portrait for e in other] == [u.portrait for u in step.forget]
        assert all(e.question == PROMPTS.question for e in (*own, *reference, *refusal, *other))


def test_references_are_the_same_whatever_the_batch(checkpoints, steps):
    model = load_model(checkpoints["mistral"])
    first = sample_references(model, steps, prompts=PROMPTS, seed=0, max_new_tokens=8)
    assert first == sample_references(model, steps, prompts=PROMPTS, seed=0, max_new_tokens=8, batch=2)
    assert first != sample_references(model, steps, prompts=PROMPTS, seed=1, max_new_tokens=8)
    assert draw_seed(0, "a", 1) != draw_seed(0, "a", 2) != draw_seed(1, "a", 2)


def test_split_is_drawn_from_the_recognised(people):
    known = people.pictured
    split = draw_split(known, people=5, n=2, seed=0)
    assert len(split.forget) == 2 and len(split.retain) == 3
    assert not {e.id for e in split.forget} & {e.id for e in split.retain}
    assert split == draw_split(known[::-1], people=5, n=2, seed=0)
    with pytest.raises(DataError, match="recognises 6 people"):
        draw_split(known, people=25, n=10, seed=0)
