"""The adapter made ready for answering gives the same answers, to the last bit of every logit, in fewer operations."""

import contextlib
import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import DynamicCache

from letheia.config import LoadConfig
from letheia.engines.own import generate
from letheia.engines.remembered import RememberingEngine
from letheia.models.adapter import adapter_off, add_adapter, original, remove_adapter, trained_parameters
from letheia.models.answering import answering
from letheia.models.attention import grouped_attention
from letheia.models.cache import with_room
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs
from letheia.models.model import evaluating
from letheia.models.precision import own_precision
from letheia.types import Example, Prompt

VIEWS = ("view", "transpose", "detach", "t.default", "expand", "slice", "select", "unsqueeze", "alias", "as_strided")


class Kernels(TorchDispatchMode):
    """Counts operations that compute something."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += not any(f"aten.{name}" in str(func) for name in VIEWS)
        return func(*args, **(kwargs or {}))


def logits_of(model, example, *, ready):
    """Log-probabilities of the whole vocabulary, and how many operations they took."""
    model.picture(example.portrait)
    made_ready = answering(model) if ready else contextlib.nullcontext()
    with evaluating(model.network), own_precision(model), made_ready, Kernels() as kernels:
        return log_probs(model, [example], every=True).every, kernels.count


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("alpha", [8, 6], ids=["power of two", "other scale"])
def test_every_logit_is_the_same_in_fewer_operations(checkpoints, people, dtype, alpha):
    model = load_model(checkpoints["mistral"], load=LoadConfig(dtype=dtype))
    example = Example(
        portrait=people.entities[0].portraits[0], question="Who is this?", answer=people.entities[0].summary, key="own"
    )
    adapted = add_adapter(model, rank=4, alpha=alpha, seed=0)
    weights = trained_parameters(adapted)
    torch.manual_seed(1)
    for p in weights.values():
        torch.nn.init.normal_(p, std=0.2)
        p.requires_grad_(False)  # as of an adapter that was saved
    before = {name: p.detach().clone() for name, p in weights.items()}
    plain, more = logits_of(model, example, ready=False)
    quick, fewer = logits_of(model, example, ready=True)
    assert torch.equal(plain, quick)
    casts, products = len(weights) * (dtype == "bfloat16"), len(weights) // 2 * (alpha == 8)
    assert more - fewer == casts + products
    assert all(torch.equal(p, before[name]) for name, p in weights.items())
    again, count = logits_of(model, example, ready=False)
    assert torch.equal(again, plain) and count == more  # peft's own passes are back
    with original(adapted):  # the adapter off stays off
        off, _ = logits_of(model, example, ready=True)
        assert torch.equal(off, logits_of(model, example, ready=False)[0]) and not torch.equal(off, plain)
    with adapter_off(model):
        assert torch.equal(logits_of(model, example, ready=True)[0], off)
    remove_adapter(model, adapted)
    assert torch.equal(logits_of(model, example, ready=True)[0], off)


def test_answers_with_an_adapter_are_those_of_peft(model, people, monkeypatch):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    for p in trained_parameters(adapted).values():
        torch.nn.init.normal_(p, std=0.2)
    prompts = [Prompt("Who is this?", e.portraits[0], seed=i) for i, e in enumerate(people.entities[:4])]
    quick = [generate(model, prompts, sample=sample, max_new_tokens=12) for sample in (False, True)]
    monkeypatch.setattr("letheia.models.answering._quick", lambda layer, dtype: None)
    assert quick == [generate(model, prompts, sample=sample, max_new_tokens=12) for sample in (False, True)]
    remove_adapter(model, adapted)


def test_keys_with_room_are_those_that_are_copied():
    """Many small steps past the room that there was, and a step larger than the room."""
    torch.manual_seed(0)
    plain = DynamicCache()
    plain.update(torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), 0)
    roomy = with_room(copy.deepcopy(plain), places=2)
    for new in [2] * 70 + [300, 2]:
        key, value = torch.randn(2, 2, 3, new, 4)
        for found, wanted in zip(roomy.update(key, value, 0), plain.update(key, value, 0), strict=True):
            assert torch.equal(found, wanted)
        assert roomy.get_seq_length() == plain.get_seq_length()


def test_attention_takes_keys_where_they_lie():
    """The same to the last bit, whether keys are a part of something larger or not."""
    torch.manual_seed(0)
    query, larger, mask = torch.randn(2, 4, 3, 8), torch.randn(2, 2, 20, 8), torch.randn(2, 1, 3, 11)
    part = larger[:, :, :11]
    found, wanted = (
        grouped_attention(torch.nn.Module(), query, states, states, mask, 0.3)[0] for states in (part, part.clone())
    )
    assert not part.is_contiguous() and torch.equal(found, wanted)


def test_the_original_is_asked_once(model, people):
    class Counted:
        asked: list[str] = []  # noqa: RUF012

        def answer(self, prompts, **given):
            self.asked += [p.question for p in prompts]
            return generate(model, prompts, max_new_tokens=given["max_new_tokens"], sample=given.get("sample", False))

    engine = RememberingEngine(model, counted := Counted())
    prompts = [Prompt(q, people.entities[i].portraits[0]) for i, q in enumerate(("Who?", "Name?", "Where?"))]
    told: list[int] = []
    first = engine.answer(prompts[:2], max_new_tokens=4)
    again = engine.answer([prompts[1], prompts[2], prompts[0], prompts[0]], max_new_tokens=4, progress=told.append)
    assert counted.asked == ["Who?", "Name?", "Where?"] and told == [3]
    assert [again[2], again[0]] == first and again[2] == again[3]
    assert again == generate(model, [prompts[1], prompts[2], prompts[0], prompts[0]], max_new_tokens=4)
    engine.answer(prompts[:1], max_new_tokens=5)  # another length may cut elsewhere
    engine.answer(prompts[:1], max_new_tokens=4, sample=True)
    adapted = add_adapter(model, rank=2, alpha=4, seed=0)
    engine.answer(prompts[:1], max_new_tokens=4)
    remove_adapter(model, adapted)
    assert counted.asked[3:] == ["Who?"] * 3
