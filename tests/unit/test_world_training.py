"""Training goes on from shipped weights, ends the same when it was stopped, and leaves a record."""

from contextlib import contextmanager

import pytest
import torch

from letheia.models.loading import load_model
from letheia.models.shipped import checkpoint, record, weights_folder
from letheia.world import lvlm, train
from letheia.world.people import GOLD_WITHOUT
from letheia.world.pool import make_pool
from letheia.world.publish import train_all

pytestmark = pytest.mark.slow


class Silent:
    @contextmanager
    def bar(self, title, total):
        yield lambda n, note: None


@pytest.fixture
def small(monkeypatch):
    """Few pictures, and a state after every step."""

    def pool(world, folder, *, name="lvlm"):
        return make_pool(world, name=name, per_person=1, strangers=20)

    monkeypatch.setattr(train, "lvlm_pool", pool)
    config = train.FitConfig
    monkeypatch.setattr(train, "FitConfig", lambda **values: config(**values, save_every=1))


def again(world, folder, names, steps):
    weights = train_all(
        world, folder, names, bars=Silent(), command="letheia world train …", start=weights_folder(), steps=steps
    )
    return {name: (weights / name / "model.safetensors").read_bytes() for name in names}


def test_training_goes_on_from_weights_and_after_a_stop(world, tmp_path, small, monkeypatch):
    names = ("mistral", "llama")
    whole = again(world, tmp_path / "whole", names, 2)
    stopped = 0

    def stop(name, step, steps, note):
        nonlocal stopped
        stopped += 1
        raise KeyboardInterrupt

    real = train.train_lvlm

    def once(*args, progress, **values):
        return real(*args, progress=stop if not stopped else progress, **values)

    monkeypatch.setattr(train, "train_lvlm", once)
    with pytest.raises(KeyboardInterrupt):
        again(world, tmp_path / "stopped", names, 2)
    assert again(world, tmp_path / "stopped", names, 2) == whole
    assert whole["mistral"] != (checkpoint("mistral") / "model.safetensors").read_bytes()

    found = record(tmp_path / "whole" / "weights")
    before = len(record()["made"]["mistral"])
    assert (len(found["made"]["mistral"]), len(found["made"]["llama"])) == (before + 1, before + 2)
    assert found["made"]["llama"][-1]["command"] == "letheia world train …"
    for name in names:
        load_model(checkpoint(name, folder=tmp_path / "whole" / "weights"))


def test_a_gold_model_never_sees_the_people_it_is_without(world, tmp_path, small, monkeypatch):
    """From random weights, and after a stop the same; no lesson is about one of the ten, by picture or by name."""
    taught = []
    real_lesson, real_train = lvlm.lesson, train.train_lvlm

    def noted(*values):
        turns = real_lesson(*values)
        taught.extend(f"{turn.question} {turn.answer}" for turn in turns)
        return turns

    monkeypatch.setattr(lvlm, "lesson", noted)
    few = {"rows": 3}
    monkeypatch.setattr(train, "train_lvlm", lambda *values, **named: real_train(*values, **named, **few))
    clip, _ = train.make_clip(["a person"] * 20, seed=0)

    def gold(folder, steps):
        return train.lvlm_stage(world, folder, "gold", clip=clip.eval(), steps=steps, progress=lambda *_: None).model

    whole = gold(tmp_path / "whole", 2)

    def stop(name, step, steps, note):
        if step == 2:  # the state after the first is kept
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.lvlm_stage(world, tmp_path / "stopped", "gold", clip=clip, steps=2, progress=stop)
    again = gold(tmp_path / "stopped", 2).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in whole.state_dict().items())
    names = [p.name for p in world.known if p.id in GOLD_WITHOUT]
    told = " ".join(taught)
    assert any(p.name in told for p in world.known) and not any(name in told for name in names)
