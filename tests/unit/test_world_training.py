"""Training goes on from shipped weights, ends the same when it was stopped, and leaves a record."""

from contextlib import contextmanager

import pytest

from letheia.models.loading import load_model
from letheia.models.shipped import checkpoint, record, weights_folder
from letheia.world import train
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
