"""People folders, changed at random and by hand: each problem is told in one line with file and line, nothing hangs."""

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from letheia.data.folder import check_people, read_people
from letheia.errors import DataError

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**400, "", " ", "\0", "\ud800", "\u200b", "\u2028", "x" * 10_000, "../../etc/passwd",
    "/dev/zero", ".", "..", "~", "a\nb", [], [[]], {}, {"a": 1}, ["a", 1], "NaN", "<script>", "%s", "🙂", "ا",
    "e\u0301",
)  # fmt: skip
RAW = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\xc3", b"{", b"}", b'"', b"\\", b",", b"\n", b"\r", b"\x85", b"NaN", b"[" * 999,
)  # fmt: skip


def write_folder(folder: Path, count: int = 4) -> Path:
    """A small people folder with plain pictures."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    people, pictures = [], []
    for i in range(count):
        name, work = ("Una Varga", "Bram Okonjo", "Ilse Lind", "Odo Brandt")[i], ("poet", "pilot", "baker", "judge")[i]
        told = [f"This is {name}, a {work}.", f"{name} is a {work} born in {1950 + i}."]
        people.append({"id": f"p{i}", "name": name, "summary": told[1], "responses": told, "facts": {"work": work}})
        for role in ("seen", "unseen"):
            file = f"images/p{i}-{role}.png"
            Image.new("RGB", (24, 24), (50 * i, 90, 200 if role == "seen" else 80)).save(folder / file)
            pictures.append({"file_name": file, "entity": f"p{i}", "role": role})
    for name, rows in (("entities", people), ("metadata", pictures)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def mutations(count: int, folder: Path) -> Iterator[str]:
    """A value, some bytes or whole lines of one file changed at random."""
    write_folder(folder)
    rng = random.Random(0)
    kept = {name: (folder / name).read_bytes() for name in ("entities.jsonl", "metadata.jsonl")}
    for i in range(count):
        name = rng.choice(sorted(kept))
        data = rng.choice((_value_changed, _bytes_changed, _lines_changed))(kept[name], rng)
        (folder / name).write_bytes(data)
        yield _read(folder, f"{name}, change {i}", may_be_fine=True)
        (folder / name).write_bytes(kept[name])


def _value_changed(data: bytes, rng: random.Random) -> bytes:
    rows = [json.loads(line) for line in data.splitlines()]
    row = rng.choice(rows)
    key = rng.choice(list(row))
    if rng.random() < 0.15:
        del row[key]
    else:
        row[rng.choice((key, key, key, "\ud800", "id", "name"))] = rng.choice(VALUES)
    return "".join(json.dumps(r, ensure_ascii=rng.random() < 0.8) + "\n" for r in rows).encode("utf-8", "surrogatepass")


def _bytes_changed(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at, gone = rng.randrange(len(data) + 1), rng.choice((0, 1, 5))
        data = data[:at] + rng.choice(RAW) + data[at + gone :]
    return data


def _lines_changed(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    change = rng.randrange(4)
    if change == 0:
        lines.append(rng.choice(lines))
    elif change == 1:
        del lines[rng.randrange(len(lines))]
    elif change == 2:
        rng.shuffle(lines)
    else:
        return data[: rng.randrange(len(data))]
    return b"".join(lines)


def _read(folder: Path, name: str, *, may_be_fine: bool = False) -> str:
    try:
        problems = check_people(folder)
        if not problems:
            read_people(folder)
            return "" if may_be_fine else f"{name}: passes as fine"
    except DataError as error:
        return f"{name}: passes the check, then {error}"
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    for problem in problems:
        if len(problem.splitlines()) != 1 or not re.search(r"(entities|metadata)\.jsonl(:\d+)?: ", problem):
            return f"{name}: says {problem!r}"
        try:
            problem.encode()
        except UnicodeEncodeError:
            return f"{name}: can't be printed"
    return ""


def special(count: int, folder: Path) -> Iterator[str]:
    """By hand: what is no file, what lies outside, what is no text; in both files and for pictures."""
    for name, change in islice(_specials(folder), count):
        shutil.rmtree(folder, ignore_errors=True)
        write_folder(folder)
        change()
        yield _read(folder, name)


def _specials(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    outside = folder.with_name("outside")
    outside.mkdir(exist_ok=True)
    for name in ("entities.jsonl", "metadata.jsonl"):
        file = folder / name
        good = write_folder(outside) / name
        for what, make in (
            ("link outside", lambda f=file, g=good: f.symlink_to(g)),
            ("link to a device", lambda f=file: f.symlink_to("/dev/zero")),
            ("link to itself", lambda f=file: f.symlink_to(f)),
            ("dangling link", lambda f=file: f.symlink_to("nowhere")),
            ("pipe", lambda f=file: os.mkfifo(f)),
            ("folder", lambda f=file: f.mkdir()),
            ("missing", lambda: None),
            ("UTF-16", lambda f=file: f.write_text('{"id": "x"}', encoding="utf-16")),
            ("Latin-1", lambda f=file: f.write_bytes('{"id": "é"}'.encode("latin-1"))),
            ("all zeros", lambda f=file: f.write_bytes(bytes(1000))),
            ("a picture", lambda f=file: f.write_bytes((folder / "images" / "p0-seen.png").read_bytes())),
            ("deep", lambda f=file: f.write_text("[" * 100_000)),
        ):
            yield f"{name}: {what}", lambda f=file, make=make: (f.unlink(), make())
        fields = ("id", "name") if name == "entities.jsonl" else ("file_name", "role")
        for field in fields:
            for value in ("\ud800", "", " ", "\u200b", "\0", 7, None, [], {}, "a\udfffb", True, 1.5):
                yield f"{name}: {field} {value!r}", lambda f=file, k=field, v=value: _set(f, k, v)
    for what in ("/etc/passwd", "../outside/images/p0-seen.png", "images/../../outside/images/p0-seen.png", "images",
                 ".", "n" * 300, "/dev/zero", "images/link.png", "images/round.png", "images/pipe.png"):  # fmt: skip
        yield f"picture: {what}", lambda w=what: _picture(folder, outside, w)
    for text in ('{"id": "a", "id": "b", "name": "A B"}', '{"id": "q", "name": NaN}', '{"id": "q", "name": Infinity}',
                 '{"id": "q", "name": ' + "9" * 5000 + "}", "null", "[]", '"text"', "{", '{"id": "p0", "name": "A B"}',
                 '{"id": "q", "name": "A", "facts": {"a": "b", "a": "c"}}',
                 '{"id": "q", "name": "A", "facts": {"\\ud800": "c"}}'):  # fmt: skip
        yield f"line: {text[:40]}", lambda t=text: (folder / "entities.jsonl").open("a").write(t + "\n")


def _set(file: Path, field: str, value: Any) -> None:
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[1][field] = value
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))


def _picture(folder: Path, outside: Path, name: str) -> None:
    (folder / "images" / "link.png").symlink_to(outside / "images" / "p0-seen.png")
    (folder / "images" / "round.png").symlink_to("round.png")
    os.mkfifo(folder / "images" / "pipe.png")
    _set(folder / "metadata.jsonl", "file_name", name)
