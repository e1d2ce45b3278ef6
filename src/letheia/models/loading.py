"""Loading a checkpoint in the Hub's layout, and the frozen features of its pictures."""

import contextlib
import importlib.util
import inspect
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
    PreTrainedConfig,
)

from letheia.config import LoadConfig
from letheia.data.pictures import read_image
from letheia.errors import CheckpointError, ConfigError
from letheia.models.attention import GROUPED, PLANNED
from letheia.models.encoding import feature_token, grid_positions
from letheia.models.families import Family, family_of
from letheia.models.processor import load_processor
from letheia.models.quiet import quiet_libraries
from letheia.types import Portrait


@dataclass(frozen=True)
class Picture:
    """A picture as the language model reads it.

    Attributes:
        features: Vision tower, projector and layout; no adapter changes them.
        text: What stands in the prompt for it: a picture token for each feature, and what the family puts around them.
        grid: Rows and columns, where tokens have such positions.
    """

    features: Float[Tensor, "tokens hidden"]
    text: str
    grid: tuple[int, int] | None = None


@dataclass
class Model:
    """A loaded vision-language model.

    Attributes:
        name: Short name for results.
        network: The transformers model; an adapter may sit in it.
        processor: Its processor.
        family: Its row.
        pictures: Pictures by file, filled on demand.
    """

    name: str
    network: Any
    processor: Any
    family: Family
    pictures: dict[Path, Picture] = field(default_factory=dict)

    @property
    def language_model(self) -> Any:
        """The text model inside."""
        return self.network.get_submodule(self.family.language_model)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    @property
    def picture_token(self) -> int:
        """Id of the token in whose place a picture's features go."""
        return feature_token(self.processor)

    @property
    def ends(self) -> tuple[int, ...]:
        """Ids that end an answer: the tokenizer's end of sequence, and where the checkpoint's own `generate` stops."""
        own = self.network.generation_config.eos_token_id
        return (
            self.processor.tokenizer.eos_token_id,
            *(own if isinstance(own, list) else [] if own is None else [own]),
        )

    @property
    def context(self) -> int:
        """How many tokens the model reads at most."""
        return self.network.config.get_text_config().max_position_embeddings

    def picture(self, portrait: Portrait) -> Picture:
        """The picture, computed once.

        Raises:
            DataError: The file is no picture.
        """
        if not self.family.vision:
            return Picture(torch.empty(0, self.network.config.hidden_size), "")
        if portrait.file not in self.pictures:
            self.load_pictures([portrait])
        return self.pictures[portrait.file]

    def load_pictures(self, portraits: Iterable[Portrait], *, batch: int = 32) -> None:
        """Compute many pictures at once, where the family can."""
        if not self.family.vision:
            return
        files = [f for f in dict.fromkeys(p.file for p in portraits) if f not in self.pictures]
        batch = batch if self.family.batched else 1
        for start in range(0, len(files), batch):
            part = files[start : start + batch]
            images = [read_image(f) for f in part]
            inputs = self.processor.image_processor(images, return_tensors="pt", **self.family.options)
            texts = [self.processor.replace_image_token(inputs, i) for i in range(len(part))]
            places = [text.count(self.processor.tokenizer.convert_ids_to_tokens(self.picture_token)) for text in texts]
            for i, (file, found) in enumerate(zip(part, self._features(inputs, places), strict=True)):
                if places[i] != len(found):
                    raise CheckpointError(
                        f"{self.name}: the processor and the vision tower do not fit: "
                        f"{places[i]} and {len(found)} tokens for {file}."
                    )
                self.pictures[file] = Picture(found, texts[i], self._grid(inputs, i))

    def _features(self, inputs: Any, places: Sequence[int]) -> Sequence[Float[Tensor, "tokens hidden"]]:
        if self.device.type == "meta":  # a network without weights: as many as the text has places for
            hidden = self.network.config.get_text_config().hidden_size
            return [torch.empty(n, hidden, dtype=self.network.dtype, device="meta") for n in places]
        read = self.network.model.get_image_features
        wanted = {k: _on(v, self) for k, v in inputs.items() if k in inspect.signature(read).parameters}
        with torch.no_grad():
            return read(**wanted).pooler_output

    def _grid(self, inputs: Any, index: int) -> tuple[int, int] | None:
        if not self.family.grid:
            return None
        _, rows, columns = inputs["image_grid_thw"][index].tolist()
        merged = self.processor.image_processor.merge_size
        return rows // merged, columns // merged

    def positions(self, ids: Sequence[int], portrait: Portrait | None) -> Int[Tensor, "axes tokens"]:
        """Positions of token ids: three axes where the family has them, else one."""
        if not self.family.grid:
            return grid_positions(ids, 0, None)
        if portrait is None:
            return grid_positions(ids, 0, None).expand(3, -1)
        return grid_positions(ids, self.picture_token, self.picture(portrait).grid)

    def with_pictures(
        self, embeddings: Float[Tensor, "rows seq hidden"], ids: Int[Tensor, "rows seq"], portraits: Iterable[Portrait]
    ) -> Float[Tensor, "rows seq hidden"]:
        """Token embeddings with pictures in place of their tokens.

        Args:
            embeddings: Embeddings of the ids.
            ids: Token ids.
            portraits: The pictures, in the order of the rows that have one.
        """
        features = [self.picture(p).features for p in portraits] if self.family.vision else []
        if not features:
            return embeddings
        place = (ids == self.picture_token)[..., None]
        return embeddings.masked_scatter(place, torch.cat(features).to(embeddings.dtype))


def _on(value: Tensor, model: Model) -> Tensor:
    """An input where the model is, numbers with a fraction in the model's type."""
    return value.to(model.device, model.network.dtype if value.is_floating_point() else None)


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
    if Path(source).is_dir():
        _check_config(Path(source))
    family = read_family(source, load)
    processor = _processor(source, family, load)
    with _told(source), torch.device("meta"):
        config = AutoConfig.from_pretrained(source, revision=load.revision, trust_remote_code=False)
        dtype = _dtype(load, device_of(load))
        network = _network(family).from_config(config, dtype=dtype, trust_remote_code=False)
    _attend(network, family, PLANNED)
    network.eval().requires_grad_(False)
    return Model(Path(source).name, network, processor, family)


def read_family(source: str | Path, load: LoadConfig) -> Family:
    """The family of a checkpoint, by its configuration alone.

    Raises:
        CheckpointError: It has none that Letheia knows.
    """
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
