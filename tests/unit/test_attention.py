"""Grouped attention is attention, and its gradient is its gradient."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from letheia.config import LoadConfig
from letheia.engines.own import generate
from letheia.models import attention, tree_attention
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.attention import GROUPED
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs, shared_log_probs
from letheia.models.masks import additive
from letheia.models.tree_attention import TREE
from letheia.types import Prompt
from samples import example


@pytest.mark.parametrize("queries", [5, 3])
def test_the_gradient_of_attention_is_its_gradient(monkeypatch, queries):
    """Against finite differences, in float64, with blocks of two queries and two heads a group; also behind a cache."""
    monkeypatch.setattr(attention, "BLOCK", 2)
    generator = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(2, heads, length, 3, dtype=torch.float64, generator=generator, requires_grad=True)
        for heads, length in ((4, queries), (2, 5), (2, 5))
    )
    mask = additive(torch.ones(2, 1, queries, 5, dtype=torch.bool).tril(5 - queries), torch.float64)

    def attend(q, k, v):
        return attention.grouped_attention(None, q, k, v, mask, 0.7)[0]

    torch.autograd.gradcheck(attend, (query, key, value))
    wanted = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.7, enable_gqa=True).transpose(1, 2)
    torch.testing.assert_close(attend(query, key, value), wanted)


def test_grouped_attention_is_attention(checkpoints, people):
    """Against PyTorch's own, with and without padding."""
    grouped, fused = load_model(checkpoints["mistral"]), load_model(checkpoints["mistral"])
    assert grouped.network.config.get_text_config()._attn_implementation == GROUPED
    fused.network.set_attn_implementation("sdpa")
    batch = [example(people, 0, "Someone."), example(people, 1, "A person with red hair.")]
    a, b = log_probs(grouped, batch).log_probs, log_probs(fused, batch).log_probs
    torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-5)
    prompts = [Prompt("Who is this?", batch[0].portrait), Prompt("Who?"), Prompt("Tell me all that you can see.")]
    assert generate(grouped, prompts, max_new_tokens=8) == generate(fused, prompts, max_new_tokens=8)


def test_a_tree_row_in_two_parts_is_the_row(checkpoints, people, monkeypatch):
    """Log-probabilities, gradients and greedy answers against one dense mask, in float64; rows of unequal length."""
    groups = [
        [example(people, 0, "Someone."), example(people, 0, "A person with red hair, who smiles.")],
        [replace(example(people, 1, "A person."), question="Tell me all that you can see in this picture.")],
    ]
    causal: list[int] = []
    plain = tree_attention.scaled_dot_product_attention

    def noted(query, *others, is_causal=False, **options):
        causal.extend([query.shape[2]] * is_causal)
        return plain(query, *others, is_causal=is_causal, **options)

    monkeypatch.setattr(tree_attention, "scaled_dot_product_attention", noted)
    found: list[list[torch.Tensor]] = []
    answers: list[list[str]] = []
    for attn in ("sdpa", TREE):
        model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64", attn=attn))
        adapted = add_adapter(model, rank=4, alpha=8, seed=0)
        read = shared_log_probs(model, groups).log_probs
        read.sum().backward()
        found.append([read.detach(), *(p.grad for p in trained_parameters(adapted).values())])
        prompts = [Prompt("Who is this?", groups[0][0].portrait), Prompt("Who?")]
        answers.append([a.text for a in generate(model, prompts, max_new_tokens=8)])
    layers = model.network.config.get_text_config().num_hidden_layers
    assert len(causal) == layers and causal[0] > 16  # the first part of every layer, and of training alone
    for dense, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, dense, rtol=1e-9, atol=1e-12)
    assert answers[0] == answers[1]
