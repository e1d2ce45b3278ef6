"""The loop: schedules, targets, gradients of whole methods, and that nothing but the configuration matters."""

import contextlib
import itertools

import pytest
import torch

from letheia.config import LoadConfig, TrainConfig
from letheia.data.split import draw_split, schedule
from letheia.data.targets import Texts, examples
from letheia.engines import own
from letheia.engines.own import generate
from letheia.errors import CheckpointError, DataError
from letheia.methods.table import METHODS, RETAIN, SHOWN
from letheia.methods.terms import Method, Term
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example
from letheia.prompts.prompt_set import PromptSet
from letheia.reference import draw_seed, sample_references
from letheia.train.objective import Objective
from letheia.train.unlearn import unlearn
from letheia.types import Answer, Prompt, Reference, Split

QUESTION = "Who is this?"
PROMPTS = PromptSet(question=QUESTION)
CONFIG = TrainConfig(learning_rate=1e-3, steps=3, batch=3, rank=4, alpha=8)


@pytest.fixture
def split(people):
    return Split(forget=people.entities[:3], retain=people.entities[3:6])


@pytest.fixture
def steps(split):
    return schedule(split, steps=3, batch=3, pictures=1, seed=0)


@pytest.fixture
def texts(split, steps):
    drawn = {
        (u.portrait.id, u.draw): Reference(Answer(f"Someone, drawn {u.draw}."))
        for s in steps
        for u in (*s.forget, *s.retain)
    }
    return Texts(
        prompts=PROMPTS,
        references=drawn,
        retain=split.retain,
    )


def gradient(checkpoint, name, step, texts):
    """The adapter's gradient after one step's backward passes, away from the start where half of LoRA has none."""
    model = load_model(checkpoint)
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    with torch.no_grad():
        for p in trained_parameters(adapted).values():
            p.add_(0.02 * torch.randn(p.shape, generator=torch.Generator().manual_seed(2)))
    Objective(model=model, adapted=adapted, method=METHODS[name], texts=texts, micro_batch=24).backward(step)
    return torch.cat([p.grad.flatten() for p in trained_parameters(adapted).values()])


VARIANTS = Method(
    name="variants",
    title="",
    terms=(
        Term(loss="dpo", target="reference", over="own"),
        Term(loss="kl", target="reference"),
        Term(loss="kl", target="retain", weight=2.0),
        Term(loss="nll", target="described"),
    ),
)


EACH_LOSS = ("npo", "random", "pubg", "variants")
"""Methods that have every loss and, but for refusals, every target between them."""


@pytest.fixture(autouse=True)
def all_losses(monkeypatch):
    monkeypatch.setitem(METHODS, "variants", VARIANTS)


def test_pubg_is_ascent_plus_guidance(checkpoints, steps, texts, monkeypatch):
    """Eq. 3: grad PUBG = grad GA + grad BG, less the retain gradient that both bring."""
    monkeypatch.setitem(METHODS, "keep", Method(name="keep", title="", terms=(RETAIN,)))
    ga, bg, pubg, keep = (gradient(checkpoints["mistral"], n, steps[0], texts) for n in ("ga", "bg", "pubg", "keep"))
    torch.testing.assert_close(pubg, ga + bg - keep, atol=1e-6, rtol=1e-4)
    assert ga.norm() > 0 and bg.norm() > 0


def run(checkpoint, name, steps, texts, dtype="float32", **changes):
    model = load_model(checkpoint, load=LoadConfig(dtype=dtype))
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    history = unlearn(model, adapted, steps, METHODS[name], texts, CONFIG.model_copy(update=changes))
    return torch.cat([p.detach().flatten() for p in trained_parameters(adapted).values()]), history


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
    groups = shared._groups(steps[0])
    prompts = [len(encode_example(model, group[0][0].example).prompt) for group in groups]
    assert found.alone - found.tokens == sum((len(g) - 1) * (p - 1) for g, p in zip(groups, prompts, strict=True))
    assert f"{found.tokens / 2:,.0f} tokens/s" in str(found) and "saved by sharing" in str(found)


def test_micro_batches_hold_so_many_tokens(checkpoints, steps, texts):
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    for limit in (1, 300, 10**6):
        objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, micro_tokens=limit)
        groups = objective._groups(steps[0])
        parts = list(objective._parts(groups))
        assert [row for part in parts for row in part] == [[i for unit in group for i in unit] for group in groups]
        assert all(len(part) == 1 or sum(map(objective._tokens, part)) <= limit for part in parts)
        if limit != 300:
            assert len(parts) == {1: len(groups), 10**6: 1}[limit]


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


