"""An adapter made ready for answering: the same numbers to the last bit in fewer operations, and no weight is touched.

While answers are decoded, an operation costs more to start than to compute. peft turns each adapter weight into the
model's type for every token and multiplies by alpha / r apart from the sum. Here weights are turned once, and a power
of two, which changes no digit, goes into the sum. Merging adapter and model would take fewer operations still, but in
half precision it rounds away much of what training changed (docs/speed.md).
"""

import contextlib
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from peft.tuners.lora.layer import Linear
from torch import Tensor, nn
from torch.nn.functional import linear

from letheia.models.model import Model
from letheia.models.precision import HALF


@contextlib.contextmanager
def answering(model: Model) -> Iterator[None]:
    """Inside, the adapter computes in fewer operations; only without gradients, and as long as it stays what it is."""
    quick = {layer: forward for layer in model.network.modules() if (forward := _quick(layer, model.network.dtype))}
    for layer, forward in quick.items():
        layer.forward = forward
    try:
        yield
    finally:
        for layer in quick:
            del layer.forward


def _quick(layer: Any, dtype: torch.dtype) -> Any:
    """The layer's forward pass in fewer operations; none for what is no plain LoRA on a plain product, or is off."""
    if type(layer) is not Linear or type(layer.base_layer) is not nn.Linear or layer.disable_adapters or layer.merged:
        return None
    if len(layer.active_adapters) != 1 or layer.lora_variant or layer.active_adapters[0] not in layer.lora_A:
        return None
    (name,) = layer.active_adapters
    down, up = layer.lora_A[name], layer.lora_B[name]
    if not isinstance(layer.lora_dropout[name], nn.Identity) or down.bias is not None or up.bias is not None:
        return None
    weights: Any = (down.weight, up.weight)
    if dtype in HALF:  # as autocast would for every token
        weights = tuple(weight.detach().to(dtype) for weight in weights)
    elif any(w.dtype != dtype for w in weights):
        return None
    return partial(_low_rank, layer.base_layer, *weights, layer.scaling[name])


def _low_rank(
    base: nn.Module,
    down: Float[Tensor, "rank inputs"],
    up: Float[Tensor, "outputs rank"],
    scale: float,
    x: Float[Tensor, "*rows inputs"],
) -> Float[Tensor, "*rows outputs"]:
    """What peft computes as `base(x) + up(down(x)) * scale`."""
    added = linear(linear(x, down), up)
    if math.frexp(scale)[0] == 0.5:  # a power of two: the product is exact, and may be taken within the sum
        return base(x).add_(added, alpha=scale)
    return base(x).add_(added.mul_(scale))
