"""Attention on CPUs: plain matrix products in the model's own precision.

transformers' plain attention copies keys and values for every query head and computes the softmax in float32, and
PyTorch's fused CPU kernel is slow backwards. Here the heads of a group are stacked instead, and nothing is copied: a
training step of the built-in models takes about half the time (`docs/decisions/003-attention-on-cpu.md`). Long rows are
done a block of queries at a time, each with the keys up to its end: the others are behind the mask of a causal model.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask
from transformers.models.llama.modeling_llama import repeat_kv

GROUPED = "letheia_grouped"
PLANNED = "letheia_planned"
BLOCK = 256  # queries


def grouped_attention(
    module: nn.Module,
    query: Float[Tensor, "batch heads queries width"],
    key: Float[Tensor, "batch groups keys width"],
    value: Float[Tensor, "batch groups keys width"],
    attention_mask: Float[Tensor, "batch 1 queries keys"] | None,
    scaling: float,
    **_: Any,
) -> tuple[Float[Tensor, "batch queries heads width"], None]:
    """Scaled dot-product attention with an additive mask, in the form that `AttentionInterface` wants.

    No query may see a key behind its own place, counted from the end; families where it may (Gemma 3) don't use this.
    """
    queries, keys = query.shape[2], key.shape[2]
    query, mixed = query * scaling, []
    for start in range(0, queries, BLOCK):
        end = min(start + BLOCK, queries)
        seen = keys - queries + end
        mask = attention_mask[:, :, start:end, :seen] if attention_mask is not None else None
        mixed.append(_block(query[:, :, start:end], key[:, :, :seen], value[:, :, :seen], mask))
    return (mixed[0] if len(mixed) == 1 else torch.cat(mixed, 1)), None


def _block(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    batch, heads, queries, width = query.shape
    groups = key.shape[1]
    stacked = query.reshape(batch, groups, -1, width)
    scores = (stacked @ key.transpose(2, 3)).unflatten(2, (heads // groups, queries))
    if mask is not None:
        scores += mask[:, :, None].to(scores.dtype)
    weights = torch.ops.aten._softmax(scores, -1, False)  # torch.softmax would go to float32 under autocast
    weighed = weights.flatten(2, 3) @ value
    return weighed.reshape(batch, heads, queries, width).transpose(1, 2).contiguous()


class _Fused(torch.autograd.Function):
    """Keeps for the gradient what a fused kernel keeps: queries, keys, values, output and a sum for each query."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        out = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, mask, out, out.new_empty(out.shape[:-1], dtype=torch.float32))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError("planned attention has no gradient")


def planned_attention(
    module: nn.Module,
    query: Float[Tensor, "batch heads queries width"],
    key: Float[Tensor, "batch groups keys width"],
    value: Float[Tensor, "batch groups keys width"],
    attention_mask: Float[Tensor, "batch 1 queries keys"] | None,
    **_: Any,
) -> tuple[Float[Tensor, "batch queries heads width"], None]:
    """Attention that computes nothing, for networks without weights: shapes and kept memory of a fused kernel."""
    heads = query.shape[1] // key.shape[1]
    key, value = (repeat_kv(each, heads) for each in (key, value))
    return _Fused.apply(query, key, value, attention_mask).transpose(1, 2).contiguous(), None


AttentionInterface.register(PLANNED, planned_attention)
AttentionMaskInterface.register(PLANNED, eager_mask)
AttentionInterface.register(GROUPED, grouped_attention)
AttentionMaskInterface.register(GROUPED, eager_mask)