def test_each_use_has_its_own_draw(split):
    plan = schedule(split, steps=30, batch=8, pictures=1, seed=0)
    uses = [(u.portrait.id, u.draw) for s in plan for u in s.forget]
    assert len(set(uses)) == len(uses) == 240
    assert {len(s.forget) for s in plan} == {len(s.retain) for s in plan} == {8}
    assert plan == schedule(split, steps=30, batch=8, pictures=1, seed=0)
    assert plan != schedule(split, steps=30, batch=8, pictures=1, seed=1)


def test_every_response_is_used_before_any_is_used_again(split):
    plan = schedule(split, steps=3, batch=3, pictures=1, seed=5)
    assert len({(u.entity.id, u.response) for s in plan for u in s.forget}) == 9


def test_targets(steps, texts, split):
    for step in steps:
        own, reference, refusal, other = (examples(step, t, texts) for t in ("own", "reference", "refusal", "random"))
        retained = {r for e in split.retain for r in e.responses}
        assert [e.answer for e in own] == [u.response for u in step.forget]
        assert [e.answer for e in reference] == [f"Someone, drawn {u.draw}." for u in step.forget]
        assert all(e.answer in texts.refusals for e in refusal)
        assert all(e.answer in retained for e in other)
        assert [e.portrait for e in other] == [u.portrait for u in step.forget]
        assert all(e.question == QUESTION for e in (*own, *reference, *refusal, *other))


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


class Scarce:
    """Memory for so many answers at once, and for more when layers are computed twice."""

    def __init__(self, objective, kept, twice):
        self.objective, self.kept, self.twice, self.seen = objective, kept, twice, []
        self.real = objective._log_probs

    def __call__(self, groups, *, every=False):
        count = sum(map(len, groups))
        self.seen.append((count, self.objective.recompute))
        if count > (self.twice if self.objective.recompute else self.kept):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.real(groups, every=every)


def test_when_memory_runs_out_the_gradient_stays_the_same(checkpoints, steps, texts, caplog):
    gradients = []
    for kept, twice in ((99, 99), (2, 3)):
        model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64"))
        adapted = add_adapter(model, rank=4, alpha=8, seed=0)
        objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, micro_batch=9)
        objective._log_probs = Scarce(objective, kept, twice)
        objective.backward(steps[0])
        gradients.append(torch.cat([p.grad.flatten() for p in trained_parameters(adapted).values()]))
    assert (gradients[0] - gradients[1]).norm() <= 1e-5 * gradients[0].norm()
    assert (objective.recompute, objective.answers_a_row) == (True, 2)
    assert [r.message for r in caplog.records] == [
        "out of memory: 4 answers at once from here on.",
        "out of memory: layers are computed twice from here on, which takes about a third longer.",
        "out of memory: 2 answers on one picture at once from here on.",
    ]
    objective._log_probs = Scarce(objective, 0, 0)
    with pytest.raises(CheckpointError, match="out of memory with one answer at a time"):
        objective.backward(steps[0])


@pytest.mark.parametrize("engine", ["shared", "plain"])
def test_less_is_computed_at_once_each_time(checkpoints, steps, texts, engine):
    """By tokens, as without a micro-batch: what is tried next is never larger than what memory did not hold."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, engine=engine)
    sizes, settings = [], []
    with contextlib.suppress(CheckpointError):
        while True:
            parts = list(objective._parts(objective._groups(steps[0])))
            sizes.append(max(sum(map(objective._tokens, part)) for part in parts))
            settings.append(objective.recompute)
            objective._take_less(steps[0])
    assert sizes == sorted(sizes, reverse=True) and len(sizes) >= 4
    assert settings[-1] and sizes[settings.index(True)] == sizes[settings.index(True) - 1]
    assert max(len(row) for part in objective._parts(objective._groups(steps[0])) for row in part) == 1


@pytest.mark.parametrize("engine", ["shared", "plain"])
def test_pairs_that_memory_does_not_hold_are_an_error(checkpoints, steps, texts, engine):
    """Two answers that a loss needs at once are never one: there is nothing smaller to try."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    objective = Objective(model=model, adapted=adapted, method=VARIANTS, texts=texts, engine=engine)
    objective._log_probs = Scarce(objective, 1, 1)
    with pytest.raises(CheckpointError, match="out of memory"):
        objective.backward(steps[0])


def test_answers_are_the_same_when_memory_runs_out(checkpoints, people, monkeypatch):
    model = load_model(checkpoints["mistral"])
    prompts = [Prompt(QUESTION, e.portraits[0], seed=i) for i, e in enumerate(people.entities[:5])]
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
