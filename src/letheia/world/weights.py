"""The weights that ship with the package, and whether they are what was shipped."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from letheia.errors import CheckpointError
from letheia.files import read_json, sha256

MODELS = ("mistral", "llama")
RECORD = "weights.json"


def weights_folder() -> Path:
    """Where the package keeps its weights."""
    with as_file(files("letheia.world") / "weights") as folder:
        return folder


def checkpoint(name: str, *, folder: Path | None = None) -> Path:
    """Folder of a shipped checkpoint, after comparing its hash with the record.

    Args:
        name: `mistral`, `llama` or `clip`.
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
