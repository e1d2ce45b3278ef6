"""Weight files, looked at before anything is loaded: safetensors only, whole, no more tensors than models have."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from letheia.errors import CheckpointError
from letheia.files import fingerprint, sha256

MOST = 50_000
"""Tensors in a file; a model of 70B has about 1,500, in 4 bits five times as many."""

CONTENT = ("*.safetensors", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt")
"""The files of a checkpoint or an adapter that can change an answer."""


@dataclass(frozen=True)
class Stored:
    """Shape and type of a tensor in a file, by safetensors' name (`BF16`)."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """How many numbers it has."""
        size = 1
        for length in self.shape:
            size *= length
        return size


def stored_tensors(file: Path) -> dict[str, Stored]:
    """What a safetensors file holds, by its header, which must fit the file's length.

    Raises:
        CheckpointError: The file is damaged, cut off, or holds more tensors than any model has.
    """
    try:
        with safe_open(file, "pt") as stored:
            names = stored.keys()
            if len(names) > MOST:
                raise CheckpointError(f"{file}: holds {len(names):,} tensors; no model has more than {MOST:,}.")
            parts: dict[str, Any] = {name: stored.get_slice(name) for name in names}
            return {name: Stored(tuple(part.get_shape()), part.get_dtype()) for name, part in parts.items()}
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"{file}: damaged or not downloaded whole ({error}). Download it again.") from error


def content_key(folder: Path) -> str:
    """Fingerprint of everything in a checkpoint's or an adapter's folder that can change an answer."""
    files = sorted({file for pattern in CONTENT for file in folder.glob(pattern)})
    return fingerprint([[file.name, file_hash(file)] for file in files])


def file_hash(file: Path) -> str:
    """SHA-256 of a weight file, read once a process unless it has changed: 15 GB take some seconds."""
    told = os.stat(file)
    return _hash(file, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash(file: Path, size: int, changed: int) -> str:
    return sha256(file)
