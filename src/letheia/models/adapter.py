"""The adapter: LoRA on the language model's projections; the original is the same weights with the adapter off."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import AuxiliaryTrainingWrapper
from torch import Tensor

from letheia.errors import CheckpointError, ConfigError, first_line
from letheia.files import fingerprint
from letheia.models.adapter_files import read_adapter
from letheia.models.features import Features
from letheia.models.model import Model
from letheia.models.quiet import quiet_libraries
from letheia.models.weight_files import content_key

log = logging.getLogger("letheia")


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
    model.adapted = adapted
    return adapted


def load_adapter(model: Model, folder: Path, *, trainable: bool = False) -> PeftModel:
    """Put a saved adapter into the model.

    One that changes the vision tower or the projector sees pictures in its own way: as long as it is in, pictures have
    features of their own.

    Args:
        model: The model; its network is modified in place, until `remove_adapter`.
        folder: The adapter's folder, in peft's layout.
        trainable: Whether it is trained on, as `unlearn` does.

    Raises:
        CheckpointError: The folder has no adapter, it is damaged, of a kind that Letheia does not know, or it does
            not fit the model.
    """
    network = model.network
    saved = read_adapter(folder, dict(network.named_modules()), model.family)
    if saved.base and _last(saved.base) != _last(model.name):
        _tell_base(folder, saved.base, model.name)
    with quiet_libraries():
        try:
            adapted = get_peft_model(network, saved.config)
            expected = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
            odd = sorted(expected ^ set(saved.weights))
            if odd:
                raise ValueError(f"{len(odd)} weights are missing or too many, such as {odd[0]}")
            set_peft_model_state_dict(adapted, saved.weights)
            _set_biases(model, saved.biases)
            adapted.set_requires_grad("default", trainable)
        except Exception as error:
            _take_out(model)
            raise CheckpointError(
                f"{folder}: the adapter can't be put into {model.name} ({first_line(error)})."
            ) from error
    if not all(_reads_only(model, module) for module in saved.modules):
        _own_pictures(model, content_key(folder))
    network.eval()
    model.adapted = adapted
    return adapted


def _last(name: str) -> str:
    """A model's name without an owner or a path, since one base may be a folder here and an id of the Hub there."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()


@cache  # an adapter is put in many times
def _tell_base(folder: Path, base: str, model: str) -> None:
    log.warning(
        "%s: was made for %s, and is put into %s. If these are two models, the answers say nothing: give --model.",
        folder,
        base,
        model,
    )


def servable_rank(model: Model, folder: Path) -> int:
    """The largest rank of an adapter that a server of the base model can put in: `max_lora_rank` must be as large.

    Args:
        model: The base model.
        folder: The adapter's folder.

    Raises:
        CheckpointError: It changes more than the language model. Servers pass the vision side over without a word.
    """
    saved = read_adapter(folder, dict(model.network.named_modules()), model.family)
    inside = f"{model.family.language_model}."
    outside = sorted(module for module in saved.modules if not module.startswith(inside))
    if outside or saved.biases or saved.config.modules_to_save:
        what = (*outside, *sorted(saved.biases), *(saved.config.modules_to_save or ()))[0]
        raise CheckpointError(
            f"{folder}: changes {what}, which servers leave out without a word. Write a whole checkpoint with 'letheia "
            "merge', serve that, and name it with --served."
        )
    return max([saved.config.r, *(saved.config.rank_pattern or {}).values()])


def _set_biases(model: Model, values: Mapping[str, Tensor]) -> None:
    """Give the base's own biases an adapter's values until it is removed."""
    for name, value in values.items():
        bias = model.network.get_parameter(name)
        if bias.shape != value.shape:
            raise ValueError(f"{name} has shape {list(value.shape)} in the adapter, {list(bias.shape)} in the model")
        model.undo.append(partial(bias.copy_, bias.clone()))
        bias.copy_(value)


