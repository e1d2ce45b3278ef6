"""S11: a decoded token with an adapter, as peft computes it and as Letheia answers: operations, time, same bits."""

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import torch
from measure import interleave, kernels, ratio, summary
from model import own_attention, use_attention
from setting import Setting
from torch import Tensor
from transformers import DynamicCache

from letheia.models.adapter import original
from letheia.models.answering import answering
from letheia.models.cache import with_room
from letheia.models.model import evaluating
from letheia.models.precision import own_precision

ROWS, PREFIX = 8, 1200
NEW = 16


def s11(setting: Setting) -> dict[str, Any]:
    """What a token takes: without an adapter, with peft's own passes, and with those of `models/answering.py`."""
    model, adapted = setting.model, setting.adapted
    use_attention(model, own_attention(model))
    for p in setting.parameters.values():
        p.requires_grad_(False)  # as of an adapter that was saved
    try:
        with evaluating(model.network), own_precision(model):
            begun = _begun(setting)
            arms: dict[str, Callable[[], Any]] = {
                "without adapter": lambda: _decode(setting, begun, original(adapted)),
                "peft": lambda: _decode(setting, begun, contextlib.nullcontext()),
                "Letheia": lambda: _decode(setting, begun, answering(model), room=True),
            }
            last = {name: arm() for name, arm in arms.items()}
            taken = interleave(arms, steps=setting.steps)
            counted = {name: _operations(setting, begun, way) for name, way in _ways(setting).items()}
    finally:
        for p in setting.parameters.values():
            p.requires_grad_(True)
    return {
        "rows": ROWS,
        "operations_a_token": counted,
        "seconds": {name: summary(t) for name, t in taken.items()},
        "times_faster_than": {n: ratio(t, taken["Letheia"]) for n, t in taken.items() if n != "Letheia"},
        "same_bits_as_peft": float(torch.equal(last["Letheia"], last["peft"])),
    }


def _ways(setting: Setting) -> dict[str, Any]:
    return {
        "without adapter": original(setting.adapted),
        "peft": contextlib.nullcontext(),
        "Letheia": answering(setting.model),
    }


def _begun(setting: Setting) -> DynamicCache:
    """Keys and values of rows of noise."""
    inside = setting.model.language_model
    cache = DynamicCache(config=inside.config)
    noise = torch.randn(ROWS, PREFIX, setting.sizes.hidden, device=setting.device, dtype=setting.dtype)
    inside(inputs_embeds=noise, past_key_values=cache, use_cache=True)
    return cache


def _token(setting: Setting, cache: DynamicCache) -> Tensor:
    noise = torch.ones(ROWS, 1, setting.sizes.hidden, device=setting.device, dtype=setting.dtype)
    return setting.model.language_model(inputs_embeds=noise, past_key_values=cache, use_cache=True).last_hidden_state


def _decode(setting: Setting, begun: DynamicCache, way: Any, *, room: bool = False) -> Tensor:
    """The last state after some tokens."""
    cache = copy.deepcopy(begun)
    with way:
        cache = with_room(cache, places=1) if room else cache
        return [_token(setting, cache) for _ in range(NEW)][-1]


def _operations(setting: Setting, begun: DynamicCache, way: Any) -> int:
    cache = copy.deepcopy(begun)
    with way:
        return kernels(lambda: _token(setting, cache))
