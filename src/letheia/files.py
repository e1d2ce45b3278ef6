"""Files are written whole or not at all, and damage is noticed when they are read."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from letheia.errors import DataError, OutputError


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file beside `path`, then move it into place.

    Raises:
        OutputError: The disk is full or the folder can't be written; `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except Exception as error:
        temporary.unlink(missing_ok=True)
        # safetensors reports a full disk as its own error type, with the system's words in it
        if isinstance(error, OSError) or "os error" in str(error).lower() or "I/O error" in str(error):
            raise OutputError(f"{path}: can't write ({error}). Free some space or choose another --output.") from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    """Write one JSON value a line."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: The file is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from error
    except ValueError as error:
        raise DataError(f"{path}: not valid JSON ({error}). Delete the file or restore it.") from error


def read_jsonl(path: Path) -> list[Any]:
    """Read what `write_jsonl` wrote.

    Lines end with a line feed alone: JSON leaves U+2028, U+0085 and others as they are, where `splitlines` would cut.

    Raises:
        DataError: The file is missing, no UTF-8, or a line is no JSON; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error.reason}). Delete the file or restore it.") from error
    return [_value(line, path, number) for number, line in enumerate(lines, start=1) if line.strip()]


def _value(line: str, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}:{number}: not valid JSON ({error}). Delete the file or restore it.") from error


def sha256(path: Path) -> str:
    """Hash of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any, *, digits: int = 16) -> str:
    """Hash of a JSON value in hex digits, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:digits]
