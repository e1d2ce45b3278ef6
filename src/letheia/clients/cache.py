"""Replies kept on disk, so that a stopped run goes on where it was and nothing is paid for twice."""

import json
import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from letheia.errors import OutputError
from letheia.files import fingerprint


class Cache:
    """JSON values by JSON keys in one SQLite file; each is on disk when `put` returns.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Cache(Path(folder) / "cache.sqlite") as cache:
    ...     cache.put({"page": "Moon"}, {"text": "round"})
    ...     cache.get({"page": "Moon"}), cache.get({"page": "Sun"})
    ({'text': 'round'}, None)
    """

    def __init__(self, file: Path) -> None:
        """Open or make the file.

        Raises:
            OutputError: It can't be written or is no cache.
        """
        self._file, self._lock = file, threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file, check_same_thread=False)
            with self._connection:
                self._connection.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"{file}: can't be used as a cache ({error}). Delete it or choose another.") from error

    def get(self, key: Any) -> Any:
        """The value, or None."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM replies WHERE key = ?", (_name(key),)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, key: Any, value: Any) -> None:
        """Keep a value.

        Raises:
            OutputError: The disk is full.
        """
        self._insert("INSERT OR REPLACE", key, value)

    def _insert(self, how: str, key: Any, value: Any) -> None:
        try:
            with self._lock, self._connection:
                row = (_name(key), json.dumps(value, ensure_ascii=False))
                self._connection.execute(f"{how} INTO replies VALUES (?, ?)", row)
        except sqlite3.Error as error:
            raise OutputError(f"{self._file}: can't write ({error}). Free some space.") from error

    def keep(self, key: Any, value: Any) -> Any:
        """Keep a value unless there is one, by this process or another; whichever is kept.

        Raises:
            OutputError: The disk is full.
        """
        self._insert("INSERT OR IGNORE", key, value)
        return self.get(key)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._connection.close()


def _name(key: Any) -> str:
    return fingerprint(key, digits=64)
