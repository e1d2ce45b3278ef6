"""Attention masks: bidirectional over a picture for families that need it (Gemma 3), else padding alone.

In Gemma 3 the tokens of a picture see one another, later ones too, and most layers look back over a window only. The
language model alone would take pictures for text, so both rules are spelled out: for plain rows by the network's own
code, for branches here.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad

from letheia.models.branches import Packed
from letheia.models.model import Model


def row_mask(
    model: Model,
    embeddings: Float[Tensor, "rows seq hidden"],
    ids: Int[Tensor, "rows seq"],
    real: Int[Tensor, "rows seq"],
) -> Any:
    """The mask of whole rows.

    Args:
        model: The model.
        embeddings: Embeddings of the rows.
        ids: Token ids.
        real: 1 where there is a token, 0 where there is padding.

    Returns:
        What the language model takes as `attention_mask`.
    """
    if not model.family.bidirectional:
        return real
    return model.network.create_masks_for_generate(
        config=model.network.config,
        inputs_embeds=embeddings,
        attention_mask=real,
        past_key_values=None,
        position_ids=None,
        token_type_ids=(ids == model.picture_token).long(),
    )


def branch_mask(model: Model, packed: Packed, dtype: torch.dtype) -> Any:
    """The mask of trees: what `packed` allows, with the family's rules.

    Returns:
        What the language model takes as `attention_mask`, additive.
    """
    if not model.family.bidirectional:
        return additive(packed.allowed, dtype)
    window = model.network.config.get_text_config().sliding_window
    allowed = packed.allowed | same_picture(packed.ids, model.picture_token)
    near = (packed.positions[:, :, None] - packed.positions[:, None, :] < window)[:, None]
    return {
        "full_attention": additive(allowed, dtype),
        "sliding_attention": additive(allowed & near, dtype),
    }


def same_picture(ids: Int[Tensor, "rows seq"], token: int) -> Bool[Tensor, "rows 1 seq seq"]:
    """Which positions hold tokens of the same picture: a run of the picture token.

    >>> same_picture(torch.tensor([[5, 9, 9, 5, 9]]), 9).int().tolist()
    [[[[0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]]]
    """
    inside = ids == token
    first = inside & ~pad(inside, (1, 0))[:, :-1]
    picture = first.cumsum(1)
    same = picture[:, :, None] == picture[:, None, :]
    return (same & inside[:, :, None] & inside[:, None, :])[:, None]


def additive(allowed: Bool[Tensor, "rows 1 queries keys"], dtype: torch.dtype) -> Float[Tensor, "rows 1 queries keys"]:
    """A mask to add to attention's scores."""
    return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill(~allowed, torch.finfo(dtype).min)
