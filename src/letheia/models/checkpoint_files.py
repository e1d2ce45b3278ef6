"""A checkpoint's files are checked before a library reads them: strangers made them, and downloads break off."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from letheia.errors import CheckpointError
from letheia.models.patterns import endless
from letheia.models.weight_files import Stored, stored_tensors

INDEX = "model.safetensors.index.json"
OBJECTS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.json",
    INDEX,
)
"""Files that hold one JSON object each."""

LARGEST_JSON = 200 * 2**20
LAYERS = ("num_hidden_layers", "num_layers", "depth", "n_layer")
MOST_LAYERS = 1_000
EDGES = ("size", "crop_size", "max_image_size", "min_pixels", "max_pixels")
LARGEST_EDGE, MOST_PIXELS = 16_384, 2**27


def check_folder(folder: Path, *, weights: bool = True) -> dict[str, Any]:
    """Check every file of a checkpoint that a library would read.

    Args:
        folder: The checkpoint's folder.
        weights: Whether its weights are there too.

    Returns:
        What `config.json` says.

    Raises:
        CheckpointError: A file is missing, damaged, of another kind, or asks for what no model needs.
    """
    if not (folder / "config.json").exists():
        raise CheckpointError(f"{folder}: no config.json there. Give the folder of a checkpoint or a Hub id.")
    found = {name: read_object(folder / name) for name in OBJECTS if (folder / name).exists()}
    if (folder / "adapter_config.json").exists():
        raise CheckpointError(f"{folder / 'adapter_config.json'}: an adapter lies in the model's folder. Move it away.")
    _check_config(folder / "config.json", found["config.json"])
    if pattern := endless(found.get("tokenizer.json", {})):
        raise CheckpointError(
            f"{folder / 'tokenizer.json'}: the pattern {pattern!r:.60} may take for ever on a text; it is not used."
        )
    _check_pictures(folder / "preprocessor_config.json", found.get("preprocessor_config.json", {}))
    if weights:
        _check_weights(folder, found)
    return found["config.json"]


def read_object(file: Path) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises:
        CheckpointError: It can't be read, or holds something else.
    """
    try:
        if file.stat().st_size > LARGEST_JSON:
            raise CheckpointError(f"{file}: larger than {LARGEST_JSON >> 20} MiB, which no such file is.")
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file}: not valid JSON ({error}). Download the checkpoint again.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{file}: must hold an object with fields, not a {type(value).__name__}.")
    return value


def weight_files(folder: Path) -> list[Path]:
    """The weight files that are loaded from a folder: one, or those that an index names.

    Raises:
        CheckpointError: There are none, or the index names something else.
    """
    if (folder / "model.safetensors").exists():
        return [folder / "model.safetensors"]
    if not (folder / INDEX).exists():
        raise CheckpointError(f"{folder}: no safetensors file there; other weight formats are not loaded.")
    names = read_object(folder / INDEX).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise CheckpointError(f"{folder / INDEX}: weight_map must name the file of each weight.")
    for name in names.values():
        if not isinstance(name, str) or not name.endswith(".safetensors") or Path(name).name != name:
            raise CheckpointError(f"{folder / INDEX}: names {name!r:.60}; only safetensors files beside it are loaded.")
    return [folder / name for name in sorted(set(names.values()))]


def check_size(file: Path, described: int, stored: Mapping[str, Stored]) -> None:
    """That a configuration describes about as many numbers as there are, before memory is taken for them.

    Raises:
        CheckpointError: It describes far more.
    """
    held = sum(tensor.size for tensor in stored.values())
    if described > 2 * held + 10_000_000:
        raise CheckpointError(
            f"{file}: describes a model of {described:,} numbers, but the weight files hold {held:,}. "
            "Download the checkpoint again."
        )


def _check_weights(folder: Path, found: Mapping[str, Any]) -> None:
    if not list(folder.glob("*.safetensors")):
        raise CheckpointError(f"{folder}: no safetensors file there; other weight formats are not loaded.")
    tensors: dict[str, Stored] = {}
    for file in weight_files(folder):
        if not file.exists():
            raise CheckpointError(f"{file}: is missing, though the index names it. Download the checkpoint again.")
        tensors |= stored_tensors(file)
    for place, value in _walk(found["config.json"]):
        if place.rpartition(".")[2] in LAYERS and value > len(tensors):
            raise CheckpointError(
                f"{folder / 'config.json'}: {place} is {value}, but the weight files hold {len(tensors)} weights."
            )


def _check_config(file: Path, config: Mapping[str, Any]) -> None:
    for name, value in config.items():
        if name.endswith("_config") and not isinstance(value, dict):
            raise CheckpointError(f"{file}: {name} must hold an object with fields, not {json.dumps(value)[:40]}.")
        if name.endswith("attn_implementation") and "/" in str(value):  # transformers would fetch code by this name
            raise CheckpointError(f"{file}: {name} names code elsewhere ({value!r:.60}), which is never run.")
    if not isinstance(config.get("model_type"), str):
        raise CheckpointError(f"{file}: has no model_type, so its kind of model is unknown.")
    for place, value in _walk(config):
        if place.rpartition(".")[2] in LAYERS and not 0 <= value <= MOST_LAYERS:
            raise CheckpointError(f"{file}: {place} is {value}; no model has so many layers.")


def _check_pictures(file: Path, settings: Mapping[str, Any]) -> None:
    limit = MOST_PIXELS if {"merge_size", "temporal_patch_size"} & settings.keys() else LARGEST_EDGE  # pixels, or edges
    for place, value in _walk({name: settings[name] for name in EDGES if name in settings}):
        if not 0 < value <= limit:
            raise CheckpointError(f"{file}: {place} is {value}; no model reads such pictures.")


def _walk(value: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number in an object, with its place."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield place, value
