"""Keys and values with room for more: a token is written behind the others, which are not copied for it."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM = 64
"""Tokens that there is room for before keys and values are copied once more."""


class RoomyLayer(DynamicLayer):
    """Keys and values of a layer as the beginning of larger tensors; transformers' own layer copies all for a token."""

    _buffers: tuple[Tensor, Tensor]

    def __init__(self, layer: DynamicLayer, room: int) -> None:
        """Take another layer's place.

        Args:
            layer: The layer; it has keys and values.
            room: Tokens to have room for at a time.
        """
        super().__init__()
        self._room = room
        self.dtype, self.device, self.is_initialized = layer.dtype, layer.device, True
        self._make_room(layer.keys, layer.values)

    def update(
        self,
        key_states: Float[Tensor, "batch groups new width"],
        value_states: Float[Tensor, "batch groups new width"],
        *args: Any,
        **kwargs: Any,
    ) -> tuple[Float[Tensor, "batch groups keys width"], Float[Tensor, "batch groups keys width"]]:
        """Write new keys and values behind the others, and return all."""
        assert self.keys is not None
        start = self.keys.shape[2]
        end = start + key_states.shape[2]
        if end > self._buffers[0].shape[2]:
            self._make_room(self.keys, self.values, at_least=key_states.shape[2])
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = new
        self.keys, self.values = (buffer[:, :, :end] for buffer in self._buffers)
        return self.keys, self.values

    def _make_room(self, *states: Any, at_least: int = 0) -> None:
        more = max(self._room, at_least)
        larger: list[Tensor] = []
        for state in states:
            batch, groups, length, width = state.shape
            buffer = state.new_empty(batch, groups, length + more, width)
            buffer[:, :, :length] = state
            larger.append(buffer)
        self._buffers = larger[0], larger[1]
        self.keys, self.values = (b[:, :, : s.shape[2]] for b, s in zip(larger, states, strict=True))


@torch.no_grad()
def with_room(cache: DynamicCache, *, places: int) -> DynamicCache:
    """The same keys and values with room for what is decoded, a layer after the other; windows stay as they are.

    Args:
        cache: Keys and values of prompts; its layers are replaced.
        places: Tokens that each step adds.
    """
    layers: list[Any] = cache.layers
    for number, layer in enumerate(layers):
        if type(layer) is DynamicLayer and layer.is_initialized:
            layers[number] = RoomyLayer(layer, ROOM * places)
    return cache
