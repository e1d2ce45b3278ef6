"""An adapter that may not read what kept answers use: closed forms, and a whole training."""

from dataclasses import replace

import torch

from letheia.config import TrainConfig
from letheia.methods.table import METHODS
from letheia.methods.terms import Recipe
from letheia.models.adapter import fresh_adapter, original
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs
from letheia.train.projection import leading, projection
from letheia.train.unlearn import unlearn
from samples import example
from training import split, steps, texts  # noqa: F401


def test_the_fewest_directions_that_hold_a_share():
    energy = torch.diag(torch.tensor([2.0, 90.0, 8.0]))
    for share, count in ((0.5, 1), (0.9, 1), (0.95, 2), (0.99, 3)):
        assert leading(energy, share).shape == (3, count)
    assert leading(energy, 0.5).abs().T.tolist() == [[0, 1, 0]]


def test_kept_answers_stay_as_they_are_where_all_is_taken_off(checkpoints, people):
    """With every direction of an answer's inputs taken off, no adapter changes the answer; others may change."""
    model = load_model(checkpoints["mistral"])
    kept = [example(people, 0, "A poet.")]
    with fresh_adapter(model, rank=4, alpha=8, seed=0) as adapted:
        off = projection(model, adapted, kept, share=1 - 1e-9)
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if "lora_B" in name:
                    weight.normal_(generator=torch.Generator().manual_seed(0))
        for weight, basis in off.off:
            assert torch.allclose(weight @ basis, torch.zeros(()), atol=1e-4)
        now = log_probs(model, kept).log_probs
        with original(adapted):
            before = log_probs(model, kept).log_probs
    assert torch.allclose(now, before, atol=1e-2)


def test_nothing_is_taken_off_by_default(checkpoints, people):
    model = load_model(checkpoints["mistral"])
    with fresh_adapter(model, rank=4, alpha=8, seed=0) as adapted:
        assert not projection(model, adapted, [example(people)], share=0).off


def test_training_stays_off_the_directions(checkpoints, steps, texts, monkeypatch):  # noqa: F811
    made = []

    def kept(*args, **named):
        made.append(projection(*args, **named))
        return made[-1]

    monkeypatch.setattr("letheia.train.unlearn.projection", kept)
    model = load_model(checkpoints["mistral"])
    row = replace(METHODS["ga"], name="projected", recipe=Recipe(project=0.9))
    with fresh_adapter(model, rank=4, alpha=8, seed=0) as adapted:
        unlearn(model, adapted, steps, row, texts, TrainConfig(learning_rate=1e-3, steps=len(steps), batch=3))
        (found,) = made
        assert found.off
        for weight, basis in found.off:
            assert torch.allclose(weight @ basis, torch.zeros(()), atol=1e-5) and weight.abs().sum() > 0
