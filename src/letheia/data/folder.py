"""The people folder: `entities.jsonl`, and pictures in the imagefolder convention with `metadata.jsonl`.

entities.jsonl     one person a line: id, name, aliases, summary, responses, facts
metadata.jsonl     one picture a line: file_name, entity, role (seen, unseen or stranger), attributes
images/…           the pictures
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from letheia.errors import DataError
from letheia.files import write_jsonl
from letheia.types import Entity, People, Portrait, Role


class _EntityLine(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    summary: str = Field(min_length=1)
    responses: tuple[str, ...] = ()
    facts: dict[str, str] = Field(default_factory=dict)


class _PictureLine(BaseModel):
    model_config = ConfigDict(extra="ignore")
    file_name: str = Field(min_length=1)
    entity: str = ""
    role: Role
    attributes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _stranger_has_no_entity(self) -> "_PictureLine":
        if (self.role == "stranger") != (self.entity == ""):
            raise ValueError("a stranger's picture has no entity, every other picture has one")
        return self


def read_people(folder: Path, *, check_pictures: bool = True) -> People:
    """Read a people folder.

    Args:
        folder: Where it is.
        check_pictures: Open every picture and verify it.

    Raises:
        DataError: With file and line of the first thing that is wrong.
    """
    entity_file, picture_file = folder / "entities.jsonl", folder / "metadata.jsonl"
    portraits: dict[str, list[Portrait]] = {}
    lines: dict[str, _EntityLine] = {}
    for where, value in _lines(entity_file):
        line = _parse(_EntityLine, value, where)
        if line.id in lines:
            raise DataError(f"{where}: the id '{line.id}' is taken by an earlier line. Make ids unique.")
        lines[line.id] = line
    strangers: list[Portrait] = []
    for where, value in _lines(picture_file):
        line = _parse(_PictureLine, value, where)
        if line.entity and line.entity not in lines:
            raise DataError(f"{where}: nobody in {entity_file.name} has the id '{line.entity}'.")
        portrait = _portrait(folder, line, where, check=check_pictures)
        (portraits.setdefault(line.entity, []) if line.entity else strangers).append(portrait)
    if not lines:
        raise DataError(f"{entity_file}: has no people. Add one line a person.")
    entities = tuple(
        Entity(**line.model_dump(), portraits=tuple(portraits.get(id_, ()))) for id_, line in lines.items()
    )
    return People(folder=folder, entities=entities, strangers=tuple(strangers))


def write_people(people: People) -> None:
    """Write `entities.jsonl` and `metadata.jsonl`; the pictures must lie below the folder already."""
    pictures = [p for e in people.entities for p in e.portraits] + list(people.strangers)
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
    fields = ("id", "name", "aliases", "summary", "responses", "facts")
    write_jsonl(people.folder / "entities.jsonl", [{f: getattr(e, f) for f in fields} for e in people.entities])


def _portrait(folder: Path, line: _PictureLine, where: str, *, check: bool) -> Portrait:
    file = folder / line.file_name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{where}: {line.file_name} lies outside the people folder.")
    if check:
        try:
            with Image.open(file) as image:
                image.verify()
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
            raise DataError(f"{where}: {file} is not a readable picture ({error}). Replace it.") from error
    return Portrait(id=file.stem, file=file, entity=line.entity, role=line.role, attributes=line.attributes)


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). A people folder needs this file.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error}).") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield f"{path}:{number}", json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}:{number}: not valid JSON ({error}). Correct or remove the line.") from error


def _parse(kind: type[Any], value: Any, where: str) -> Any:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the line"
        raise DataError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ').lower()}.") from error
