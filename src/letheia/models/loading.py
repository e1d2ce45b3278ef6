"""Loading a checkpoint in the Hub's layout, with its weights or without."""

import contextlib
import copy
import importlib.util
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
    GenerationConfig,
)

from letheia.config import LoadConfig
from letheia.errors import CheckpointError, ConfigError
from letheia.methods.paper import KNOWN_SHAPES
from letheia.models.attention import GROUPED, PLANNED
from letheia.models.checkpoint_files import check_folder, check_size, weight_files
from letheia.models.families import Family, read_family
from letheia.models.hub import check_reachable
from letheia.models.memory import keep_heap_small
from letheia.models.model import Model
from letheia.models.processor import load_processor
from letheia.models.quiet import one_line_errors
from letheia.models.shapes import write_shapes
from letheia.models.templates import frame
from letheia.models.weight_files import stored_tensors


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
        check_folder(folder)
    check_reachable(source, load.revision)
    device = device_of(load)
    dtype = _dtype(load, device)
    extra: dict[str, Any] = {"attn_implementation": load.attn} if load.attn else {}
    if device.type != "cpu":  # each weight goes there as it is read, and never lies in the machine's memory whole
        extra["device_map"] = {"": device}
    if load.four_bit:
        extra |= _four_bit(device, dtype)
    family = read_family(source, load)
    config = _config(source, load)
    processor = _processor(source, family, load, config)
    if folder.is_dir() and not load.four_bit and "quantization_config" not in config.to_dict():
        _check_size(folder, family, config)
    with one_line_errors(source):
        network, found = _network(family).from_pretrained(
            source,
            revision=load.revision,
            dtype=dtype,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **extra,
        )
    beyond = [key for key in sorted(found["unexpected_keys"]) if ".layers." in key and "vision" not in key]
    beyond = [key for key in beyond if "rotary" not in key]
    if beyond:  # a configuration with fewer layers would give another model
        raise CheckpointError(
            f"{folder / 'config.json'}: has no place for {len(beyond)} of the weights, such as {beyond[0]}."
        )
    if found["missing_keys"]:  # transformers would draw them at random
        lacking = sorted(found["missing_keys"])
        raise CheckpointError(f"{source}: lacks {len(lacking)} weights, such as {lacking[0]}. Download it again.")
    if device.type == "cpu" and not load.attn and not family.bidirectional:  # it looks back only
        _attend(network, family, GROUPED)  # docs/decisions/003
    if device.type == "cpu":
        keep_heap_small(network.config.get_text_config().hidden_size * network.dtype.itemsize)
    network.eval().requires_grad_(False)
    return _usable(Model(name or folder.name, network, processor, family), source)


def plan_model(source: str | Path, *, load: LoadConfig | None = None) -> Model:
    """The same without its weights, from the configuration alone: everything has a shape, nothing is computed.

    Args:
        source: Folder or Hub id; its weights are neither needed nor read.
        load: Revision, type and device.

    Raises:
        CheckpointError: The configuration or processor is missing, damaged or of an unknown family.
    """
    load = load or LoadConfig()
    if str(source) in KNOWN_SHAPES:
        try:
            check_reachable(source, load.revision)
        except CheckpointError:
            return _from_known_shapes(str(source), load)
    family = read_family(source, load)
    config = _config(source, load)
    processor = _processor(source, family, load, config)
    with one_line_errors(source), torch.device("meta"):
        dtype = _dtype(load, device_of(load, planned=True))
        network = _network(family).from_config(config, dtype=dtype, trust_remote_code=False)
    with contextlib.suppress(OSError):  # a checkpoint need not have these settings
        network.generation_config = GenerationConfig.from_pretrained(source, revision=load.revision or "main")
    device = device_of(load, planned=True)
    own = device.type == "cpu" and not load.attn and not family.bidirectional
    _attend(network, family, GROUPED if own else PLANNED)
    if family.vision and network.config.vision_config._attn_implementation == "sdpa":
        # without weights PyTorch takes its plain form, which makes scores that the fused kernel never has
        network.set_attn_implementation({"vision_config": PLANNED})
    network.eval().requires_grad_(False)
    return _usable(Model(Path(source).name, network, processor, family), source)


