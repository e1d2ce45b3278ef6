"""A model whose weights are changed in memory for a while, and put back to the last bit.

What is changed are the linear layers of the language model, with the adapter merged into them as peft does it; the
head, the embeddings, the vision tower and the projector stay, so that pictures keep their features.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import AuxiliaryTrainingWrapper
from torch import Tensor, nn

from letheia.errors import ConfigError
from letheia.models.model import Model
from letheia.models.sharding import is_sharded


@contextlib.contextmanager
def changed_weights(model: Model, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Inside, an adapter that is in the model is merged into the weights, and these are changed.

    Args:
        model: The model, with an adapter or without.
        change: Of the merged weights of one linear layer.

    Raises:
        ConfigError: The weights are stored in another form than numbers, or lie in several processes.
    """
    adapted = [m for m in model.language_model.layers.modules() if isinstance(m, BaseTunerLayer)]
    linear = _linear(model, adapted)
    if is_sharded(model) or not all(layer.weight.is_floating_point() for layer in linear):
        raise ConfigError(
            f"{model.name}: is loaded in 4 bits or in parts; its weights can't be changed. Load it whole."
        )
    # on the CPU: a GPU need not hold the weights twice
    kept = [(p, p.detach().to("cpu", copy=True)) for layer in linear for p in layer.parameters(recurse=False)]
    try:
        for layer in adapted:
            layer.merge()
        for layer in linear:
            layer.weight.data.copy_(change(layer.weight.data))
        yield
    finally:
        for parameter, value in kept:
            parameter.data.copy_(value)
        for layer in adapted:
            layer.merged_adapters.clear()


def _linear(model: Model, adapted: list[BaseTunerLayer]) -> list[Any]:
    """The linear layers of the language model, those under an adapter first; the adapter's own are none of them."""
    inside = {id(part) for layer in adapted for part in layer.modules()}  # pyright: ignore[reportAttributeAccessIssue]
    free = [m for m in model.language_model.layers.modules() if isinstance(m, nn.Linear) and id(m) not in inside]
    return [*(layer.get_base_layer() for layer in adapted), *free]


@contextlib.contextmanager
def at_strength(model: Model, strength: float) -> Iterator[None]:
    """Inside, the adapter changes the model by so much of what it did: 0 is the original, 1 the adapter as it is.

    Raises:
        ConfigError: There is no adapter, or it is of a kind whose strength is not a factor.
    """
    parts = list(model.network.modules())
    layers = [m for m in parts if isinstance(m, LoraLayer)]
    if not layers:
        raise ConfigError(f"{model.name}: has no adapter whose strength could be changed.")
    whole = any(isinstance(m, AuxiliaryTrainingWrapper) for m in parts)
    if whole or model.undo or any(layer.lora_variant for layer in layers):
        raise ConfigError("the adapter has more than plain LoRA weights, so its strength is not a factor.")
    kept = [dict(layer.scaling) for layer in layers]
    try:
        for layer in layers:
            layer.scaling.update({name: strength * scale for name, scale in layer.scaling.items()})
        yield
    finally:
        for layer, scaling in zip(layers, kept, strict=True):
            layer.scaling.update(scaling)
