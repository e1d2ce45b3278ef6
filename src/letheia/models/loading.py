"""Loading a checkpoint in the Hub's layout, with its weights or without."""

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedConfig,
)

from letheia.config import LoadConfig
from letheia.errors import CheckpointError, ConfigError
from letheia.models.attention import GROUPED, PLANNED
from letheia.models.families import Family, family_of
from letheia.models.memory import keep_heap_small
from letheia.models.model import Model
from letheia.models.processor import load_processor
from letheia.models.quiet import quiet_libraries


def load_model(source: str | Path, *, name: str | None = None, load: LoadConfig | None = None) -> Model:
    """Load a checkpoint from a folder or the Hub.

    Args:
        source: Folder or Hub id.
        name: Short name for results; the last part of the source if left out.
        load: Revision, type, device and attention.

    Raises:
        CheckpointError: It is missing, damaged or of an unknown family.
        ConfigError: The device or the way of loading is not there.
    """
    load = load or LoadConfig()
    folder = Path(source)
    if folder.is_dir():
        _check_folder(folder)
    device = device_of(load)
    dtype = _dtype(load, device)
    extra: dict[str, Any] = {"attn_implementation": load.attn} if load.attn else {}
    if load.four_bit:
        extra |= _four_bit(device, dtype)
    family = read_family(source, load)
    processor = _processor(source, family, load)
    with _told(source):
        network, found = _network(family).from_pretrained(
            source,
            revision=load.revision,
            dtype=dtype,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **extra,
        )
    if found["missing_keys"]:  # transformers would draw them at random
        lacking = sorted(found["missing_keys"])
        raise CheckpointError(f"{source}: lacks {len(lacking)} weights, such as {lacking[0]}. Download it again.")
    if not load.four_bit:
        torch.nn.Module.to(network, device)
    if device.type == "cpu" and not load.attn and not family.both_ways:  # it looks back only
        _attend(network, family, GROUPED)  # docs/decisions/003
    if device.type == "cpu":
        keep_heap_small(sum(p.nbytes for p in network.parameters()))
    network.eval().requires_grad_(False)
    return Model(name or folder.name, network, processor, family)


def plan_model(source: str | Path, *, load: LoadConfig | None = None) -> Model:
    """The same without its weights, from the configuration alone: everything has a shape, nothing is computed.

    Args:
        source: Folder or Hub id; its weights are neither needed nor read.
        load: Revision, type and device.

    Raises:
        CheckpointError: The configuration or processor is missing, damaged or of an unknown family.
    """
    load = load or LoadConfig()
    family = read_family(source, load)
    processor = _processor(source, family, load)
    with _told(source), torch.device("meta"):
        config = AutoConfig.from_pretrained(source, revision=load.revision, trust_remote_code=False)
        dtype = _dtype(load, device_of(load))
        network = _network(family).from_config(config, dtype=dtype, trust_remote_code=False)
    with contextlib.suppress(OSError):  # a checkpoint need not have these settings
        network.generation_config = GenerationConfig.from_pretrained(source, revision=load.revision)
    device = device_of(load)
    own = device.type == "cpu" and not load.attn and not family.both_ways
    _attend(network, family, GROUPED if own else PLANNED)
    network.eval().requires_grad_(False)
    return Model(Path(source).name, network, processor, family)


def read_family(source: str | Path, load: LoadConfig) -> Family:
    """The family of a checkpoint, by its configuration alone.

    Raises:
        CheckpointError: It has none that Letheia knows.
    """
    if Path(source).is_dir():
        _check_config(Path(source))
    with _told(source):
        settings, _ = PreTrainedConfig.get_config_dict(source, revision=load.revision)
    return family_of(settings.get("model_type", "unknown"), str(source))


def _network(family: Family) -> Any:
    return AutoModelForImageTextToText if family.vision else AutoModelForCausalLM


def _attend(network: Any, family: Family, how: str) -> None:
    """Choose the language model's attention; the vision tower's stays plain."""
    network.set_attn_implementation({"": "eager", "text_config": how} if family.vision else how)


def _processor(source: str | Path, family: Family, load: LoadConfig) -> Any:
    with _told(source):
        processor = load_processor(source, family, load.revision)
    if not processor.chat_template:
        raise CheckpointError(
            f"{source}: has no chat template, so that nobody knows how to ask it. Add chat_template.jinja."
        )
    return processor


@contextlib.contextmanager
def _told(source: str | Path) -> Iterator[None]:
    """What the libraries raise, in one line; their notices are kept off the terminal."""
    with quiet_libraries():
        try:
            yield
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"{source}: can't be loaded ({first}).") from error


def device_of(load: LoadConfig) -> torch.device:
    """The device a model goes to.

    Raises:
        ConfigError: It is not there.
    """
    name = load.device
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"device '{name}': is not there ({first}). 'letheia doctor' lists what is.") from error
    return device


def _dtype(load: LoadConfig, device: torch.device) -> torch.dtype:
    return getattr(torch, load.dtype or ("float32" if device.type == "cpu" else "bfloat16"))


def _four_bit(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    if importlib.util.find_spec("bitsandbytes") is None or device.type != "cuda":
        raise ConfigError("4-bit weights need a CUDA GPU and bitsandbytes: pip install 'letheia[4bit]'.")
    return {
        "device_map": {"": device},
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
        ),
    }


def _check_folder(folder: Path) -> None:
    _check_config(folder)
    if not list(folder.glob("*.safetensors")):
        raise CheckpointError(f"{folder}: no safetensors file there; other weight formats are not loaded.")


def _check_config(folder: Path) -> None:
    config = folder / "config.json"
    if not config.exists():
        raise CheckpointError(f"{folder}: no config.json there. Give the folder of a checkpoint or a Hub id.")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{config}: not valid JSON ({error}). Download the checkpoint again.") from error
