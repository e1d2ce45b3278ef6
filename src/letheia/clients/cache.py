"""Replies kept on disk, so that a stopped run goes on where it was and nothing is paid for twice.

Several processes may share a file: each question is claimed before it is asked, and the others wait for its reply.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from letheia.errors import OutputError
from letheia.files import fingerprint

LEASE = 30.0  # seconds after which a claim that nobody renews is nobody's: its owner has died
PATIENCE = 60.0  # seconds that a process waits for another one's write


class Cache:
    """JSON values by JSON keys in one SQLite file; each is on disk when `put` returns.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Cache(Path(folder) / "cache.sqlite") as cache:
    ...     cache.put({"page": "Moon"}, {"text": "round"})
    ...     cache.get({"page": "Moon"}), cache.get({"page": "Sun"})
    ({'text': 'round'}, None)
    """

    def __init__(self, file: Path) -> None:
        """Open or make the file; nobody but its owner can read a new one.

        Raises:
            OutputError: It can't be written or is no cache.
        """
        self._file, self._lock = file, threading.Lock()
        self._owner = os.urandom(8).hex()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(file, check_same_thread=False, timeout=PATIENCE)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            with self._connection:
                self._connection.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT)")
                self._connection.execute(
                    "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT, until REAL)"
                )
        except sqlite3.Error as error:
            self._connection.close()
            raise self._unusable(error) from error

    def get(self, key: Any) -> Any:
        """The value, or None; None too where what is kept is no JSON.

        Raises:
            OutputError: The file is damaged.
        """
        try:
            with self._lock:
                row = self._connection.execute("SELECT value FROM replies WHERE key = ?", (_name(key),)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            return json.loads(row[0]) if row else None
        except (ValueError, TypeError, RecursionError):
            return None

    def put(self, key: Any, value: Any) -> None:
        """Keep a value, and let go of the claim on it.

        Raises:
            OutputError: The disk is full.
        """
        self._insert("INSERT OR REPLACE", key, value)

    def keep(self, key: Any, value: Any) -> Any:
        """Keep a value unless there is one, by this process or another; whichever is kept.

        Raises:
            OutputError: The disk is full.
        """
        self._insert("INSERT OR IGNORE", key, value)
        return self.get(key)

    def claim(self, keys: Sequence[Any]) -> list[bool]:
        """Claim questions before they are asked; False for each that somebody else is asking now.

        Raises:
            OutputError: The disk is full.
        """
        if not keys:
            return []
        now = time.time()
        with self._writing() as connection:
            # a claim that ends later than any can was made while the clock was wrong
            connection.execute("DELETE FROM claims WHERE until < ? OR until > ?", (now, now + 2 * LEASE))
            return [
                connection.execute(
                    "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", (_name(key), self._owner, now + LEASE)
                ).rowcount
                == 1
                for key in keys
            ]

    def renew(self) -> None:
        """Say that this process still lives; wanted more often than every `LEASE` seconds.

        Raises:
            OutputError: The disk is full.
        """
        with self._writing() as connection:
            connection.execute("UPDATE claims SET until = ? WHERE owner = ?", (time.time() + LEASE, self._owner))

    def release(self) -> None:
        """Let go of every claim.

        Raises:
            OutputError: The disk is full.
        """
        with self._writing() as connection:
            connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))

    def _insert(self, how: str, key: Any, value: Any) -> None:
        with self._writing() as connection:
            row = (_name(key), json.dumps(value))
            connection.execute(f"{how} INTO replies VALUES (?, ?)", row)
            connection.execute("DELETE FROM claims WHERE key = ?", row[:1])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:
                yield self._connection
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OutputError(f"{self._file}: can't write ({error}). Free some space.") from error
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> OutputError:
        return OutputError(f"{self._file}: can't be used as a cache ({error}). Delete it or choose another.")

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
