"""Grouped attention is attention, and its gradient is its gradient."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from letheia.engines.own import generate
from letheia.models import attention
from letheia.models.attention import GROUPED
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs
from letheia.models.masks import additive
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
