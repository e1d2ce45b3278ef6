"""Loading a checkpoint in the Hub's layout, and the frozen features of its pictures."""

import contextlib
import importlib.util
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor, BitsAndBytesConfig

from letheia.config import LoadConfig
from letheia.data.pictures import read_image
from letheia.errors import CheckpointError, ConfigError
from letheia.models.attention import GROUPED
from letheia.models.families import Family, family_of
from letheia.models.quiet import quiet_libraries
from letheia.types import Portrait


@dataclass
class Model:
    """A loaded vision-language model.

    Attributes:
        name: Short name for results.
        network: The transformers model; an adapter may sit in it.
        processor: Its processor.
        family: Its row.
        features: Projected features by picture, filled on demand; no adapter changes them.
    """

    name: str
    network: Any
    processor: Any
    family: Family
    features: dict[Path, Float[Tensor, "tokens hidden"]] = field(default_factory=dict)

    @property
    def language_model(self) -> Any:
        """The text model inside."""
        return self.network.get_submodule(self.family.language_model)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    def picture(self, portrait: Portrait) -> Float[Tensor, "tokens hidden"]:
        """The picture as the language model reads it: vision tower, projector and layout, computed once.

        Raises:
            DataError: The file is no picture.
        """
        if portrait.file not in self.features:
            self.load_pictures([portrait])
        return self.features[portrait.file]

    def load_pictures(self, portraits: Iterable[Portrait], *, batch: int = 32) -> None:
        """Compute the features of many pictures at once."""
        files = [f for f in dict.fromkeys(p.file for p in portraits) if f not in self.features]
        for start in range(0, len(files), batch):
            part = files[start : start + batch]
            inputs = self.processor.image_processor([read_image(f) for f in part], return_tensors="pt")
            with torch.no_grad():
                output = self.network.model.get_image_features(
                    pixel_values=inputs["pixel_values"].to(self.device, self.network.dtype),
                    image_sizes=inputs["image_sizes"].to(self.device),
                )
            for file, features in zip(part, output.pooler_output, strict=True):
                self.features[file] = features


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
    where = str(source)
    folder = Path(source)
    if folder.is_dir():
        _check_folder(folder)
    device = _device(load.device)
    dtype = getattr(torch, load.dtype or ("float32" if device.type == "cpu" else "bfloat16"))
    extra: dict[str, Any] = {"attn_implementation": load.attn} if load.attn else {}
    if load.four_bit:
        extra |= _four_bit(device, dtype)
    with quiet_libraries():
        try:
            processor = AutoProcessor.from_pretrained(source, revision=load.revision, trust_remote_code=False)
            network = AutoModelForImageTextToText.from_pretrained(
                source, revision=load.revision, dtype=dtype, trust_remote_code=False, use_safetensors=True, **extra
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"{where}: can't be loaded as a vision-language model ({first}).") from error
        if not load.four_bit:
            torch.nn.Module.to(network, device)
    family = family_of(network.config.model_type, where)
    if device.type == "cpu" and not load.attn:
        network.set_attn_implementation({"": "eager", "text_config": GROUPED})  # docs/decisions/003
    network.eval().requires_grad_(False)
    return Model(name or folder.name, network, processor, family)


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"device '{name}': is not there ({first}). 'letheia doctor' lists what is.") from error
    return device


def _four_bit(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    if importlib.util.find_spec("bitsandbytes") is None or device.type != "cuda":
        raise ConfigError("4-bit weights need a CUDA GPU and bitsandbytes: pip install 'letheia[4bit]'.")
    return {
        "device_map": {"": device},
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
        ),
    }


@contextlib.contextmanager
def evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Switch dropout off and autograd too, and put the mode back even after an exception."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)


def _check_folder(folder: Path) -> None:
    config = folder / "config.json"
    if not config.exists():
        raise CheckpointError(f"{folder}: no config.json there. Give the folder of a checkpoint or a Hub id.")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{config}: not valid JSON ({error}). Download the checkpoint again.") from error
    if not list(folder.glob("*.safetensors")):
        raise CheckpointError(f"{folder}: no safetensors file there; other weight formats are not loaded.")
