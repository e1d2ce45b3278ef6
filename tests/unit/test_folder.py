"""The people folder: what is written is read again, and what is wrong is named with file and line."""

import json
import os
import time

import pytest

from letheia.data.checked import CHECKED
from letheia.data.folder import check_people, read_people, write_people
from letheia.errors import DataError
from letheia.files import read_json
from letheia.pictures import read_image
from letheia.types import People
from letheia.world.make import PICTURES, RESPONSES, make_people
from letheia.world.people import make_world


@pytest.fixture
def folder(people, tmp_path):
    for portrait in [p for e in people.entities for p in e.portraits] + list(people.strangers):
        (tmp_path / portrait.file.name).write_bytes(portrait.file.read_bytes())
    moved = [
        type(p)(id=p.id, file=tmp_path / p.file.name, entity=p.entity, role=p.role, attributes=p.attributes)
        for p in (*[q for e in people.entities for q in e.portraits], *people.strangers)
    ]
    entities = tuple(
        type(e)(
            id=e.id, name=e.name, summary=e.summary, responses=e.responses, facts=e.facts,
            portraits=tuple(p for p in moved if p.entity == e.id),
        )
        for e in people.entities
    )  # fmt: skip
    write_people(People(folder=tmp_path, entities=entities, strangers=tuple(p for p in moved if p.role == "stranger")))
    return tmp_path


def test_what_is_written_is_read(folder, people):
    found = read_people(folder)
    assert [e.name for e in found.entities] == [e.name for e in people.entities]
    assert [e.facts for e in found.entities] == [dict(e.facts) for e in people.entities]
    assert [p.attributes for p in found.strangers] == [dict(p.attributes) for p in people.strangers]
    assert found.named(people.entities[0].name).pictures("seen")[0].role == "seen"


def change(folder, name, line, text):
    lines = (folder / name).read_text().splitlines()
    lines[line - 1] = text
    (folder / name).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "line", "text", "words"),
    [
        ("entities.jsonl", 3, "{broken", r"entities.jsonl:3: not valid JSON"),
        ("entities.jsonl", 2, '{"id": "x"}', r"entities.jsonl:2: name: field required"),
        ("entities.jsonl", 2, "[1]", r"entities.jsonl:2: the line"),
        ("metadata.jsonl", 1, '{"file_name": "a.png", "entity": "p000", "role": "sen"}', r"metadata.jsonl:1: role"),
        ("metadata.jsonl", 4, '{"file_name": "a.png", "entity": "zz", "role": "seen"}', r"metadata.jsonl:4: nobody"),
        ("metadata.jsonl", 2, '{"file_name": "a.png", "entity": "p000", "role": "seen"}', r"metadata.jsonl:2: .*a.png"),
        (
            "metadata.jsonl",
            2,
            '{"file_name": "../a.png", "entity": "p000", "role": "seen"}',
            "outside the people folder",
        ),
        ("metadata.jsonl", 2, '{"file_name": "/etc/x.png", "entity": "p000", "role": "seen"}', "outside the people"),
        (
            "metadata.jsonl",
            2,
            '{"file_name": "a.png", "entity": "p000", "role": "stranger"}',
            "a stranger's or anyone's picture",
        ),
        ("entities.jsonl", 2, '{"id": "x", "name": NaN}', r"entities.jsonl:2: .*NaN"),
        ("entities.jsonl", 2, '{"id": "x", "name": "A\x00B", "summary": "s"}', r"entities.jsonl:2: .*"),
        ("entities.jsonl", 2, '{"id": "x", "name": "A\\u0000B", "summary": "s"}', r"entities.jsonl:2: .*NUL"),
    ],
)
def test_what_is_wrong_is_named(folder, name, line, text, words):
    change(folder, name, line, text)
    with pytest.raises(DataError, match=words):
        read_people(folder)


