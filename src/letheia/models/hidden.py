"""What a language model's layers hold behind a prompt's last token, from which it begins to answer."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from letheia.models.model import Model, evaluating
from letheia.models.precision import own_precision
from letheia.models.reading import encoded_prompt, read_prompts
from letheia.types import Prompt

ROWS = 32
"""Prompts at once."""


def last_states(
    model: Model, prompts: Sequence[Prompt], layers: Sequence[int]
) -> Float[Tensor, "layers prompts hidden"]:
    """The states behind each prompt's last token.

    Args:
        model: The model, adapter on or off as it is.
        prompts: What is asked.
        layers: After which layers, counted from 0.
    """
    model.load_pictures([p.portrait for p in prompts if p.portrait])
    encoded = [encoded_prompt(model, p) for p in prompts]
    found: dict[int, list[Tensor]] = {layer: [] for layer in layers}

    def keep(layer: int, output: Any) -> None:
        states = output[0] if isinstance(output, tuple) else output
        found[layer].append(states[:, -1].float().cpu())  # rows are padded on the left

    blocks = model.language_model.layers
    hooks = [blocks[i].register_forward_hook(lambda _, __, output, i=i: keep(i, output)) for i in layers]
    try:
        with evaluating(model.network), own_precision(model):
            for start in range(0, len(prompts), ROWS):
                read_prompts(model, encoded[start : start + ROWS], prompts[start : start + ROWS])
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack([torch.cat(states) for states in found.values()])
