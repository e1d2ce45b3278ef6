"""Pictures of people from elsewhere, wherever that is, as a people folder."""

import hashlib
import io
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from letheia.data.folder import read_people, write_people
from letheia.errors import CheckpointError, ConfigError, DataError
from letheia.files import whole_folder, write_atomic
from letheia.metrics.words import key_of
from letheia.pictures import decode
from letheia.types import Entity, People, Portrait, Role

MOST_SEEN = 5  # of a person's pictures, if the user does not say how many


@dataclass(frozen=True)
class Source:
    """A picture somewhere.

    Attributes:
        person: Whose it is, by name; empty where nothing says so.
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


def write_import(
    sources: Sequence[Source],
    folder: Path,
    *,
    seen: int | None = None,
    pictures: int | None = None,
    names: Iterable[str] = (),
    strangers: Sequence[Source] = (),
    as_strangers: Iterable[str] = (),
    anyone: Sequence[Source] = (),
    rest: bool = False,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Write a people folder; summaries and responses are still to come.

    Args:
        sources: The pictures.
        folder: Where to write; it must not exist or be empty.
        seen: How many pictures a person become seen, the others unseen; every other one and at most five if left out.
        pictures: At most so many pictures a person.
        names: Whom to import; everybody if left out.
        strangers: Pictures of people whom the model never knew.
        as_strangers: Names in `sources` whose pictures are such too.
        anyone: Pictures of other people, about whom nothing is said; one that shows an imported person is left out.
        rest: Whether pictures in `sources` that have no label, and of people who are not imported, are such too.
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
    people = _by_person(sources)
    unknown = _chosen(as_strangers, people)
    wanted = _chosen(names, people) or [name for name in people if name and name not in unknown]
    both = next((name for name in unknown if name in wanted), None)
    if both:
        raise ConfigError(f"'{both}' is to be imported both as a person and as a stranger. Choose one.")
    ids = _ids(wanted)
    with whole_folder(folder) as partial:
        copy = _Copy(partial, progress)
        entities: list[Entity] = []
        for name in wanted:
            drawn = list(people[name])
            random.Random(f"import-{seed}-{name}").shuffle(drawn)
            portraits = tuple(copy.person(drawn, ids[name], seen=seen, most=pictures))
            entities.append(Entity(id=ids[name], name=name, summary="", portraits=portraits))
        shown = copy.nameless([*strangers, *(source for name in unknown for source in people[name])], "stranger")
        left = [name for name in people if name not in (*wanted, *unknown)] if rest else []
        others = (s for name in left for s in people[name][: pictures if name else None])
        pool = copy.nameless([*anyone, *others], "anyone")
        if not any(e.portraits for e in entities):
            raise DataError(f"no picture can be read. The first: {copy.left_out[0]}")
        write_people(People(folder=partial, entities=tuple(entities), strangers=tuple(shown), anyone=tuple(pool)))
    if not names and not rest:
        copy.left_out += [f"{s.where}: has no label, or lies in no person's sub-folder" for s in people.get("", ())]
    return Imported(read_people(folder, check_pictures=False), tuple(copy.left_out))


def _by_person(sources: Iterable[Source]) -> dict[str, list[Source]]:
    """Pictures by person; names in other spellings of the same are one, as written first."""
    first: dict[str, str] = {}
    people: dict[str, list[Source]] = {}
    for source in sources:
        people.setdefault(first.setdefault(key_of(source.person), source.person), []).append(source)
    return people


def _chosen(names: Iterable[str], people: Iterable[str]) -> list[str]:
    """The names as the source writes them.

    Raises:
        ConfigError: Nobody bears one.
    """
    written = {key_of(name): name for name in people if name}
    missing = next((name for name in names if key_of(name) not in written), None)
    if missing is not None:
        raise ConfigError(f"nobody is called '{plain_name(missing)}' among the {len(written)} people there.")
    return list(dict.fromkeys(written[key_of(name)] for name in names))


class _Copy:
    """Copies pictures into a folder, and keeps what was left out."""

    def __init__(self, folder: Path, progress: Callable[[int], None]) -> None:
        self.left_out: list[str] = []
        self._folder, self._progress = folder, progress
        self._first: dict[str, str] = {}  # by content, the picture that had it first

    def person(self, sources: Iterable[Source], id_: str, *, seen: int | None, most: int | None) -> list[Portrait]:
        """A person's pictures, in the order given; one that is there already takes the same role again."""
        counts: dict[Role, int] = {"seen": 0, "unseen": 0}
        roles: dict[str, Role] = {}
        found: list[Portrait] = []
        for source in sources:
            if most and len(found) == most:
                break
            image = self._read(source)
            if image is None:
                continue
            content = _content(image)
            shown = counts["seen"] < (MOST_SEEN if seen is None else seen)
            if seen is None:
                shown = shown and counts["seen"] <= counts["unseen"]
            role = roles.setdefault(content, "seen" if shown else "unseen")
            name = f"{id_}-{role}-{counts[role]}"
            self._first.setdefault(content, name)
            found.append(_write(image, self._folder, name, id_, role))
            counts[role] += 1
        return found

    def nameless(self, sources: Iterable[Source], role: Role) -> list[Portrait]:
        """Pictures of strangers or of anyone; of the latter, without those that are there already."""
        found: list[Portrait] = []
        for source in sources:
            image = self._read(source)
            if image is None:
                continue
            name = f"{role}-{len(found):03d}"
            if role == "anyone" and (first := self._first.setdefault(_content(image), name)) != name:
                self.left_out.append(f"{source.where}: the same picture as {first}")
            else:
                found.append(_write(image, self._folder, name, "", role))
        return found

    def _read(self, source: Source) -> Image.Image | None:
        self._progress(1)
        try:
            return decode(io.BytesIO(source.read()), source.where)
        except (OSError, ValueError) as error:
            self.left_out.append(f"{source.where}: not a readable picture ({error})")
        except DataError as error:
            self.left_out.append(str(error))
        return None


def _content(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes() + str(image.size).encode()).hexdigest()


def _write(image: Image.Image, folder: Path, name: str, entity: str, role: Role) -> Portrait:
    """Write the pixels alone, upright, as PNG: EXIF, places, comments and previews stay behind."""
    file = folder / "images" / f"{name}.png"
    write_atomic(file, lambda path: image.save(path, "PNG"))
    return Portrait(id=name, file=file, entity=entity, role=role)


def plain_name(label: str) -> str:
    """A person's name from a label or the name of a folder."""
    return " ".join(unicodedata.normalize("NFC", label).replace("_", " ").split())


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Readable ids in plain letters, one a name."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        base = re.sub(r"[^a-z0-9]+", "-", key_of(name)).strip("-") or "person"
        id_, number = base, 2
        while id_ in taken:
            id_, number = f"{base}-{number}", number + 1
        ids[name] = id_
        taken.add(id_)
    return ids
