"""Where memory runs out less is computed at once, and nothing else changes."""

from functools import partial

import pytest
import torch

from letheia.config import LoadConfig
from letheia.engines import own
from letheia.engines.own import generate
from letheia.errors import CheckpointError
from letheia.methods.table import METHODS
from letheia.models import log_probs
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.train.objective import Objective
from letheia.types import Prompt
from training import PROMPTS, VARIANTS, run


@pytest.mark.parametrize("engine", ["shared", "plain"])
def test_layers_computed_twice_give_the_same_adapter(checkpoints, steps, texts, engine):
    kept, _ = run(checkpoints["mistral"], "pubg", steps, texts, dtype="float64", engine=engine)
    twice, _ = run(checkpoints["mistral"], "pubg", steps, texts, dtype="float64", engine=engine, recompute=True)
    torch.testing.assert_close(kept, twice, atol=1e-9, rtol=1e-9)
    assert kept.norm() > 0


def test_layers_are_really_computed_twice(checkpoints, steps, texts):
    """Where the flag had no effect, memory would not be saved and nobody would notice."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    calls = []
    layer = model.language_model.layers[0]
    layer.self_attn.register_forward_pre_hook(lambda *_: calls.append(1))
    for recompute in (False, True):
        objective = Objective(
            model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, micro_batch=99, recompute=recompute
        )
        objective.backward(steps[0])
    assert len(calls) == 3 and "forward" not in vars(layer)


def scarce(monkeypatch, allowed):
    """Memory for so many answers at once as `allowed` says when they are computed."""

    def limited(real, count):
        def compute(model, given, *, every=False, states=False):
            if count(given) > allowed():
                raise torch.OutOfMemoryError("CUDA out of memory")
            return real(model, given, every=every, states=states)

        return compute

    shared = limited(log_probs.shared_log_probs, lambda groups: sum(map(len, groups)))
    monkeypatch.setattr("letheia.train.objective.shared_log_probs", shared)
    monkeypatch.setattr("letheia.train.objective.log_probs", limited(log_probs.log_probs, len))


def test_what_fits_is_found_once(checkpoints, steps, texts, caplog, monkeypatch):
    """A second method begins with as many tokens as the first ended with; one that is told its size keeps to it."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    make = partial(Objective, model=model, adapted=adapted, texts=texts)
    scarce(monkeypatch, lambda: 3)
    first = make(method=METHODS["pubg"])
    first.backward(steps[0])
    assert first.micro_tokens and model.micro_tokens == first.micro_tokens
    assert caplog.records
    second = make(method=METHODS["reject"])
    assert (second.micro_tokens, second.recompute) == (first.micro_tokens, first.recompute)
    assert make(method=METHODS["pubg"], micro_batch=5).micro_tokens is None
    assert load_model(checkpoints["mistral"]).micro_tokens is None


def test_when_memory_runs_out_the_gradient_stays_the_same(checkpoints, steps, texts, caplog, monkeypatch):
    gradients = []
    for kept, twice in ((99, 99), (2, 3)):
        model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64"))
        adapted = add_adapter(model, rank=4, alpha=8, seed=0)
        objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, micro_batch=9)
        scarce(monkeypatch, lambda o=objective, kept=kept, twice=twice: twice if o.recompute else kept)
        objective.backward(steps[0])
        gradients.append(torch.cat([p.grad.flatten() for p in trained_parameters(adapted).values()]))
    assert (gradients[0] - gradients[1]).norm() <= 1e-5 * gradients[0].norm()
    assert (objective.recompute, objective.answers_a_row) == (True, 2)
    assert [r.message for r in caplog.records] == [
        "out of memory: 4 answers at once from here on.",
        "out of memory: layers are computed twice from here on, which takes about a third longer.",
        "out of memory: 2 answers on one picture at once from here on.",
    ]
    scarce(monkeypatch, lambda: 0)
    with pytest.raises(CheckpointError, match="out of memory with one answer at a time"):
        objective.backward(steps[0])


@pytest.mark.parametrize("engine", ["shared", "plain"])
def test_less_is_computed_at_once_each_time(checkpoints, steps, texts, engine, monkeypatch):
    """By tokens, as without a micro-batch: what is tried next is never larger than what memory did not hold."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, engine=engine)
    sizes, settings = [], []

    def nothing():
        sizes.append(objective.batches(steps[0]).most_tokens)
        settings.append(objective.recompute)
        return 0

    scarce(monkeypatch, nothing)
    with pytest.raises(CheckpointError):
        objective.backward(steps[0])
    assert sizes == sorted(sizes, reverse=True) and len(sizes) >= 4
    assert settings[-1] and sizes[settings.index(True)] == sizes[settings.index(True) - 1]
    assert max(len(row.items) for row in objective.batches(steps[0]).rows) == 1


@pytest.mark.parametrize("engine", ["shared", "plain"])
def test_pairs_that_memory_does_not_hold_are_an_error(checkpoints, steps, texts, engine, monkeypatch):
    """Two answers that a loss needs at once are never one: there is nothing smaller to try."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    objective = Objective(model=model, adapted=adapted, method=VARIANTS, texts=texts, engine=engine)
    scarce(monkeypatch, lambda: 1)
    with pytest.raises(CheckpointError, match="out of memory"):
        objective.backward(steps[0])


def test_answers_are_the_same_when_memory_runs_out(checkpoints, people, monkeypatch):
    model = load_model(checkpoints["mistral"])
    prompts = [Prompt(PROMPTS.question, e.portraits[0], seed=i) for i, e in enumerate(people.entities[:5])]
    whole = generate(model, prompts, max_new_tokens=8, sample=True)
    real, sizes = own._generate_batch, []

    def scarce(model, encoded, *rest, **options):
        sizes.append(len(encoded))
        if len(encoded) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, encoded, *rest, **options)

    monkeypatch.setattr(own, "_generate_batch", scarce)
    assert generate(model, prompts, max_new_tokens=8, sample=True) == whole
    assert sizes == [5, 2, 2, 1]
