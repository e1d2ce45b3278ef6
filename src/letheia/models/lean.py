"""Fewer activations kept for the gradient: norms and gated products are computed again from their inputs.

Both are cheap beside the matrix products around them, and what they keep is large: a norm a copy of its input in
float32, a gated product what its activation gave. The same operations run again on the same numbers, so the gradient is
the same to the last bit.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from letheia.models.memory import LARGE
from letheia.models.model import Model
from letheia.models.sharding import is_sharded

NORMS = {"LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen2_5_VLRMSNorm", "Qwen3RMSNorm"}
GATED = {"LlamaMLP", "MistralMLP", "Qwen2MLP", "Qwen3MLP"}
"""transformers' classes that compute `down(act(gate(x)) * up(x))`."""


@contextlib.contextmanager
def lean(model: Model) -> Iterator[None]:
    """Inside, a large model's language layers keep less; where a token takes little, speed counts for more."""
    width = model.network.config.get_text_config().hidden_size * model.network.dtype.itemsize
    layers = [] if width < LARGE or is_sharded(model) else list(model.language_model.layers)
    changed: list[Any] = []
    for module in (module for layer in layers for module in layer.modules()):
        kind = type(module).__name__
        if kind in NORMS:
            module.forward = partial(again, module.forward)
        elif kind in GATED:
            module.forward = partial(_gated, module)
        else:
            continue
        changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del module.forward


def again(work: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """What some work makes of tensors; for the gradient it is done once more, and only its inputs are kept.

    Args:
        work: Has no trained weights of its own.
        inputs: What it works on.
    """
    if not torch.is_grad_enabled():
        return work(*inputs)
    return _Again.apply(work, *inputs)


def _gated(module: Any, x: Tensor) -> Tensor:
    return module.down_proj(again(partial(_product, module.act_fn), module.gate_proj(x), module.up_proj(x)))


def _product(act: Callable[[Tensor], Tensor], gate: Tensor, up: Tensor) -> Tensor:
    return act(gate) * up


class _Again(torch.autograd.Function):
    """Work whose inputs alone are kept for the gradient."""

    @staticmethod
    def forward(ctx: Any, work: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        kind = inputs[0].device.type
        ctx.work = work
        ctx.precision = None
        if kind != "meta" and torch.is_autocast_enabled(kind):
            ctx.precision = kind, torch.get_autocast_dtype(kind)
        ctx.save_for_backward(*inputs)
        return work(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        inputs = [x.detach().requires_grad_(x.requires_grad) for x in ctx.saved_tensors]
        precision = torch.autocast(*ctx.precision) if ctx.precision else contextlib.nullcontext()
        with torch.enable_grad(), precision:
            made = ctx.work(*inputs)
        wanted = [x for x in inputs if x.requires_grad]
        found = iter(torch.autograd.grad(made, wanted, gradients))
        return None, *(next(found) if x.requires_grad else None for x in inputs)
