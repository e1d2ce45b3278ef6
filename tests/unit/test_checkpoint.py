"""Training states: another run's or a damaged one is refused."""

import json

import pytest
import torch

from letheia.errors import CheckpointError
from letheia.models.shipped import checkpoint
from letheia.train.checkpoint import drop_state, load_state, save_state


def test_states_are_refused_unless_whole_and_of_this_run(tmp_path):
    p = {"w": torch.ones(3, requires_grad=True)}
    optimizer = torch.optim.AdamW(p.values(), lr=0.1)
    p["w"].sum().backward()
    optimizer.step()
    file = tmp_path / "state.safetensors"
    assert load_state(file, p, optimizer, key="a").step == 0
    save_state(file, p, optimizer, step=1, key="a", history="[1]")
    other = {"w": torch.zeros(3, requires_grad=True)}
    restored = load_state(file, other, torch.optim.AdamW(other.values(), lr=0.1), key="a")
    assert (restored.step, restored.history) == (1, "[1]")
    assert torch.equal(other["w"], p["w"])
    with pytest.raises(CheckpointError, match="other settings"):
        load_state(file, p, optimizer, key="b")
    drop_state(file, unless="a")
    assert file.exists()
    whole = file.read_bytes()
    drop_state(file, unless="b")
    assert not file.exists()
    file.write_bytes(whole[:40])
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(file, p, optimizer, key="a")
    drop_state(file, unless="a")
    drop_state(file, unless="a")
    assert not file.exists()


def test_weights_are_compared_with_the_record(tmp_path):
    with pytest.raises(CheckpointError, match=r"model\.safetensors: missing"):
        checkpoint("mistral", folder=tmp_path)
    (tmp_path / "mistral").mkdir()
    (tmp_path / "mistral" / "model.safetensors").write_bytes(b"x")
    (tmp_path / "weights.json").write_text(json.dumps({"sha256": {"mistral": "0" * 64}}))
    with pytest.raises(CheckpointError, match=r"damaged \(sha256 2d711642b726"):
        checkpoint("mistral", folder=tmp_path)
