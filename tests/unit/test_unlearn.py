"""The loop: gradients of whole methods, and that nothing but the configuration matters."""

import itertools

import pytest
import torch

from letheia.methods.table import METHODS, RETAIN, SHOWN
from letheia.methods.terms import Method
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example
from letheia.train.objective import Objective
from letheia.train.unlearn import unlearn
from training import CONFIG, EACH_LOSS, run

pytestmark = pytest.mark.usefixtures("all_losses")


def gradient(checkpoint, name, step, texts):
    """The adapter's gradient after one step's backward passes, away from the start where half of LoRA has none."""
    model = load_model(checkpoint)
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    with torch.no_grad():
        for p in trained_parameters(adapted).values():
            p.add_(0.02 * torch.randn(p.shape, generator=torch.Generator().manual_seed(2)))
    Objective(model=model, adapted=adapted, method=METHODS[name], texts=texts, micro_batch=24).backward(step)
    return torch.cat([p.grad.flatten() for p in trained_parameters(adapted).values()])


def test_pubg_is_ascent_plus_guidance(checkpoints, steps, texts, monkeypatch):
    """Eq. 3: grad PUBG = grad GA + grad BG, less the retain gradient that both bring."""
    monkeypatch.setitem(METHODS, "keep", Method(name="keep", title="", terms=(RETAIN,)))
    ga, bg, pubg, keep = (gradient(checkpoints["mistral"], n, steps[0], texts) for n in ("ga", "bg", "pubg", "keep"))
    torch.testing.assert_close(pubg, ga + bg - keep, atol=1e-6, rtol=1e-4)
    assert ga.norm() > 0 and bg.norm() > 0


@pytest.mark.parametrize("name", (*SHOWN, "variants"))
def test_the_same_seed_gives_the_same_adapter(checkpoints, steps, texts, name):
    first, history = run(checkpoints["mistral"], name, steps, texts)
    again, _ = run(checkpoints["mistral"], name, steps, texts)
    assert torch.equal(first, again)
    assert [set(h) for h in history] == [{t.name for t in METHODS[name].terms}] * 3


@pytest.mark.parametrize("name", EACH_LOSS)
def test_micro_batches_do_not_matter(checkpoints, steps, texts, name):
    """In float64 far below 1e-5; in float32 Adam divides by near-zero gradients and shows their rounding."""
    whole, history = run(checkpoints["mistral"], name, steps, texts, dtype="float64")
    parts, values = run(checkpoints["mistral"], name, steps, texts, dtype="float64", micro_batch=1)
    torch.testing.assert_close(whole, parts, atol=1e-5, rtol=1e-5)
    for a, b in zip(history, values, strict=True):
        assert a == pytest.approx(b, rel=1e-6)
    whole, _ = run(checkpoints["mistral"], name, steps, texts)
    parts, _ = run(checkpoints["mistral"], name, steps, texts, micro_batch=1)
    assert (whole - parts).norm() <= 1e-4 * whole.norm()


@pytest.mark.parametrize("name", EACH_LOSS)
def test_both_engines_give_the_same_adapter(checkpoints, steps, texts, name):
    shared, history = run(checkpoints["mistral"], name, steps, texts, dtype="float64")
    plain, values = run(checkpoints["mistral"], name, steps, texts, dtype="float64", engine="plain")
    torch.testing.assert_close(shared, plain, atol=1e-6, rtol=1e-6)
    for a, b in zip(history, values, strict=True):
        assert a == pytest.approx(b, rel=1e-6)


def test_kl_starts_at_the_original_and_guidance_does_not(checkpoints, steps, texts):
    """A fresh adapter changes nothing: as asked the divergence is 0, from the original under guidance it is not."""
    _, history = run(checkpoints["mistral"], "variants", steps[:1], texts)
    assert history[0]["kl(retain)"] == pytest.approx(0, abs=1e-5)
    assert history[0]["kl(reference)"] > 1e-3
    assert history[0]["dpo(reference)"] == pytest.approx(0.693147, rel=1e-3)


def test_what_sharing_saves_is_counted(checkpoints, steps, texts):
    """K answers on one picture save (K - 1) times its prompt but for the last token, which starts every branch."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    shared, plain = (
        Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, engine=engine)
        for engine in ("shared", "plain")
    )
    found, alone = shared.work(steps[0], 2.0), plain.work(steps[0], 2.0)
    assert alone.tokens == alone.alone == found.alone
    groups = shared.batches(steps[0]).groups
    prompts = [len(encode_example(model, group[0][0].example).prompt) for group in groups]
    assert found.alone - found.tokens == sum((len(g) - 1) * (p - 1) for g, p in zip(groups, prompts, strict=True))
    assert f"{found.tokens / 2:,.0f} tokens/s" in str(found) and "saved by sharing" in str(found)


def test_micro_batches_hold_so_many_tokens(checkpoints, steps, texts):
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    for limit in (1, 300, 10**6):
        objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, micro_tokens=limit)
        found = objective.batches(steps[0])
        assert [row.items for row in found.rows] == [[i for unit in group for i in unit] for group in found.groups]
        assert all(len(part) == 1 or sum(row.tokens for row in part) <= limit for part in found.parts)
        if limit != 300:
            assert len(found.parts) == {1: len(found.groups), 10**6: 1}[limit]


def test_a_falling_rate(checkpoints, steps, texts):
    """Of three steps the second goes at two thirds of the rate, the third at a third."""
    seen = []
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    weights = list(trained_parameters(adapted).values())

    def note(*_):
        seen.append(torch.cat([p.detach().flatten() for p in weights]))

    note()
    unlearn(model, adapted, steps, METHODS["bg"], texts, CONFIG.model_copy(update={"decay": True}), progress=note)
    largest = [(b - a).abs().max().item() / CONFIG.learning_rate for a, b in itertools.pairwise(seen)]
    assert largest[0] == pytest.approx(1, rel=1e-3)  # Adam's first step is the rate, whatever the gradient
    assert largest[1] < 1.01 and largest[2] < 0.68


def test_a_step_of_descent_makes_the_target_likelier(checkpoints, steps, texts):
    _, history = run(checkpoints["llama"], "bg", steps * 3, texts, learning_rate=1e-2)
    assert history[-1]["nll(reference)"] < history[0]["nll(reference)"]
