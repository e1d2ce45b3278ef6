"""Files are written whole or not at all, for their owner alone; one process holds a folder; damage is noticed."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from letheia.errors import DataError, LetheiaError, OutputError

if sys.platform != "win32":
    import fcntl

LOCK = ".lock"
PASSING = re.compile(r"\.lock|\..+\.\w{8}\.partial")
"""Names of what is there only while a process works, or after it was killed."""
_held: set[Path] = set()


def make_folder(folder: Path) -> None:
    """Make a folder, and those above that are missing, for their owner alone."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file beside `path`, then move it into place. Its owner alone may read it.

    Raises:
        OutputError: The disk is full or the folder can't be written; `path` is as it was.
    """
    with _told(path):
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".partial", dir=path.parent)
        os.close(handle)
        try:
            write(Path(name))
            with open(name, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(folder: Path, *, replace: bool = False, private: bool = True) -> Iterator[Path]:
    """A temporary folder that replaces the final one when the block ends; nothing is left if it fails.

    Args:
        folder: Its place.
        replace: Whether what is there may hold something, and gives way.
        private: Whether its owner alone may read it.

    Raises:
        OutputError: The disk is full, the folder can't be written, or another process writes it.
    """
    with _told(folder), holding(folder, beside=True):
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name[:60]}.", suffix=".partial", dir=folder.parent))
        try:
            yield partial
            _set_modes(partial, private=private)
            if folder.exists():
                shutil.rmtree(folder) if replace else folder.rmdir()
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _set_modes(folder: Path, *, private: bool) -> None:
    closed = 0o077
    if not private:
        closed = os.umask(closed)  # which can only be read by setting it
        os.umask(closed)
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~closed)


@contextmanager
def holding(folder: Path, *, beside: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a folder against other processes while the block runs; this process may hold it once more inside.

    The system lets go when the process ends, however it ends. Where a network's file system has no locks, nothing is
    held. What a killed process left half-written is cleared away.

    Args:
        folder: The folder; it is made.
        beside: Whether the lock lies beside it, for a folder that is not there yet.
        wait: Whether to wait for another process.

    Raises:
        OutputError: Another process works in it, or it can't be written.
    """
    folder = folder.absolute()
    lock = folder.with_name(f".{folder.name}{LOCK}") if beside else folder / LOCK
    if sys.platform == "win32" or lock in _held:
        yield
        return
    with _told(folder):
        make_folder(lock.parent)
        held = _acquire(lock, folder, wait=wait)
    _held.add(lock)
    try:
        name = re.escape(folder.name[:60]) if beside else ".+"
        clear_left(left for left in lock.parent.iterdir() if re.fullmatch(rf"\.{name}\.\w{{8}}\.partial", left.name))
        yield
    finally:
        _held.discard(lock)
        lock.unlink(missing_ok=True)
        os.close(held)


def _acquire(lock: Path, folder: Path, *, wait: bool) -> int:
    """The open file that is locked: that which bears the name, since whoever lets go removes it."""
    assert sys.platform != "win32"
    while True:
        opened = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(opened)
            raise OutputError(
                f"{folder}: another letheia process is working in it. Wait until it has ended, or choose another."
            ) from None
        except OSError:  # no locks here
            return opened
        try:
            if os.path.samestat(os.fstat(opened), os.stat(lock)):
                return opened
        except FileNotFoundError:
            pass
        os.close(opened)


def clear_left(files: Iterable[Path]) -> None:
    """Remove what killed processes left half-written, in a folder that this process holds."""
    for left in [path for path in files if PASSING.fullmatch(path.name) and path.name != LOCK]:
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A full disk or a closed folder as one line."""
    try:
        yield
    except LetheiaError:
        raise
    except Exception as error:
        # safetensors reports a full disk as its own error type, with the system's words in it
        if isinstance(error, OSError) or "os error" in str(error).lower() or "I/O error" in str(error):
            raise OutputError(f"{path}: can't write ({error}). Free some space or choose another --output.") from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    data = text.encode("utf-8", "backslashreplace")  # half a surrogate pair, which JSON reads from the same escape
    write_atomic(path, lambda temporary: temporary.write_bytes(data))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    """Write one JSON value per line."""
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
    except (ValueError, RecursionError) as error:
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