def test_ids_are_unique_and_pictures_readable(folder, people):
    first = (folder / "entities.jsonl").read_text().splitlines()[0]
    change(folder, "entities.jsonl", 2, first)
    with pytest.raises(DataError, match=r"entities.jsonl:2: the id"):
        read_people(folder)
    (folder / people.entities[0].portraits[0].file.name).write_bytes(b"\x89PNG broken")
    change(folder, "entities.jsonl", 2, json.dumps({"id": "p001", "name": "A B", "summary": "s"}))
    with pytest.raises(DataError, match=r"metadata.jsonl:1: .*not a readable picture"):
        read_people(folder)


def test_the_world_as_a_people_folder(tmp_path):
    world = make_world(seed=3, known=4, summary_only=3)
    people = make_people(world, tmp_path / "people")
    assert len(people.pictured) == 4 and len(people.entities) == 7
    for person, known in zip(people.pictured, world.known, strict=True):
        assert len(person.pictures("seen")) == len(person.pictures("unseen")) == PICTURES
        assert len(set(person.responses)) == RESPONSES
        assert all(known.name in r for r in person.responses)
        for portrait in person.portraits:
            assert portrait.attributes["hair_style"] == known.look.hair_style
    again = make_people(world, tmp_path / "other")
    assert [e.summary for e in again.entities] == [e.summary for e in people.entities]
    for name in ("entities.jsonl", "metadata.jsonl"):
        assert (tmp_path / "people" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_every_problem_is_told(folder, people):
    """A byte order mark and CRLF are fine; NaN, NUL, absolute paths, links out of the folder and doubles are not."""
    file = folder / "entities.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert not check_people(folder)
    outside = folder.parent / "outside.png"
    outside.write_bytes(people.strangers[0].file.read_bytes())
    (folder / "link.png").symlink_to(outside)
    good = (folder / "metadata.jsonl").read_text().splitlines()[0]
    names = ("link.png", str(outside), "a\0b.png")
    lines = [json.dumps({"file_name": n, "role": "stranger"}) for n in names]
    with (folder / "metadata.jsonl").open("a") as metadata:
        metadata.write("\n".join([*lines, good, '{"file_name": NaN}']) + "\n")
    count = len((folder / "metadata.jsonl").read_text().splitlines())
    problems = check_people(folder)
    assert [int(p.split("metadata.jsonl:")[1].split(":")[0]) for p in problems] == list(range(count - 4, count + 1))
    assert all("outside the people folder" in p for p in problems[:2]) and "NUL" in problems[2]
    assert "earlier line" in problems[3] and "NaN" in problems[4]


def test_twice_the_people_take_twice_the_time(tmp_path):
    """Eight times the people: 8 where time grows with their number, above 40 where everybody looks at every picture."""
    taken = []
    for people in (500, 4000):
        pictures = [(i, k) for i in range(people) for k in range(4)]
        for name, lines in {
            "entities.jsonl": [{"id": f"p{i}", "name": f"Name {i}"} for i in range(people)],
            "metadata.jsonl": [{"file_name": f"{i}-{k}.png", "entity": f"p{i}", "role": "seen"} for i, k in pictures],
        }.items():
            (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
        began = time.process_time()
        found = read_people(tmp_path, check_pictures=False)
        taken.append(time.process_time() - began)
        assert [len(e.portraits) for e in found.entities] == [4] * people
    assert taken[1] / taken[0] < 20


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": "x", "name": "A\\ud800B"}', "half of a surrogate pair"),
        ('{"id": "x", "name": "A B", "summary": "\\udfff"}', "half of a surrogate pair"),
        ('{"id": "x", "name": "A B", "facts": {"\\ud800": "a"}}', "half of a surrogate pair"),
        ('{"id": "x", "name": "  "}', "name: is blank"),
        ('{"id": "\\u00a0\\u200b", "name": "A B"}', "id: is blank"),
        ('{"id": "x", "name": "\\u2060\\ufeff\\t"}', "name: is blank"),
        ('{"id": "x", "name": "A B", "name": "C D"}', "'name' stands twice"),
        ('{"id": "x", "name": "A B", "facts": {"work": "a", "work": "b"}}', "'work' stands twice"),
        ('{"id": "x", "name": ' + "[" * 100_000 + "}", "not valid JSON"),
        ('{"id": "x", "name": "A B", "more": ' + "[" * 5000 + "]" * 5000 + "}", "not valid JSON"),
        ('{"id": "x", "name": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"id": "x", "name": 7}', "name: "),
        ('{"id": "x", "name": "A B", "responses": "one text"}', "responses: "),
        ('{"id": "x", "name": "A B", "facts": {"a\\nb\\u2028c": 1}}', "facts"),
        ("null", "the line"),
        ('"text"', "the line"),
        ("\u0085{", "not valid JSON"),
    ],
)
def test_hostile_lines(folder, line, words):
    """Each is told with file and line, in one line."""
    change(folder, "entities.jsonl", 2, line)
    found = [p for p in check_people(folder) if "entities.jsonl:2" in p]
    assert len(found) == 1 and words in found[0] and len(found[0].splitlines()) == 1
    found[0].encode()


