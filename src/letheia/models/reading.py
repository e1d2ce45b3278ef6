"""Prompts as a model reads them: some rows at a time, their keys and values kept for the answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad as pad_left
from transformers import DynamicCache

from letheia.models.encoding import encode_prompt
from letheia.models.masks import row_mask
from letheia.models.model import Model
from letheia.types import Prompt

PROMPT_TOKENS = 2**14
"""Tokens of prompts that are read at once: at 7B 1.4 GB between two layers, where 64 prompts would take 16 GB."""


def encoded_prompt(model: Model, prompt: Prompt) -> tuple[int, ...]:
    """Token ids of a prompt."""
    picture = model.picture(prompt.portrait).text if prompt.portrait else ""
    return encode_prompt(model.processor, prompt.question, picture=picture, prefix=prompt.prefix, turns=prompt.turns)


def begun_tokens(model: Model, prompt: Prompt) -> tuple[int, ...]:
    """Token ids of the beginning that an answer is made to have."""
    if not prompt.prefix:
        return ()
    return encoded_prompt(model, prompt)[len(encoded_prompt(model, replace(prompt, prefix=""))) :]


@dataclass(frozen=True)
class Begun:
    """Prompts that have been read, a row each, padded on the left.

    Attributes:
        cache: Their keys and values.
        real: Where there are tokens.
        positions: Each row's last position.
    """

    cache: DynamicCache
    real: Int[Tensor, "rows prefix"]
    positions: Int[Tensor, "axes rows 1"]


def read_prompts(
    model: Model, encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]
) -> tuple[Float[Tensor, "rows 1 hidden"], Begun]:
    """Read prompts some rows at a time, and keep what the last layer leaves behind each and its keys and values."""
    length = max(len(e) for e in encoded)
    rows = max(1, PROMPT_TOKENS // length)
    hidden: list[Tensor] = []
    parts: list[Begun] = []
    for start in range(0, len(encoded), rows):
        chosen = slice(start, start + rows)
        real, inputs = _prefix(model, encoded[chosen], prompts[chosen], length)
        cache = DynamicCache(config=model.network.config.get_text_config())
        read = model.language_model(**inputs, past_key_values=cache, use_cache=True).last_hidden_state
        hidden.append(read[:, -1:].clone())  # a view would keep the others
        parts.append(Begun(cache, real, inputs["position_ids"].reshape(-1, *real.shape)[..., -1:]))
    positions = torch.cat([part.positions for part in parts], 1)
    return torch.cat(hidden), Begun(_joined([p.cache for p in parts]), torch.cat([p.real for p in parts]), positions)


def _joined(parts: Sequence[DynamicCache]) -> DynamicCache:
    """Keys and values of all parts in the first one's place, a layer at a time, so that little is there twice."""
    if len(parts) > 1:
        for layers in zip(*(part.layers for part in parts), strict=True):
            if not layers[0].is_initialized:  # a network that is planned with a few of its layers leaves the rest empty
                continue
            for name in ("keys", "values"):
                setattr(layers[0], name, torch.cat([getattr(layer, name) for layer in layers]))
                for layer in layers[1:]:
                    setattr(layer, name, None)
    return parts[0]


def _prefix(
    model: Model, encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt], length: int
) -> tuple[Int[Tensor, "rows prefix"], dict[str, Any]]:
    """Where there are tokens, and what the language model reads, of prompts that are padded on the left."""
    pad = model.pad
    ids = torch.tensor([[*[pad] * (length - len(e)), *e] for e in encoded], device=model.device)
    mask = torch.tensor([[0] * (length - len(e)) + [1] * len(e) for e in encoded], device=model.device)
    embeddings = model.network.get_input_embeddings()(ids)
    own = [model.positions(e, p.portrait) for e, p in zip(encoded, prompts, strict=True)]
    positions = torch.stack([pad_left(row, (length - row.shape[1], 0)) for row in own], 1).to(model.device)
    embeddings = model.with_pictures(embeddings, ids, [p.portrait for p in prompts if p.portrait])
    return mask, {
        "inputs_embeds": embeddings,
        "attention_mask": row_mask(model, embeddings, ids, mask),
        "position_ids": positions if len(positions) > 1 else positions[0],
    }