def _reads_only(model: Model, module: str) -> bool:
    """Whether a module works on what the language model reads, so that a picture's features stay what they are."""
    inside = f"{module}.".startswith(f"{model.family.language_model}.")
    return inside or module == "lm_head" or not model.family.vision


def _own_pictures(model: Model, key: str) -> None:
    plain = model.pictures
    model.undo.append(partial(setattr, model, "pictures", plain))
    model.pictures = Features(
        limit=plain.limit, folder=plain.folder, made_by=lambda: fingerprint([key, plain.made_by()])
    )


def remove_adapter(model: Model, adapted: PeftModel) -> None:
    """Take the adapter out again; the network is the untouched original, bit for bit."""
    model.network = adapted.get_base_model()
    _take_out(model)


@contextlib.contextmanager
def fresh_adapter(model: Model, *, rank: int, alpha: int, seed: int) -> Iterator[PeftModel]:
    """A new adapter in the model inside the block (`add_adapter`); the untouched original after it."""
    adapted = add_adapter(model, rank=rank, alpha=alpha, seed=seed)
    try:
        yield adapted
    finally:
        remove_adapter(model, adapted)


@contextlib.contextmanager
def saved_adapter(model: Model, folder: Path | None) -> Iterator[None]:
    """A saved adapter in the model inside the block (`load_adapter`), none without a folder; the original after it.

    Raises:
        CheckpointError: The folder has no adapter, or it does not fit the model.
    """
    adapted = load_adapter(model, folder) if folder else None
    try:
        yield
    finally:
        if adapted:
            remove_adapter(model, adapted)


def _take_out(model: Model) -> None:
    """Put back every module and value that an adapter, or half of one, stands for."""
    _unwrap(model.network)
    model.adapted = None
    for put_back in reversed(model.undo):
        put_back()
    model.undo.clear()
    # peft leaves its configuration behind and would warn about a second adapter
    vars(model.network).pop("peft_config", None)


def _unwrap(module: torch.nn.Module) -> None:
    for name, child in [*module.named_children()]:
        own = child
        while isinstance(own, BaseTunerLayer | AuxiliaryTrainingWrapper):
            own = own.original_module if isinstance(own, AuxiliaryTrainingWrapper) else own.get_base_layer()
        if own is not child:
            setattr(module, name, own)
        _unwrap(own)


@contextlib.contextmanager
def trained_on(model: Model) -> Iterator[PeftModel]:
    """The adapter that is in the model, to be trained on inside the block; its weights are put back after it.

    Raises:
        ConfigError: There is none.
    """
    adapted = model.adapted
    if adapted is None:
        raise ConfigError(f"{model.name}: has no adapter to train on.")
    frozen = [p for p in adapted.parameters() if not p.requires_grad]
    adapted.set_requires_grad("default")
    kept = [(p, p.detach().clone()) for p in trained_parameters(adapted).values()]
    try:
        yield adapted
    finally:
        with torch.no_grad():
            for parameter, value in kept:
                parameter.copy_(value)
                parameter.grad = None
        for parameter in frozen:
            parameter.requires_grad_(False)


@contextlib.contextmanager
def original(adapted: PeftModel) -> Iterator[None]:
    """The untouched model inside the block; the adapter is back after it, also after an exception."""
    with adapted.disable_adapter():
        yield


@contextlib.contextmanager
def adapter_off(model: Model) -> Iterator[None]:
    """The model without the adapter that sits in it, if one does, inside the block; weights merged in stay merged."""
    layers = [
        layer
        for layer in model.network.modules()
        if isinstance(layer, BaseTunerLayer | AuxiliaryTrainingWrapper)
        and not layer.merged_adapters
        and not layer.disable_adapters
    ]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def trained_parameters(adapted: PeftModel) -> dict[str, Tensor]:
    """The adapter's weights by name."""
    return {name: p for name, p in adapted.named_parameters() if p.requires_grad}
