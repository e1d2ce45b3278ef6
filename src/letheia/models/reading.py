"""Prompts as a model reads them: some rows at a time, their keys and values kept for the answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad as pad_left
from transformers import DynamicCache

from letheia.models.branches import in_common
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


@dataclass(frozen=True)
class Heads:
    """Beginnings of prompts that have been read.

    Attributes:
        begun: What they left.
        of: For each prompt, the row of its beginning, and how many of its tokens that has.
    """

    begun: Begun
    of: Sequence[tuple[int, int]]


def read_prompts(
    model: Model, encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]
) -> tuple[Float[Tensor, "rows 1 hidden"], Begun]:
    """Read prompts some rows at a time, and keep what the last layer leaves behind each and its keys and values.

    Where a picture is asked about in several ways, what its prompts have in common is read once, a picture a row. The
    rest of each prompt is read behind a copy of those keys and values.
    """
    groups = _on_one_picture(model, encoded, prompts)
    if len(groups) == len(encoded):
        return _read(model, encoded, prompts)
    heads: list[tuple[int, ...]] = []
    for group in groups:
        asked = [encoded[i] for i in group]
        heads.append(asked[0][: min(in_common(asked), min(map(len, asked)) - 1)])
    _, begun = _read(model, heads, [prompts[group[0]] for group in groups])
    place = {i: number for number, group in enumerate(groups) for i in group}
    return _read(model, encoded, prompts, Heads(begun, [(place[i], len(heads[place[i]])) for i in range(len(encoded))]))


def _on_one_picture(model: Model, encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]) -> list[list[int]]:
    """Numbers of prompts that begin alike up to and with a picture; others are alone."""
    token = None if model.family.bidirectional or not model.family.vision else model.picture_token
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, (ids, prompt) in enumerate(zip(encoded, prompts, strict=True)):
        if token in ids:
            assert prompt.portrait
            behind = len(ids) - ids[::-1].index(token)
            groups.setdefault((prompt.portrait.file, ids[:behind]), []).append(i)
        else:
            groups[i,] = [i]
    return list(groups.values())


def _read(
    model: Model, encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt], heads: Heads | None = None
) -> tuple[Float[Tensor, "rows 1 hidden"], Begun]:
    """Read whole prompts, or what is behind their heads."""
    start = [0] * len(encoded) if heads is None else [length for _, length in heads.of]
    length = max(len(e) - n for e, n in zip(encoded, start, strict=True))
    rows = max(1, PROMPT_TOKENS // length)
    hidden: list[Tensor] = []
    parts: list[Begun] = []
    for first in range(0, len(encoded), rows):
        chosen = slice(first, first + rows)
        real, inputs = _rests(model, encoded[chosen], prompts[chosen], start[chosen], length)
        cache = DynamicCache(config=model.network.config.get_text_config())
        if heads:
            row = torch.tensor([n for n, _ in heads.of[chosen]], device=model.device)
            cache = _copied(model, heads.begun.cache, row)
            real = inputs["attention_mask"] = torch.cat([heads.begun.real[row], real], 1)
        read = model.language_model(**inputs, past_key_values=cache, use_cache=True).last_hidden_state
        hidden.append(read[:, -1:].clone())  # a view would keep the others
        parts.append(Begun(cache, real, inputs["position_ids"][..., -1:].reshape(-1, len(real), 1)))
    positions = torch.cat([part.positions for part in parts], 1)
    return torch.cat(hidden), Begun(_joined([p.cache for p in parts]), torch.cat([p.real for p in parts]), positions)


def _copied(model: Model, cache: DynamicCache, rows: Int[Tensor, " rows"]) -> DynamicCache:
    """Keys and values of some rows, each as often as it is named."""
    layers: list[Any] = cache.layers
    kept = [(layer.keys[rows], layer.values[rows]) if layer.is_initialized else (None, None) for layer in layers]
    return DynamicCache(kept, config=model.network.config.get_text_config())


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


def _rests(
    model: Model,
    encoded: Sequence[tuple[int, ...]],
    prompts: Sequence[Prompt],
    start: Sequence[int],
    length: int,
) -> tuple[Int[Tensor, "rows rest"], dict[str, Any]]:
    """Where there are tokens, and what the language model reads, of prompts from some token on, padded on the left."""
    pad = model.pad
    rests = [e[n:] for e, n in zip(encoded, start, strict=True)]
    ids = torch.tensor([[*[pad] * (length - len(e)), *e] for e in rests], device=model.device)
    mask = torch.tensor([[0] * (length - len(e)) + [1] * len(e) for e in rests], device=model.device)
    embeddings = model.network.get_input_embeddings()(ids)
    own = [model.positions(e, p.portrait)[:, n:] for e, p, n in zip(encoded, prompts, start, strict=True)]
    positions = torch.stack([pad_left(row, (length - row.shape[1], 0)) for row in own], 1).to(model.device)
    if not any(start):  # else the pictures are in the beginnings
        embeddings = model.with_pictures(embeddings, ids, [p.portrait for p in prompts if p.portrait])
    return mask, {
        "inputs_embeds": embeddings,
        "attention_mask": row_mask(model, embeddings, ids, mask),
        "position_ids": positions if len(positions) > 1 else positions[0],
    }
