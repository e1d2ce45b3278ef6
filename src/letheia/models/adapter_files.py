"""An adapter's files, read and checked: its weights say what it changes, never its patterns.

An adapter made elsewhere says which modules it changes by a regular expression or by the ends of names; those of the
vision tower may match too, a pattern may run for hours, and names change with versions of the library. The weight file
says the same exactly: one entry a module.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from safetensors.torch import load_file
from torch import Tensor

from letheia.errors import CheckpointError
from letheia.models.families import Family
from letheia.models.weight_files import stored_tensors

TAKEN = {"lora_alpha": int | float, "use_rslora": bool, "use_dora": bool, "lora_bias": bool}
"""Fields of `adapter_config.json` that say how a change is computed, taken as they are."""

IGNORED = frozenset(
    ["task_type", "peft_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode"]
    + ["r", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "rank_pattern"]
    + ["alpha_pattern", "modules_to_save", "bias", "lora_dropout", "fan_in_fan_out", "init_lora_weights"]
    + ["eva_config", "corda_config", "loftq_config", "lora_ga_config", "megatron_core", "qalora_group_size"]
    + ["runtime_config", "ensure_weight_tying"]
)
"""Fields that are read elsewhere here, or that only say how it was trained; any other that is set is refused."""

CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Ways of starting that take something out of the base model's own weights."""

PLAIN_PATTERN = re.compile(r"[\w.^$\\]*(\.\*|\\d\+)?[\w.^$\\]*")
"""Names in `alpha_pattern`: with at most one wildcard they are matched at once."""


@dataclass(frozen=True)
class AdapterFile:
    """A saved adapter, in the names of the network it goes into.

    Attributes:
        config: For peft: exact names of modules, no patterns.
        weights: Its weights by peft's names, without biases of the base model.
        biases: New values of the base model's own biases, by parameter.
        modules: Every module that it changes.
        base: The model that it was made for, as the file has it; empty where nothing says so.
    """

    config: LoraConfig
    weights: dict[str, Tensor]
    biases: dict[str, Tensor]
    modules: frozenset[str]
    base: str


def adapter_weights(folder: Path) -> Path:
    """The weight file of a saved adapter.

    Raises:
        CheckpointError: The folder has no adapter.
    """
    weights = folder / "adapter_model.safetensors"
    if not (folder / "adapter_config.json").exists() or not weights.exists():
        raise CheckpointError(f"{folder}: no adapter there (adapter_config.json and adapter_model.safetensors).")
    return weights


def read_adapter(folder: Path, modules: Mapping[str, Any], family: Family) -> AdapterFile:
    """Read an adapter for a network.

    Args:
        folder: The adapter's folder.
        modules: The network's modules by name.
        family: Its row.

    Raises:
        CheckpointError: Files are damaged, of another kind of adapter, or name modules that the network has not.
    """
    file = adapter_weights(folder)
    told = _settings(folder / "adapter_config.json")
    shapes = stored_tensors(file)
    found = {key: _placed(key, modules, family) for key in shapes}
    lost = sorted(key for key, place in found.items() if place is None)
    if lost or not found:
        raise CheckpointError(
            f"{file}: {len(lost)} of {len(shapes)} weights have no place in the model{', such as ' * bool(lost)}"
            f"{''.join(lost[:1])}. Give the model that the adapter was made for."
        )
    placed = {key: place for key, place in found.items() if place}
    ranks: dict[str, int] = {}
    own: dict[str, str] = {}  # the name in the file, by the network's
    for key, (module, rest) in placed.items():
        if rest.startswith(("lora_A", "lora_embedding_A")):
            ranks[module] = _rank(file, key, shapes[key].shape, modules[module])
            own[module] = _stripped(key).removesuffix(f".{rest}")
    whole = _whole(placed.values())
    biases = {f"{m}.bias" for m, rest in placed.values() if rest == "bias" and not _inside(m, whole)}
    config = _lora(told, ranks, own, whole, folder / "adapter_config.json")
    loaded = load_file(file)
    broken = next((key for key, value in loaded.items() if not torch.isfinite(value).all()), None)
    if broken:
        raise CheckpointError(f"{file}: {broken} has entries that are no numbers. Save or download it again.")
    weights = {".".join(place): loaded[key] for key, place in placed.items()}
    return AdapterFile(
        config=config,
        weights={f"base_model.model.{name}": value for name, value in weights.items() if name not in biases},
        biases={name: weights[name] for name in biases},
        modules=frozenset(m for m, _ in placed.values()),
        base=str(told.get("base_model_name_or_path") or ""),
    )


