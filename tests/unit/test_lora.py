"""The adapter sits where it should, and without it the original is the original bit for bit."""

import re

import pytest
import torch

from letheia.errors import CheckpointError
from letheia.models.adapter import (
    adapter_off,
    add_adapter,
    load_adapter,
    original,
    remove_adapter,
    trained_parameters,
)
from letheia.models.families import FAMILIES
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs
from letheia.models.saving import save_adapter
from samples import example


def test_lora_sits_on_the_language_model_only(model):
    adapted = add_adapter(model, rank=2, alpha=4, seed=0)
    names = list(trained_parameters(adapted))
    assert len(names) == 2 * 7 * model.network.config.text_config.num_hidden_layers
    assert not [n for n in names if "vision" in n or "projector" in n]
    pattern = FAMILIES["llava_next"].lora_pattern
    assert not re.fullmatch(pattern, "model.vision_tower.encoder.layers.0.self_attn.q_proj")
    assert all(p.dtype == torch.float32 for p in trained_parameters(adapted).values())


def disturb(adapted):
    with torch.no_grad():
        for p in trained_parameters(adapted).values():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))


def test_the_original_is_the_untouched_checkpoint_bit_for_bit(either_model, people):
    batch = [example(people, i) for i in range(2)]
    with torch.no_grad():
        before = log_probs(either_model, batch).log_probs
        adapted = add_adapter(either_model, rank=4, alpha=8, seed=0)
        disturb(adapted)
        changed = log_probs(either_model, batch).log_probs
        with original(adapted):
            off = log_probs(either_model, batch).log_probs
        again = log_probs(either_model, batch).log_probs
        remove_adapter(either_model, adapted)
        removed = log_probs(either_model, batch).log_probs
    assert torch.equal(before, off)
    assert torch.equal(before, removed)
    assert torch.equal(changed, again)
    assert not torch.equal(before, changed)


def test_the_adapter_is_switched_off_where_it_sits(model, people):
    """As it is done for an adapter that was loaded, whose peft model nobody has at hand."""
    with torch.no_grad():
        before = log_probs(model, [example(people)]).log_probs
        adapted = add_adapter(model, rank=4, alpha=8, seed=0)
        disturb(adapted)
        on = log_probs(model, [example(people)]).log_probs
        with adapter_off(model), adapter_off(model):
            assert torch.equal(before, log_probs(model, [example(people)]).log_probs)
        assert torch.equal(on, log_probs(model, [example(people)]).log_probs)
        remove_adapter(model, adapted)
        with adapter_off(model):
            assert torch.equal(before, log_probs(model, [example(people)]).log_probs)


def test_the_adapter_is_back_after_an_exception(model, people):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    disturb(adapted)
    with torch.no_grad():
        on = log_probs(model, [example(people)]).log_probs
        with pytest.raises(ZeroDivisionError), original(adapted):
            _ = 1 / 0
        assert torch.equal(on, log_probs(model, [example(people)]).log_probs)


def test_a_saved_adapter_answers_the_same(model, checkpoints, people, tmp_path):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    disturb(adapted)
    save_adapter(adapted, tmp_path / "adapter")
    other = load_model(checkpoints["mistral"])
    load_adapter(other, tmp_path / "adapter")
    with torch.no_grad():
        batch = [example(people)]
        assert torch.equal(log_probs(model, batch).log_probs, log_probs(other, batch).log_probs)


def test_a_folder_without_adapter_is_named(model, tmp_path):
    with pytest.raises(CheckpointError, match="no adapter there"):
        load_adapter(model, tmp_path)
