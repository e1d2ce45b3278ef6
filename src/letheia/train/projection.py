"""An adapter that can't read what others share: its inputs are taken off the directions that kept answers use.

LoRA's A reads a layer's input. Where its rows are orthogonal to the leading directions of the inputs that come with
answers to be kept, the adapter changes little for them, and nothing for whatever lies in these directions alone (after
AlphaEdit, Fang et al. 2025, which projects an edit of weights in the same way).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor

from letheia.models.adapter import original
from letheia.models.log_probs import log_probs
from letheia.models.model import Model, evaluating
from letheia.types import Example

ROWS = 8  # examples at once


@dataclass(frozen=True)
class Projection:
    """By LoRA's A, the directions that it may not read.

    Attributes:
        off: Each A with an orthonormal basis of what is taken off it.
    """

    off: Sequence[tuple[Tensor, Float[Tensor, "inputs directions"]]] = ()

    @torch.no_grad()
    def apply(self) -> None:
        """Take every A off its directions."""
        for weight, basis in self.off:
            weight.sub_(weight @ basis @ basis.T)


def projection(model: Model, adapted: PeftModel, kept: Sequence[Example], *, share: float) -> Projection:
    """The projection off what the original reads while it gives answers that are to be kept.

    Args:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        kept: Answers to be kept.
        share: Share of the inputs' energy (the sum of their squares) that is taken off; 0 takes nothing.
    """
    if not share or not kept:
        return Projection()
    layers: dict[str, Any] = {name: m for name, m in model.network.named_modules() if isinstance(m, LoraLayer)}
    sums: dict[str, Tensor] = {}

    def hook(name: str):
        def add(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
            read = inputs[0].detach().flatten(0, -2).float()
            sums[name] = sums.get(name, torch.zeros((), device=read.device)) + read.T @ read

        return add

    handles = [layer.register_forward_pre_hook(hook(name)) for name, layer in layers.items()]
    try:
        with original(adapted), evaluating(model.network):
            for start in range(0, len(kept), ROWS):
                log_probs(model, kept[start : start + ROWS])
    finally:
        for handle in handles:
            handle.remove()
    off: list[tuple[Tensor, Tensor]] = []
    for name, energy in sums.items():
        weight: Tensor = next(iter(layers[name].lora_A.values())).weight
        off.append((weight, leading(energy, share).to(weight.dtype)))
    found = Projection(off)
    found.apply()
    return found


def leading(energy: Float[Tensor, "inputs inputs"], share: float) -> Float[Tensor, "inputs directions"]:
    """The fewest directions that hold a share of the energy, largest first.

    >>> leading(torch.diag(torch.tensor([1.0, 8.0, 1.0])), 0.7).abs().round().T.tolist()
    [[0.0, 1.0, 0.0]]
    """
    values, vectors = torch.linalg.eigh(energy.double())
    held = values.flip(0).cumsum(0) / values.sum()
    count = int((held < share).sum()) + 1
    return vectors.flip(1)[:, :count].float()