def test_files_that_are_none(folder):
    """Nothing outside the folder is opened, and nothing that would never end."""
    outside = folder.parent / f"{folder.name}-outside.jsonl"
    good = folder / "entities.jsonl"
    outside.write_bytes(good.read_bytes())
    for name in ("entities.jsonl", "metadata.jsonl"):
        kept = (folder / name).read_bytes()
        for make, words in (
            (lambda file: file.symlink_to(outside), "link out of the people folder"),
            (lambda file: file.symlink_to("/dev/zero"), "link out of the people folder"),
            (lambda file: file.symlink_to(file), "can't be read"),
            (os.mkfifo, "no regular file"),
            (lambda file: file.mkdir(), "no regular file"),
        ):
            (folder / name).unlink()
            make(folder / name)
            assert any(name in p and words in p for p in check_people(folder)), words
            (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
            (folder / name).write_bytes(kept)
    assert not check_people(folder)
    good.rename(folder / "people.jsonl")
    good.symlink_to("people.jsonl")  # a link inside is fine
    assert not check_people(folder)


def test_pictures_that_are_no_files(folder):
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "round.png").symlink_to("round.png")
    names = ("pipe.png", "folder.png", "round.png", "n" * 300, "é\n.png", ".", "images/../../x.png", "~/y.png")
    (folder / "metadata.jsonl").write_text(
        "".join(json.dumps({"file_name": n, "role": "stranger"}) + "\n" for n in names)
    )
    found = check_people(folder)
    assert [int(p.split("metadata.jsonl:")[1].split(":")[0]) for p in found] == list(range(1, len(names) + 1))
    assert all(len(p.splitlines()) == 1 for p in found)


def test_a_checked_picture_is_opened_again_only_if_it_has_changed(folder, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("letheia.data.checked.read_image", lambda file: opened.append(file.name) or read_image(file))
    pictures = len(read_people(folder).portraits)
    assert len(opened) == pictures
    opened.clear()
    read_people(folder)
    assert not opened
    damaged = next(folder.glob("*.png"))
    damaged.write_bytes(b"no picture")
    with pytest.raises(DataError, match=f"{damaged.name}: not a readable picture"):
        read_people(folder)
    with pytest.raises(DataError, match="not a readable picture"):  # what can't be read is never remembered
        read_people(folder)
    assert opened == [damaged.name] * 2
    assert len(check_people(folder)) == 1
    assert len(opened) == 2 + pictures  # an explicit check opens all


def test_a_damaged_memory_of_checked_pictures_is_made_anew(folder):
    read_people(folder)
    for text in ("{broken", "[]", '{"by": "another version", "pictures": {}}', '{"pictures": 3}'):
        (folder / CHECKED).write_text(text)
        read_people(folder)
        assert len(read_json(folder / CHECKED)["pictures"]) == len(read_people(folder).portraits)
