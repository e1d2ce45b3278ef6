"""Attention on CPUs: plain matrix products in the model's own precision.

transformers' plain attention copies keys and values for every query head and computes the softmax in float32, and
PyTorch's fused CPU kernel is slow backwards. Here the heads of a group are stacked instead, and nothing is copied: a
training step of the built-in models takes about half the time (`docs/decisions/003-attention-on-cpu.md`). Long rows are
done a block of queries at a time, each with the keys up to its end: the others are behind the mask of a causal model.
Of these no weights are kept for the gradient, they are computed again: 32 heads on 3,000 tokens would keep 0.3 GB a
layer.
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
    if query.device.type != "meta" and torch.is_autocast_enabled(query.device.type):
        query, key, value = (each.to(torch.get_autocast_dtype(query.device.type)) for each in (query, key, value))
    kept = torch.is_grad_enabled() and any(each.requires_grad for each in (query, key, value))
    return _Grouped.apply(query * scaling, key, value, attention_mask, kept).transpose(1, 2).contiguous(), None


class _Grouped(torch.autograd.Function):
    """Attention in blocks of queries, with its gradient by hand.

    What a block adds to the gradient of keys and values goes straight into its place; autograd would make a tensor of
    the size of all keys for every block, and add them up.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, kept: bool) -> Tensor:
        batch, heads, queries, width = query.shape
        groups, keys = key.shape[1:3]
        key, value = (_by_group(each) for each in (key, value))
        out = torch.empty_like(query)
        weights: list[Tensor] = []
        for start, end in _blocks(queries):
            seen = keys - queries + end
            rows = query[:, :, start:end].reshape(batch * groups, -1, width)
            weight = _weights(rows, key[:, :seen], None if mask is None else mask[:, :, start:end, :seen])
            out[:, :, start:end] = torch.bmm(weight, value[:, :seen]).view(batch, heads, -1, width)
            if kept and queries <= BLOCK:
                weights.append(weight)
        ctx.save_for_backward(query, key, value, mask, *weights)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        query, key, value, mask, *weights = ctx.saved_tensors
        batch, heads, queries, width = query.shape
        keys = key.shape[1]
        for_query, for_key, for_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for start, end in _blocks(queries):
            seen = keys - queries + end
            rows, given = (each[:, :, start:end].reshape(len(key), -1, width) for each in (query, gradients[0]))
            seen_mask = None if mask is None else mask[:, :, start:end, :seen]
            weight = weights[0] if weights else _weights(rows, key[:, :seen], seen_mask)
            for_value[:, :seen].baddbmm_(weight.mT, given)
            for_weight = torch.bmm(given, value[:, :seen].mT)
            for_scores = torch.ops.aten._softmax_backward_data(for_weight, weight, -1, weight.dtype)
            for_key[:, :seen].baddbmm_(for_scores.mT, rows)
            for_query[:, :, start:end] = torch.bmm(for_scores, key[:, :seen]).view(batch, heads, -1, width)
        return for_query, for_key.unflatten(0, (batch, -1)), for_value.unflatten(0, (batch, -1)), None, None


def _by_group(states: Float[Tensor, "batch groups keys width"]) -> Float[Tensor, "rows keys width"]:
    """Keys or values a group at a time; those of a cache with room for more are taken where they lie."""
    in_rows = states.stride(2) == states.shape[3] and states.stride(3) == 1
    return (states if in_rows else states.contiguous()).flatten(0, 1)


def _weights(rows: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of a block's queries, those of a group stacked, to the keys that they may see."""
    scores = torch.bmm(rows, key.mT)
    if mask is not None:
        batch, _, queries, seen = mask.shape
        by_head = scores.view(batch, -1, queries, seen)
        by_head += mask.to(scores.dtype)
    return torch.ops.aten._softmax(scores, -1, False)  # autocast would make it float32


def _blocks(queries: int) -> list[tuple[int, int]]:
    return [(start, min(start + BLOCK, queries)) for start in range(0, queries, BLOCK)]


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
