"""Where a study keeps what it has done: one folder, small text files, each written whole or not at all."""

import importlib.metadata
import platform
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from letheia.clients.endpoint import scrubbed
from letheia.errors import CheckpointError, DataError
from letheia.files import (
    PASSING,
    clear_left,
    make_folder,
    read_json,
    read_jsonl,
    write_json,
    write_jsonl,
    write_text,
)
from letheia.metrics.results import without_plain
from letheia.models.weight_files import file_hash
from letheia.types import Answer, Entity, Generation, People, Reference, References, Score, Split

SECRET, KEY_BYTES = "removal.key", 32
VERSIONS = ("letheia", "torch", "transformers", "peft", "accelerate", "tokenizers", "numpy", "scikit-learn")


def claim(folder: Path, key: str) -> None:
    """Make the folder this study's, or find that it already is; what a killed process left half-written goes.

    Raises:
        CheckpointError: It belongs to another study, or holds something else.
    """
    marker = folder / "run.json"
    if marker.exists():
        found = read_json(marker)
        if not isinstance(found, dict) or found.get("key") != key:
            raise CheckpointError(
                f"{folder}: holds a run with other settings, people or weights (see config.yaml there). "
                "Choose another --output, or delete the folder."
            )
    elif folder.exists() and not all(PASSING.fullmatch(file.name) for file in folder.iterdir()):
        raise CheckpointError(f"{folder}: is not empty and holds no run. Choose another --output.")
    else:
        make_folder(folder)
        folder.chmod(0o700)
        write_json(marker, {"key": key})
    clear_left(folder.rglob(".*.partial"))


def write_answers(path: Path, answers: Sequence[Generation]) -> None:
    """Write answers, one per line; the way of asking only where it is not plain."""
    write_jsonl(path, [without_plain(asdict(a)) for a in answers])


def read_answers(path: Path) -> list[Generation]:
    """Read answers that `write_answers` wrote.

    Raises:
        DataError: With the line that is wrong.
    """
    return [_line(Generation, value, path, i) for i, value in enumerate(read_jsonl(path), 1)]


def write_scores(path: Path, scores: Sequence[Sequence[Score]]) -> None:
    """Write the scores of each answer, one answer per line."""
    write_jsonl(path, [[asdict(s) for s in row] for row in scores])


def read_scores(path: Path) -> list[dict[str, float | None]]:
    """Read the metrics of each answer, by name.

    Raises:
        DataError: The file can't be read.
    """
    return [{score["metric"]: score["value"] for score in row} for row in read_jsonl(path)]


def write_split(path: Path, split: Split) -> None:
    """Write who is forgotten and who is retained."""
    write_json(path, {"forget": [e.id for e in split.forget], "retain": [e.id for e in split.retain]})


def read_split(path: Path, people: People) -> Split:
    """Read a split.

    Raises:
        DataError: It names somebody who is not in the folder.
    """
    by_id = {e.id: e for e in people.entities}
    value = read_json(path)
    try:
        groups: dict[str, tuple[Entity, ...]] = {g: tuple(by_id[i] for i in value[g]) for g in ("forget", "retain")}
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: does not fit the people folder ({error}). Delete it to draw again.") from error
    return Split(**groups)


UNCHECKED, CHECKED = "references.jsonl", "references-checked.jsonl"  # where o* are kept


def write_references(path: Path, references: References) -> None:
    """Write o*, one draw per line."""
    rows: list[dict[str, Any]] = []
    for (portrait, draw), r in references.items():
        extra = {"failed": r.failed, "replaced": r.replaced} if r.failed else {}
        rows.append({"portrait": portrait, "draw": draw, **asdict(r.answer), **extra})
    write_jsonl(path, rows)


def read_references(path: Path) -> References:
    """Read o*; lines of earlier versions don't say whether one was cut, and count as finished."""
    return {
        (v["portrait"], v["draw"]): Reference(
            Answer(v["text"], v.get("finished", True)), tuple(v.get("failed", ())), v.get("replaced", False)
        )
        for v in read_jsonl(path)
    }


def secret(folder: Path) -> bytes:
    """The secret of a run's keyed hashes: drawn once, and kept in its folder for its owner alone.

    Raises:
        CheckpointError: The file is damaged.
    """
    file = folder / SECRET
    if not file.exists():
        write_text(file, secrets.token_hex(KEY_BYTES) + "\n")
    return read_secret(file)


def read_secret(file: Path) -> bytes:
    """A secret that `secret` wrote.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CheckpointError(f"{file}: holds no key. Restore it, or delete it to have the cards made anew.")
    return key


def provenance(*, command: str, files: Sequence[Path]) -> dict[str, Any]:
    """What made a run: command, versions, commit if any, and hashes of the weights."""
    return {
        "command": scrubbed(command),
        "python": platform.python_version(),
        "platform": platform.machine(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        "commit": _commit(),
        "weights": {f"{f.parent.name}/{f.name}": file_hash(f) for f in files},
    }


def version() -> str:
    """Letheia's own."""
    return importlib.metadata.version("letheia")


def _commit() -> str | None:
    try:
        found = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return found.stdout.strip() or None


def _line(kind: type[Generation], value: Any, path: Path, number: int) -> Generation:
    try:
        return kind(**value)
    except TypeError as error:
        raise DataError(f"{path}:{number}: {error}. Delete the file to make it again.") from error