def _from_known_shapes(source: str, load: LoadConfig) -> Model:
    """A planned model of the paper's, where the Hub can't be reached: from Letheia's record of its shapes."""
    with tempfile.TemporaryDirectory() as folder:
        write_shapes(Path(folder), KNOWN_SHAPES[source])
        model = plan_model(folder, load=load.model_copy(update={"dtype": load.dtype or "bfloat16"}))
    return replace(model, name=Path(source).name, note=f"{source}: can't be reached; planned from its known shapes")


def _usable(model: Model, source: str | Path) -> Model:
    """The model, if its tokenizer and its network are of one checkpoint."""
    if not model.ends:
        raise CheckpointError(
            f"{source}: neither tokenizer nor generation_config.json names a token that ends answers."
        )
    if model.family.vision and not 0 <= model.picture_token < model.vocabulary:
        raise CheckpointError(f"{source}: the picture token {model.picture_token} is not in the model's vocabulary.")
    return model


def _config(source: str | Path, load: LoadConfig) -> Any:
    options: dict[str, Any] = {"revision": load.revision, "trust_remote_code": False}
    with one_line_errors(Path(source) / "config.json"):
        return AutoConfig.from_pretrained(source, **options)


def _check_size(folder: Path, family: Family, config: Any) -> None:
    """The network on paper, against the weight files."""
    with one_line_errors(folder / "config.json"), torch.device("meta"):
        network = _network(family).from_config(copy.deepcopy(config), trust_remote_code=False)
    described = sum(p.numel() for p in network.parameters())
    stored = [stored_tensors(file) for file in weight_files(folder)]
    check_size(folder / "config.json", described, {k: v for part in stored for k, v in part.items()})


def _network(family: Family) -> Any:
    return AutoModelForImageTextToText if family.vision else AutoModelForCausalLM


def _attend(network: Any, family: Family, how: str) -> None:
    """Choose the language model's attention; the vision tower's stays plain."""
    network.set_attn_implementation({"": "eager", "text_config": how} if family.vision else how)


def _processor(source: str | Path, family: Family, load: LoadConfig, config: Any) -> Any:
    with one_line_errors(f"{source}: tokenizer.json, tokenizer_config.json or preprocessor_config.json"):
        processor = load_processor(source, family, load.revision, config)
    frame(processor, image=family.vision)  # that it can be asked at all
    return processor


def device_of(load: LoadConfig, *, planned: bool = False) -> torch.device:
    """The device a model goes to.

    Args:
        load: How the model is loaded.
        planned: Whether it need not be there, since nothing is computed.

    Raises:
        ConfigError: It is not there, or no device.
    """
    name = load.device
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        if not planned:
            torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"device '{name}': is not there ({first}). 'letheia doctor' lists what is.") from error
    return device


def _dtype(load: LoadConfig, device: torch.device) -> torch.dtype:
    return getattr(torch, load.dtype or ("float32" if device.type == "cpu" else "bfloat16"))


def stored_dtype(source: str | Path, load: LoadConfig) -> str | None:
    """The type that a checkpoint's weights are stored in, by the name that `LoadConfig` takes; none if it is odd.

    Args:
        source: Folder or Hub id.
        load: Revision.

    Raises:
        CheckpointError: It is damaged.
    """
    folder = Path(source)
    if not folder.is_dir():
        return _known(str(_config(source, load).dtype).removeprefix("torch."))
    check_folder(folder)
    sizes: Counter[str] = Counter()
    for file in weight_files(folder):
        for tensor in stored_tensors(file).values():
            sizes[tensor.dtype] += tensor.size
    return _known(STORED.get(sizes.most_common(1)[0][0], ""))


STORED = {"BF16": "bfloat16", "F16": "float16", "F32": "float32", "F64": "float64"}
"""safetensors' names of types."""


def _known(name: str) -> str | None:
    return name if name in STORED.values() else None


def _four_bit(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    if importlib.util.find_spec("bitsandbytes") is None or device.type != "cuda":
        raise ConfigError("4-bit weights need a CUDA GPU and bitsandbytes: pip install 'letheia[4bit]'.")
    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
        ),
    }