def _settings(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file}: not valid JSON ({error}). Save or download it again.") from error
    if not isinstance(told, dict):
        raise CheckpointError(f"{file}: must hold an object with fields, not a {type(told).__name__}.")
    if told.get("peft_type") != "LORA":
        raise CheckpointError(f"{file}: is an adapter of type {told.get('peft_type')!r:.40}; only LORA can be loaded.")
    start = told.get("init_lora_weights")
    if isinstance(start, str) and start.lower().startswith(CHANGES_BASE):
        raise CheckpointError(
            f"{file}: started by '{start:.40}', which changes the base model's own weights. Save it as plain LoRA, "
            "with peft's path_initial_model_for_weight_conversion."
        )
    strange = next((k for k, v in told.items() if v and k not in IGNORED and k not in TAKEN), None)
    if strange:
        raise CheckpointError(f"{file}: '{strange:.40}' is set, and Letheia does not know such adapters.")
    return told


def _stripped(key: str) -> str:
    """A key without what peft puts in front, and between."""
    key = key.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".modules_to_save.default.", ".")
    return re.sub(r"\.(lora_\w+)\.default(?=\.|$)", r".\1", key)


def _placed(key: str, modules: Mapping[str, Any], family: Family) -> tuple[str, str] | None:
    """The network's module that a key belongs to, and the rest of the key.

    Checkpoints of before transformers 4.52 had the language model elsewhere, and the vision tower one level deeper.
    """
    name = _stripped(key)
    moves = [("", ""), ("language_model.lm_head", "lm_head")]
    if family.vision:
        moves += [(f"{family.formerly}.", f"{family.language_model}.")]
        moves += [(f"{part}.", f"model.{part}.") for part in ("vision_tower", "multi_modal_projector", "visual")]
    for old, new in moves:
        moved = new + name.removeprefix(old)
        for tried in (moved, moved.replace(".vision_model.", ".", 1)) if name.startswith(old) else ():
            module, mark, rest = tried.partition(".lora_")
            if not mark:
                module, _, rest = tried.rpartition(".")
            own = modules.get(module)
            if own is not None and (mark or rest in dict(own.named_parameters(recurse=False))):
                return module, f"lora_{rest}" if mark else rest
    return None


def _rank(file: Path, key: str, shape: tuple[int, ...], module: Any) -> int:
    rank = shape[0] if shape else 0
    if not 0 < rank <= max(module.weight.shape):
        raise CheckpointError(f"{file}: {key} has rank {rank}, which no layer of the model can have.")
    return rank


def _whole(placed: Collection[tuple[str, str]]) -> frozenset[str]:
    """Modules that the adapter has whole, the outermost ones; a bias alone belongs to the base's module."""
    found = {module for module, rest in placed if not rest.startswith("lora_") and rest != "bias"}
    return frozenset(m for m in found if not _inside(m, found - {m}))


def _inside(module: str, others: Collection[str]) -> bool:
    return any(f"{module}.".startswith(f"{other}.") for other in others)


def _lora(
    told: Mapping[str, Any], ranks: Mapping[str, int], own: Mapping[str, str], whole: Collection[str], file: Path
) -> LoraConfig:
    """The configuration for peft, with exact names."""
    for field, kind in TAKEN.items():
        if told.get(field) is not None and not isinstance(told[field], kind):
            raise CheckpointError(f"{file}: {field} is {told[field]!r:.40}, which is no {kind}.")
    if told.get("lora_alpha") is None:
        raise CheckpointError(f"{file}: lora_alpha is missing, so the adapter's strength is unknown.")
    rank = Counter(ranks.values()).most_common(1)[0][0] if ranks else 1
    alphas = _alphas(told.get("alpha_pattern") or {}, own, file)
    return LoraConfig(
        r=rank,
        target_modules=sorted(ranks),
        modules_to_save=sorted(whole) or None,
        rank_pattern={f"^{re.escape(m)}": r for m, r in ranks.items() if r != rank},
        alpha_pattern={f"^{re.escape(m)}": a for m, a in alphas.items()},
        inference_mode=True,
        **{field: told[field] for field in TAKEN if told.get(field) is not None},
    )


def _alphas(patterns: Any, own: Mapping[str, str], file: Path) -> dict[str, float]:
    """Alpha of the modules that have one of their own, as peft matches them."""
    if not isinstance(patterns, dict) or not all(isinstance(a, int | float) for a in patterns.values()):
        raise CheckpointError(f"{file}: alpha_pattern must give numbers by name.")
    wrong = next((p for p in patterns if len(p) > 200 or not PLAIN_PATTERN.fullmatch(p)), None)
    if wrong is not None:
        raise CheckpointError(f"{file}: alpha_pattern {wrong!r:.60} is no plain name of modules.")
    found: dict[str, float] = {}
    for module, name in own.items():
        hit = next((p for p in patterns if re.match(rf"(.*\.)?({p})$", name)), None)
        if hit is not None:
            found[module] = patterns[hit]
    return found
