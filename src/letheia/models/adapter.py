"""The adapter: LoRA on the language model's projections; the original is the same weights with the adapter off."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor

from letheia.errors import CheckpointError
from letheia.models.model import Model
from letheia.models.quiet import quiet_libraries


def add_adapter(model: Model, *, rank: int, alpha: int, seed: int) -> PeftModel:
    """Put a fresh LoRA adapter into the model; it changes nothing until trained.

    Args:
        model: The model; its network is modified in place.
        rank: LoRA's r.
        alpha: LoRA's alpha.
        seed: Seed of the adapter's weights.

    Returns:
        The peft model around the network, for saving and switching off.
    """
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=model.family.lora_pattern
    )
    torch.manual_seed(seed)
    with quiet_libraries():
        # a planned model computes nothing, so its adapter may as well have the type it is to compute in
        adapted = get_peft_model(model.network, config, autocast_adapter_dtype=model.device.type != "meta")
    model.network.eval()
    return adapted


def load_adapter(model: Model, folder: Path) -> PeftModel:
    """Put a saved adapter into the model.

    Raises:
        CheckpointError: The folder has no adapter, or it does not fit the model.
    """
    adapter_weights(folder)
    with quiet_libraries():
        try:
            adapted = PeftModel.from_pretrained(model.network, str(folder), use_safetensors=True)
        except Exception as error:
            with contextlib.suppress(Exception):
                remove_adapter_from(model.network)
            first = str(error).strip().splitlines()[0]
            raise CheckpointError(f"{folder}: the adapter can't be put into {model.name} ({first}).") from error
    model.network.eval()
    return adapted


def adapter_weights(folder: Path) -> Path:
    """The weight file of a saved adapter.

    Raises:
        CheckpointError: The folder has no adapter.
    """
    weights = folder / "adapter_model.safetensors"
    if not (folder / "adapter_config.json").exists() or not weights.exists():
        raise CheckpointError(f"{folder}: no adapter there (adapter_config.json and adapter_model.safetensors).")
    return weights


def remove_adapter(model: Model, adapted: PeftModel) -> None:
    """Take the adapter out again; the network is the untouched original."""
    model.network = adapted.unload()
    # peft leaves its configuration behind and would warn about a second adapter
    if "peft_config" in vars(model.network):
        del model.network.peft_config


def remove_adapter_from(network: Any) -> None:
    """Take out what a failed loading left behind."""
    PeftModel(network, next(iter(network.peft_config.values()))).unload()


@contextlib.contextmanager
def original(adapted: PeftModel) -> Iterator[None]:
    """The untouched model inside the block; the adapter is back after it, also after an exception."""
    with adapted.disable_adapter():
        yield


def trained_parameters(adapted: PeftModel) -> dict[str, Tensor]:
    """The adapter's weights by name."""
    return {name: p for name, p in adapted.named_parameters() if p.requires_grad}
