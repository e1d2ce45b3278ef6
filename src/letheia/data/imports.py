"""Pictures of people from elsewhere as a people folder: a Hugging Face data set, or one sub-folder a person."""

import io
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.data.folder import read_people, write_people
from letheia.data.pictures import decode
from letheia.errors import CheckpointError, ConfigError, DataError
from letheia.files import whole_folder, write_atomic
from letheia.types import Entity, People, Portrait, Role


@dataclass(frozen=True)
class Source:
    """A picture somewhere.

    Attributes:
        person: Whose it is, by name.
        where: What to call it in messages.
        read: Its bytes.
    """

    person: str
    where: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Imported:
    """What an import wrote, and the pictures it left out, each with the reason."""

    people: People
    left_out: tuple[str, ...]


def from_folders(root: Path) -> list[Source]:
    """Pictures in one sub-folder a person, which bears the name.

    Raises:
        DataError: There are none.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no folder there. Give a folder with one sub-folder of pictures a person.")
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    found = [
        Source(_plain_name(folder.name), str(file), file.read_bytes)
        for folder in folders
        for file in sorted(folder.iterdir())
        if file.is_file() and not file.name.startswith(".")
    ]
    if not found:
        raise DataError(f"{root}: no sub-folder with pictures. Make one sub-folder a person, named like the person.")
    return found


def from_dataset(
    name: str, *, split: str = "train", image: str = "image", label: str = "label", revision: str | None = None
) -> list[Source]:
    """Pictures of a Hugging Face data set; its labels' names become people.

    Args:
        name: Hub id, or a local parquet file, or a folder with some.
        split: Which split of a Hub data set.
        image: Column of the pictures.
        label: Column of the labels: named classes, or names as text.
        revision: Revision on the Hub.

    Raises:
        DataError: It can't be loaded, or lacks a column.
    """
    import datasets

    datasets.disable_progress_bars()
    path = Path(name)
    try:
        if path.exists():
            files = sorted(str(f) for f in path.rglob("*.parquet")) if path.is_dir() else [name]
            if not files:
                raise DataError(f"{path}: no parquet files there. Give a Hub id, a parquet file or a folder with some.")
            data = datasets.load_dataset("parquet", data_files={"train": files}, split="train")
        else:
            data = datasets.load_dataset(name, split=split, revision=revision)
    except DataError:
        raise
    except Exception as error:  # datasets raises errors of many libraries
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{name}: can't be loaded as a data set ({first}).") from error
    for column in (image, label):
        if column not in data.column_names:
            raise DataError(f"{name}: has no column '{column}', only {', '.join(data.column_names)}.")
    data = data.cast_column(image, datasets.Image(decode=False))
    feature = data.features[label]
    labels: list[Any] = data[label][:]
    if isinstance(feature, datasets.ClassLabel):
        labels = [feature.int2str(value) for value in labels]
    elif not all(isinstance(value, str) for value in labels):
        raise DataError(f"{name}: column '{label}' has numbers without names. Give a column of names with --label.")
    return [
        Source(_plain_name(person), f"{name}, row {row}", lambda row=row: _bytes(data[row][image]))
        for row, person in enumerate(labels)
    ]


def write_import(
    sources: Sequence[Source],
    folder: Path,
    *,
    seen: int = 1,
    pictures: int | None = None,
    names: Iterable[str] = (),
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Write a people folder; summaries and responses are still to come.

    Args:
        sources: The pictures.
        folder: Where to write; it must not exist or be empty.
        seen: How many pictures a person become seen; the others become unseen.
        pictures: At most so many pictures a person.
        names: Whom to import; everybody if left out.
        seed: Seed of the order of a person's pictures.
        progress: Called with the number of pictures added.

    Raises:
        CheckpointError: The folder holds something.
        ConfigError: Nobody bears a name that is asked for.
        DataError: No picture can be read.
        OutputError: The disk is full or the folder can't be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise CheckpointError(f"{folder}: is not empty. Choose another folder.")
    people: dict[str, list[Source]] = {}
    for source in sources:
        people.setdefault(source.person, []).append(source)
    wanted = [_plain_name(name) for name in names] or list(people)
    for name in wanted:
        if name not in people:
            raise ConfigError(f"nobody is called '{name}' among the {len(people)} people there.")
    with whole_folder(folder) as partial:
        left_out = _fill(partial, people, wanted, seen=seen, pictures=pictures, seed=seed, progress=progress)
    return Imported(read_people(folder, check_pictures=False), tuple(left_out))


def _fill(
    partial: Path,
    people: Mapping[str, Sequence[Source]],
    wanted: Sequence[str],
    *,
    seen: int,
    pictures: int | None,
    seed: int,
    progress: Callable[[int], None],
) -> list[str]:
    """Write pictures and lists; returns what was left out, each with the reason."""
    ids = _ids(wanted)
    left_out: list[str] = []
    entities: list[Entity] = []
    for name in wanted:
        drawn = list(people[name])
        random.Random(f"import-{seed}-{name}").shuffle(drawn)
        portraits: list[Portrait] = []
        for source in drawn:
            if pictures and len(portraits) == pictures:
                break
            role: Role = "seen" if len(portraits) < seen else "unseen"
            number = len(portraits) if role == "seen" else len(portraits) - seen
            try:
                portraits.append(_write(source, partial, f"{ids[name]}-{role}-{number}", ids[name], role))
            except DataError as error:
                left_out.append(f"{source.where}: {error}")
            progress(1)
        entities.append(Entity(id=ids[name], name=name, summary="", portraits=tuple(portraits)))
    if not any(e.portraits for e in entities):
        raise DataError(f"no picture can be read. The first: {left_out[0]}")
    write_people(People(folder=partial, entities=tuple(entities)))
    return left_out


def _write(source: Source, folder: Path, name: str, entity: str, role: Role) -> Portrait:
    """Write the pixels alone, upright, as PNG: EXIF, places, comments and previews stay behind.

    Raises:
        DataError: It is no picture.
    """
    try:
        data = source.read()
    except (OSError, ValueError) as error:
        raise DataError(f"not a readable picture ({error})") from error
    image = decode(io.BytesIO(data), "the picture")
    file = folder / "images" / f"{name}.png"
    write_atomic(file, lambda path: image.save(path, "PNG"))
    return Portrait(id=name, file=file, entity=entity, role=role)


def _bytes(value: Any) -> bytes:
    """The picture in a cell: its bytes, or those of the file that it names."""
    if not value or not (value.get("bytes") or value.get("path")):
        raise OSError("the cell is empty")
    return value["bytes"] or Path(value["path"]).read_bytes()


def _plain_name(label: str) -> str:
    return " ".join(unicodedata.normalize("NFC", label).replace("_", " ").split())


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Readable ids in plain letters, one a name."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "person"
        id_, number = base, 2
        while id_ in taken:
            id_, number = f"{base}-{number}", number + 1
        ids[name] = id_
        taken.add(id_)
    return ids
