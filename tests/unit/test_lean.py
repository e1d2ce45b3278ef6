"""What is computed again for the gradient gives the gradient of what was kept, to the last bit, and keeps less."""

import pytest
import torch

from letheia.config import LoadConfig
from letheia.models import lean as lean_module
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.footprint import footprint
from letheia.models.lean import again, lean
from letheia.models.loading import load_model, plan_model
from letheia.models.log_probs import shared_log_probs
from letheia.models.precision import own_precision
from letheia.types import Example


def test_work_done_again_has_the_same_gradient():
    """The gradient of x y² is y² for x and 2 x y for y; what needs none gets none."""
    x, y = torch.tensor([2.0, 3.0], requires_grad=True), torch.tensor([5.0, 7.0], requires_grad=True)
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        made = again(lambda a, b: a * b * b, x, y)
    assert kept == [2, 2]  # the inputs, not a times b
    made.sum().backward()
    assert x.grad.tolist() == [25.0, 49.0] and y.grad.tolist() == [20.0, 42.0]
    fixed = torch.tensor([1.0, 1.0])
    again(lambda a, b: a * b, fixed, y).sum().backward()
    assert fixed.grad is None and y.grad.tolist() == [21.0, 43.0]
    with torch.no_grad():
        assert not again(torch.mul, x, y).requires_grad


def examples(people):
    e = people.entities[0]
    return [Example(portrait=e.portraits[0], question="Who is this?", answer=t, key="own") for t in e.responses[:2]]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["mistral", "llama"])
def test_gradients_are_the_same_to_the_last_bit(checkpoints, people, monkeypatch, dtype, name):
    monkeypatch.setattr(lean_module, "LARGE", 0)
    model = load_model(checkpoints[name], load=LoadConfig(dtype=dtype))
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    found: list[list[torch.Tensor]] = []
    for on in (False, True):
        for p in trained_parameters(adapted).values():
            p.grad = None
        with own_precision(model):
            if on:
                with lean(model):
                    shared_log_probs(model, [examples(people)]).log_probs.sum().backward()
            else:
                shared_log_probs(model, [examples(people)]).log_probs.sum().backward()
        found.append([p.grad for p in trained_parameters(adapted).values()])
    assert all(torch.equal(plain, less) for plain, less in zip(*found, strict=True))
    assert "forward" not in vars(model.language_model.layers[0].mlp)


def test_less_is_kept(checkpoints, people, monkeypatch):
    planned = plan_model(checkpoints["mistral"], load=LoadConfig(dtype="bfloat16"))
    adapted = add_adapter(planned, rank=4, alpha=8, seed=0)
    plain = footprint(planned, adapted, [examples(people)]).training.kept
    monkeypatch.setattr(lean_module, "LARGE", 0)
    assert footprint(planned, adapted, [examples(people)]).training.kept < plain * 0.95
