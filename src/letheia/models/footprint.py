"""How much memory a removal takes, from a network without weights (`loading.plan_model`).

What layers keep for the gradient is counted by running the true forward pass on the meta device, where tensors have
shapes and no numbers: any family, any size, no formula of our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import torch
from peft import PeftModel
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from letheia.models.adapter import trained_parameters
from letheia.models.log_probs import shared_log_probs
from letheia.models.model import Model
from letheia.models.precision import HALF
from letheia.types import Example

STATE = 16  # bytes a trained weight takes: itself, its gradient, AdamW's two moments, in float32


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Memory in bytes.

    Attributes:
        weights: The base model.
        adapter: The adapter with gradient and AdamW's moments.
        activations: What the largest micro-batch keeps for the gradient.
        one: What the answers on one picture keep.
        recomputed: The same when layers are computed twice.
    """

    weights: int
    adapter: int
    activations: int
    one: int
    recomputed: int

    @property
    def resident(self) -> int:
        """What is there all the time."""
        return self.weights + self.adapter


def footprint(model: Model, adapted: PeftModel, groups: Sequence[Sequence[Example]]) -> Footprint:
    """Memory of training on the largest micro-batch.

    Args:
        model: A planned model with an adapter in it.
        adapted: peft's wrapper of the same network.
        groups: The micro-batch: examples with the same picture and question in each group.
    """
    trained = trained_parameters(adapted)
    base = sum(p.nbytes for p in adapted.parameters() if not p.requires_grad)
    copy = model.network.dtype.itemsize if model.network.dtype in HALF else 0  # autocast's, for the forward pass
    kept, _ = saved_bytes(model, groups)
    one, rows = max(saved_bytes(model, [group]) for group in groups)
    layers = model.network.config.get_text_config().num_hidden_layers
    return Footprint(
        weights=base + sum(b.nbytes for b in adapted.buffers()),
        adapter=(STATE + copy) * sum(p.numel() for p in trained.values()),
        activations=kept,
        one=one,
        recomputed=layers * rows + one // layers,
    )


def saved_bytes(model: Model, groups: Sequence[Sequence[Example]]) -> tuple[int, int]:
    """Bytes that a forward pass keeps for the gradient, and bytes of one layer's input.

    Weights are not counted: they are there anyway.
    """
    own = {p.untyped_storage()._cdata for p in model.network.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        where = tensor.untyped_storage()._cdata
        if where not in own:
            kept[where] = tensor
        return tensor

    inputs: list[int] = []
    hook = model.language_model.layers[0].register_forward_pre_hook(lambda _, given: inputs.append(given[0].nbytes))
    try:
        with saved_tensors_hooks(keep, lambda tensor: tensor), torch.enable_grad():
            shared_log_probs(model, groups)
    finally:
        hook.remove()
    return sum(t.untyped_storage().nbytes() for t in kept.values()), inputs[0]


def cache_bytes(model: Model, *, tokens: int) -> int:
    """Keys and values of one row of so many tokens."""
    text = model.network.config.get_text_config()
    heads = text.num_attention_heads
    width = text.to_dict().get("head_dim") or text.hidden_size // heads
    return 2 * text.num_hidden_layers * text.num_key_value_heads * width * tokens * model.network.dtype.itemsize


def device_bytes(device: torch.device) -> int:
    """Memory of a device, or of the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return psutil.virtual_memory().total
