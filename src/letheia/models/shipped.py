"""The weights that ship with the package, and whether they are what was shipped."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from letheia.config import LoadConfig
from letheia.errors import CheckpointError
from letheia.files import read_json, sha256
from letheia.models.weight_files import content_key

if TYPE_CHECKING:
    from letheia.models.model import Model

MODELS = ("mistral", "llama")
GOLD = "gold"
"""The control of an audit: the first model once more, never taught the ten people whom the demo forgets."""
SHIPPED = (*MODELS, GOLD)
RECORD = "weights.json"


def weights_folder() -> Path:
    """Where the package keeps its weights."""
    with as_file(files("letheia.world") / "weights") as folder:
        return folder


def checkpoint(name: str, *, folder: Path | None = None) -> Path:
    """Folder of a shipped checkpoint, after comparing its hash with the record.

    Args:
        name: `mistral`, `llama`, `gold` or `clip`.
        folder: Where weights and record lie; the package's if left out.

    Raises:
        CheckpointError: The file is missing or its hash differs.
    """
    root = folder or weights_folder()
    file = root / name / "model.safetensors"
    if not file.exists():
        raise CheckpointError(f"{file}: missing. Install letheia again, or run 'letheia world train'.")
    expected = record(root)["sha256"].get(name)
    found = sha256(file)
    if found != expected:
        raise CheckpointError(
            f"{file}: damaged (sha256 {found[:12]}…, shipped {str(expected)[:12]}…). "
            "Install letheia again, or run 'letheia world train'."
        )
    return root / name


def record(folder: Path | None = None) -> dict[str, Any]:
    """How the weights were made and what they can do."""
    return read_json((folder or weights_folder()) / RECORD)


def resolve_model(name: str, load: LoadConfig | None = None, *, planned: bool = False) -> "Model":
    """A model of the world by name, or any checkpoint by folder or Hub id.

    Args:
        name: Which.
        load: How it is loaded.
        planned: Leave the weights out (`loading.plan_model`).
    """
    from letheia.models.loading import load_model, plan_model

    source = source_of(name)
    if planned:
        return plan_model(source, load=load)
    return load_model(source, name=name if name in SHIPPED else None, load=load)


def source_of(name: str) -> str | Path:
    """Where a model lies: the world's by name, else the folder or Hub id itself."""
    return checkpoint(name) if name in SHIPPED else name


def weight_files(*models: str) -> list[Path]:
    """The weight files of models of the world and of folders; a checkpoint of the Hub has its commit instead."""
    return [file for name in models for file in sorted(Path(source_of(name)).glob("*.safetensors"))]


def weights_key(name: str, model: "Model") -> str:
    """Fingerprint of a model's files; a checkpoint of the Hub has its commit instead."""
    folder = Path(source_of(name))
    return content_key(folder) if folder.is_dir() else str(model.network.config._commit_hash)
