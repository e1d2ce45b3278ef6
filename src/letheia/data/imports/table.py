"""Every source of people, one row each: how its pictures are read. A new one is a file, a row here and a test."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from letheia.data.imports.folders import from_folders
from letheia.data.imports.hub import from_dataset
from letheia.data.imports.write import Source
from letheia.errors import pick


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where people come from.

    Attributes:
        place: A folder, a file or a Hub id.
        split: Which split of a data set.
        image: The data set's column of pictures.
        label: Its column of labels, whose names become people.
        revision: Its revision on the Hub.
    """

    place: str
    split: str = "train"
    image: str = "image"
    label: str = "label"
    revision: str | None = None


IMPORTERS: dict[str, Callable[[Origin], list[Source]]] = {
    "folders": lambda o: from_folders(Path(o.place)),
    "dataset": lambda o: from_dataset(o.place, split=o.split, image=o.image, label=o.label, revision=o.revision),
}


def read_sources(name: str, origin: Origin) -> list[Source]:
    """The pictures of people at a place.

    Args:
        name: A row of `IMPORTERS`.
        origin: Where they are.

    Raises:
        ConfigError: There is no such importer; the nearest is suggested.
        DataError: The place can't be read, or nobody is there.
    """
    return pick("importer", name, IMPORTERS)(origin)
