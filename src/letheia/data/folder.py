"""The people folder: `entities.jsonl`, and pictures in the imagefolder convention with `metadata.jsonl`.

entities.jsonl     one person per line: id, name, aliases, summary, source, responses, facts, fact_sources
metadata.jsonl     one picture per line: file_name, entity, role (seen, unseen, stranger or anyone), attributes
images/…           the pictures
"""

import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from letheia.data.checked import Checked
from letheia.errors import DataError
from letheia.files import fingerprint, holding, sha256, write_jsonl
from letheia.types import Entity, People, Portrait, Role

Line = TypeVar("Line", bound=BaseModel)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of what is not seen: control and format characters, halves of pairs, ends of lines."""


class _EntityLine(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    summary: str = ""
    source: dict[str, str] = Field(default_factory=dict)
    responses: tuple[str, ...] = ()
    facts: dict[str, str] = Field(default_factory=dict)
    fact_sources: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("id", "name")
    @classmethod
    def _something_is_seen(cls, text: str) -> str:
        if all(c.isspace() or unicodedata.category(c) in UNSEEN for c in text):
            raise ValueError("is blank")
        return text

    @field_validator("summary")
    @classmethod
    def _blank_is_none(cls, text: str) -> str:
        return text if text.strip() else ""


class _PictureLine(BaseModel):
    model_config = ConfigDict(extra="ignore")
    file_name: str = Field(min_length=1)
    entity: str = ""
    role: Role
    attributes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _stranger_has_no_entity(self) -> "_PictureLine":
        if (self.role in ("stranger", "anyone")) != (self.entity == ""):
            raise ValueError("a stranger's or anyone's picture has no entity, every other picture has one")
        return self


def read_people(folder: Path, *, check_pictures: bool = True) -> People:
    """Read a people folder.

    Args:
        folder: Where it is.
        check_pictures: Open every picture that has not been opened before as it is (`Checked`).

    Raises:
        DataError: With file and line of the first thing that is wrong.
    """
    checked = Checked(folder) if check_pictures else None
    reader = _Reader(folder, checked)
    if checked:
        checked.keep()
    if reader.problems:
        raise DataError(reader.problems[0])
    return reader.people


def check_people(folder: Path) -> list[str]:
    """Everything that is wrong with a people folder, each with file and line; all pictures are opened."""
    return _Reader(folder, Checked(folder, anew=True)).problems


class _Reader:
    """Reads a folder and goes on after a problem, so that all of them can be told."""

    def __init__(self, folder: Path, checked: Checked | None) -> None:
        self.problems: list[str] = []
        self._checked = checked
        self._root = os.path.join(os.path.realpath(folder), "")
        self._places: dict[str, str] = {}
        entities: dict[str, _EntityLine] = {}
        for where, value in self._lines(folder / "entities.jsonl"):
            line = self._parse(_EntityLine, value, where)
            if line is None:
                continue
            if line.id in entities:
                self.problems.append(f"{where}: the id '{line.id}' is taken by an earlier line. Make ids unique.")
            entities.setdefault(line.id, line)
        if not entities and not self.problems:
            self.problems.append(f"{folder / 'entities.jsonl'}: has no people. Add one line per person.")
        pictures: dict[str, Portrait] = {}
        by_person: dict[str, list[Portrait]] = {}
        for where, value in self._lines(folder / "metadata.jsonl") if _needs_list(folder) else ():
            line = self._parse(_PictureLine, value, where)
            if line is None:
                continue
            if line.entity and line.entity not in entities:
                self.problems.append(f"{where}: nobody in entities.jsonl has the id '{line.entity}'.")
            portrait = Portrait(
                id=Path(line.file_name).stem,
                file=folder / line.file_name,
                entity=line.entity,
                role=line.role,
                attributes=line.attributes,
            )
            if portrait.id in pictures:
                self.problems.append(f"{where}: a picture '{portrait.id}' stands in an earlier line. Rename one.")
            else:
                by_person.setdefault(portrait.entity, []).append(portrait)
            pictures.setdefault(portrait.id, portrait)
            self._check_file(portrait.file, line.file_name, where)
        self.people = People(
            folder=folder,
            entities=tuple(
                Entity(**line.model_dump(), portraits=tuple(by_person.get(id_, ()))) for id_, line in entities.items()
            ),
            strangers=tuple(p for p in by_person.get("", ()) if p.role == "stranger"),
            anyone=tuple(p for p in by_person.get("", ()) if p.role == "anyone"),
        )
        self.problems = [_one_line(problem) for problem in self.problems]

    def _check_file(self, file: Path, name: str, where: str) -> None:
        if "\0" in name or not self._real(file).startswith(self._root):
            self.problems.append(f"{where}: {name!r} lies outside the people folder. Copy the picture into it.")
        elif self._checked:
            try:
                self._checked.check(file, name)
            except DataError as error:
                self.problems.append(f"{where}: {error}")

    def _real(self, file: Path) -> str:
        """Where a file truly lies; that of its folder is looked up once."""
        if file.name in ("", "..") or os.path.islink(file):
            return os.path.realpath(file)
        above = str(file.parent)
        if above not in self._places:
            self._places[above] = os.path.realpath(above)
        return os.path.join(self._places[above], file.name)

    def _lines(self, path: Path) -> Iterator[tuple[str, Any]]:
        if not os.path.realpath(path).startswith(self._root):
            self.problems.append(f"{path}: is a link out of the people folder. Copy the file into it.")
            return
        if path.exists() and not path.is_file():  # a pipe would be waited for
            self.problems.append(f"{path}: is no regular file. A people folder needs this file.")
            return
        try:
            text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
        except OSError as error:
            self.problems.append(f"{path}: can't be read ({error.strerror}). A people folder needs this file.")
            return
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self.problems.append(f"{path}:{line}: not UTF-8 ({error.reason}). Save the file as UTF-8.")
            return
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            if "\\u0000" in line:
                self.problems.append(f"{where}: has a NUL character in a text. Remove it.")
                continue
            try:
                value = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                self.problems.append(f"{where}: has half of a surrogate pair, which is no character. Correct the text.")
            except (ValueError, RecursionError) as error:
                self.problems.append(f"{where}: not valid JSON ({error}). Correct or remove the line.")
            else:
                yield where, value

    def _parse(self, kind: type[Line], value: Any, where: str) -> Line | None:
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(p) for p in first["loc"]) or "the line"
            self.problems.append(f"{where}: {place}: {first['msg'].removeprefix('Value error, ').lower()}.")
            return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(n for n in names if names.count(n) > 1)}' stands twice")
    return found


def _one_line(problem: str) -> str:
    """A message may quote what stands in the files; line ends and other control characters are written out."""
    return "".join(c if unicodedata.category(c) not in UNSEEN else ascii(c)[1:-1] for c in problem)


def _needs_list(folder: Path) -> bool:
    """Whether there is a list of pictures or must be one; names and summaries alone need none."""
    try:
        entries = [f for f in folder.iterdir() if not f.name.startswith(".")]
    except OSError:
        return True
    return any(f.name == "metadata.jsonl" or f.suffix not in {".json", ".jsonl", ".md", ".txt"} for f in entries)


def write_people(people: People) -> None:
    """Write `entities.jsonl` and `metadata.jsonl`; the pictures must lie below the folder already."""
    pictures = [*(p for e in people.entities for p in e.portraits), *people.strangers, *people.anyone]
    write_jsonl(
        people.folder / "metadata.jsonl",
        [
            {
                "file_name": p.file.relative_to(people.folder).as_posix(),
                "entity": p.entity,
                "role": p.role,
                "attributes": dict(p.attributes),
            }
            for p in pictures
        ],
    )
    fields = ("id", "name", "aliases", "summary", "source", "responses", "facts", "fact_sources")
    rows = [{f: getattr(e, f) for f in fields if getattr(e, f)} for e in people.entities]
    write_jsonl(people.folder / "entities.jsonl", rows)


def update_entities(folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Set fields of people in `entities.jsonl`; lines and fields that are not meant stay as they are.

    Args:
        folder: A people folder that can be read.
        changes: By a person's id, fields with their values.

    Raises:
        OutputError: The disk is full or the file can't be written; it is as it was.
    """
    file = folder / "entities.jsonl"
    with holding(folder, wait=True):  # for what another command adds meanwhile
        lines = file.read_text(encoding="utf-8-sig").split("\n")
        rows = [json.loads(line) for line in lines if line.strip()]
        write_jsonl(file, [{**row, **changes.get(row["id"], {})} for row in rows])


def hash_of(entity: Entity) -> str:
    """Hash of everything that was given about a person; not for others, who could try it on people they know of."""
    pictures = sorted(p.words or sha256(p.file) for p in entity.portraits)
    return fingerprint([entity.names, entity.summary, entity.responses, dict(entity.facts), pictures], digits=64)
