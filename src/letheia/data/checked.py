"""Which pictures of a people folder have been opened, so that not every start opens all of them again."""

import contextlib
from pathlib import Path
from typing import Any

import PIL

from letheia.errors import DataError, OutputError
from letheia.files import fingerprint, read_json, write_json
from letheia.pictures import LARGEST, THINNEST, read_image

CHECKED = ".checked.json"
"""Where a people folder remembers them, by size, times and number of the file."""


class Checked:
    """Which pictures of a folder have been opened: a file that has not changed since is not opened again."""

    def __init__(self, folder: Path, *, anew: bool = False) -> None:
        """Read what is remembered.

        Args:
            folder: The people folder.
            anew: Whether to open every picture whatever is remembered.
        """
        self._file = folder / CHECKED
        self._by = fingerprint([PIL.__version__, LARGEST, THINNEST])  # what is opened now may be refused by another
        known: Any = {}
        if not anew and self._file.is_file():
            with contextlib.suppress(DataError):  # damaged: everything is opened again
                known = read_json(self._file)
        fits = isinstance(known, dict) and known.get("by") == self._by and isinstance(known.get("pictures"), dict)
        self._known: dict[str, Any] = known["pictures"] if fits else {}
        self._found: dict[str, list[int]] = {}

    def check(self, file: Path, name: str) -> None:
        """Open a picture, unless it is remembered.

        Args:
            file: The picture.
            name: As the folder's list names it.

        Raises:
            DataError: It is missing, or no picture that models can read.
        """
        try:
            there = file.stat()
            state = [there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino]
        except OSError:
            state = []
        if not state or self._known.get(name) != state:
            read_image(file)
        self._found[name] = state

    def keep(self) -> None:
        """Remember what has been opened; a folder that can't be written is opened again next time."""
        if self._found != self._known:
            with contextlib.suppress(OutputError):
                write_json(self._file, {"by": self._by, "pictures": self._found})
