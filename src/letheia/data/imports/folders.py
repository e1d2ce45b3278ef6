"""Pictures of people in folders: one sub-folder a person, or people without names anyhow."""

from pathlib import Path

from letheia.data.imports.write import Source, plain_name
from letheia.errors import DataError


def from_folders(root: Path) -> list[Source]:
    """Pictures in one sub-folder a person, which bears the name.

    Raises:
        DataError: There are none.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no folder there. Give a folder with one sub-folder of pictures a person.")
    entries = sorted(f for f in root.iterdir() if not f.name.startswith("."))
    found = [
        Source(plain_name(folder.name), str(file), file.read_bytes)
        for folder in entries
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if not file.name.startswith(".")
    ]
    if not found:
        raise DataError(f"{root}: no sub-folder with pictures. Make one sub-folder a person, named like the person.")
    return found + [Source("", str(file), file.read_bytes) for file in entries if not file.is_dir()]


def from_nameless(root: Path, whose: str) -> list[Source]:
    """Pictures of people who get no name, in a folder and in its sub-folders.

    Args:
        root: The folder.
        whose: Whose pictures they are, for messages.

    Raises:
        DataError: There are none.
    """
    files = sorted(f for f in root.rglob("*") if f.is_file() and not f.name.startswith(".")) if root.is_dir() else []
    if not files:
        raise DataError(f"{root}: no folder with pictures of {whose} there.")
    return [Source("", str(file), file.read_bytes) for file in files]
