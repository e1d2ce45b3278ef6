"""Attention of tree rows in two parts: what a row begins with is causal and needs no mask, its branches have theirs.

On a GPU a fused kernel that takes no mask does the first part, nearly all of a row, on half of its pairs. What is left
is a mask as wide as the row and as long as the branches. Heads of a group stand below each other there, so that keys
are not repeated. Chosen by `--attn letheia_tree`.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

TREE = "letheia_tree"


def tree_attention(
    module: nn.Module,
    query: Float[Tensor, "batch heads queries width"],
    key: Float[Tensor, "batch groups keys width"],
    value: Float[Tensor, "batch groups keys width"],
    attention_mask: Float[Tensor, "batch 1 queries keys"] | None,
    scaling: float | None = None,
    shared: int = 0,
    **others: Any,
) -> tuple[Float[Tensor, "batch queries heads width"], None]:
    """Scaled dot-product attention in the form that `AttentionInterface` wants.

    Args:
        module: The attention layer.
        query: Queries.
        key: Keys.
        value: Values.
        attention_mask: Additive, or none for plain rows.
        scaling: What scores are multiplied by.
        shared: How many tokens all rows begin with that see what is before them, and nothing else.
        others: What transformers hands on.
    """
    if attention_mask is None or not shared or key.shape[2] != query.shape[2]:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **others)
    first = scaled_dot_product_attention(
        query[:, :, :shared],
        key[:, :, :shared],
        value[:, :, :shared],
        is_causal=True,
        scale=scaling,
        enable_gqa=key.shape[1] != query.shape[1],
    )
    rest = _branches(query[:, :, shared:], key, value, attention_mask[:, :, shared:], scaling)
    return torch.cat([first, rest], 2).transpose(1, 2).contiguous(), None


def _branches(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scaling: float | None) -> Tensor:
    """Attention of queries to all keys, those of a group's heads below each other."""
    batch, heads, queries, width = query.shape
    groups = key.shape[1]
    below = query.reshape(batch, groups, heads // groups * queries, width)
    masks = mask.repeat(1, 1, heads // groups, 1)
    return scaled_dot_product_attention(below, key, value, attn_mask=masks, scale=scaling).reshape(query.shape)


AttentionInterface.register(TREE, tree_attention)
AttentionMaskInterface.register(TREE, sdpa_mask)
