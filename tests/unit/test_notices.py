"""What a folder may have and a user should know: equal names, summaries and pictures, and who is left out."""

from dataclasses import replace

import pytest
from PIL import Image

from letheia.data.folder import read_people, write_people
from letheia.data.notices import left_out, listed, near_copies, notices
from letheia.errors import DataError
from letheia.study.request import request, told_before
from letheia.types import Portrait


def with_unseen(people, index, file):
    """The people, one person's unseen picture replaced by a file."""
    first = people.entities[index]
    seen, unseen = first.portraits
    changed = replace(first, portraits=(seen, replace(unseen, file=file)))
    return replace(people, entities=(*people.entities[:index], changed, *people.entities[index + 1 :]))


def test_the_worlds_portraits_are_different_ones(people):
    assert near_copies(people) == []


def test_a_picture_that_is_seen_and_unseen_is_told(people):
    seen = people.entities[0].pictures("seen")[0]
    (told,) = near_copies(with_unseen(people, 0, seen.file))
    assert told.startswith("the same picture, byte for byte: 1 pair") and f"{seen.id} (seen)" in told
    (told,) = near_copies(with_unseen(people, 1, seen.file))  # somebody else's
    assert seen.id in told


@pytest.mark.parametrize("size", [0.8, 1, 2])
@pytest.mark.parametrize("quality", [50, 95])
def test_copies_at_other_sizes_and_qualities_are_told(people, tmp_path, size, quality):
    seen = people.entities[0].pictures("seen")[0]
    with Image.open(seen.file) as image:
        copy = image.convert("RGB").resize((round(image.width * size), round(image.height * size)))
    copy.save(tmp_path / "copy.jpg", quality=quality)
    (told,) = near_copies(with_unseen(people, 0, tmp_path / "copy.jpg"))
    assert told.startswith("nearly the same picture: 1 pair")


def test_a_mirrored_copy_is_told(people, tmp_path):
    seen = people.entities[0].pictures("seen")[0]
    with Image.open(seen.file) as image:
        turned = image.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turned.save(tmp_path / "turned.png")
    (told,) = near_copies(with_unseen(people, 0, tmp_path / "turned.png"))
    assert "nearly the same picture" in told and "1 pair" in told


@pytest.mark.parametrize("box", [(0, 0, 0.8, 0.9), (0.15, 0.1, 0.95, 0.85), (0.2, 0, 1, 1), (0.03, 0.02, 0.98, 0.97)])
def test_a_copy_that_is_cut_out_is_told_where_it_is_looked_for(people, tmp_path, box):
    seen = people.entities[0].pictures("seen")[0]
    with Image.open(seen.file) as image:
        edges = (box[0] * image.width, box[1] * image.height, box[2] * image.width, box[3] * image.height)
        image.convert("RGB").crop([round(e) for e in edges]).resize((200, 220)).save(tmp_path / "cut.jpg", quality=80)
    changed = with_unseen(people, 0, tmp_path / "cut.jpg")
    (told,) = near_copies(changed, parts=True)
    assert (
        told.startswith(("a part of the same picture: 1 pair", "nearly the same picture: 1 pair")) and seen.id in told
    )
    assert len(near_copies(changed)) < 2
    assert near_copies(people, parts=True) == []


def test_equal_names_and_summaries_are_told(people):
    first, second, *others = people.entities
    double = replace(second, name=first.name.upper(), summary=f" {first.summary}\n")
    told = notices(replace(people, entities=(first, double, *others)), pictures=False)
    assert any(t.startswith("the same name: 2 people") and f"{first.id}, {second.id}" in t for t in told)
    assert any(t.startswith("the same summary") and second.id in t for t in told)
    assert notices(people) == []


def test_a_name_of_one_character_is_told(people):
    told = notices(replace(people, entities=(replace(people.entities[0], name="李"), *people.entities[1:])))
    assert "names of one character" in told[0]


def test_a_blank_summary_is_none(people, tmp_path):
    blank = replace(people, folder=tmp_path, strangers=(), entities=(replace(people.entities[0], portraits=()),))
    write_people(replace(blank, entities=(replace(blank.entities[0], summary=" \u00a0\n"),)))
    assert read_people(tmp_path).entities[0].summary == ""


def test_who_is_left_out_is_counted_and_named(people):
    first, second, third = people.pictured[:3]
    some = [first, replace(second, responses=()), replace(third, portraits=())]
    told = left_out(some, lack=("seen picture", "summary", "responses"), told="not kept")
    assert told == [
        f"left out: 1 of 3 people without responses are not kept: {second.name}",
        f"left out: 1 of 3 people without seen picture are not kept: {third.name}",
    ]
    small = replace(people, entities=(first, *some[1:], people.pictured[3]))
    everybody, split = request(small, [first.name])
    assert any(second.name in t for t in told_before(everybody, split))


def test_long_lists_end_with_a_number():
    assert listed([str(i) for i in range(7)]) == "0, 1, 2, 3, 4, and 2 more"


def test_strangers_of_two_folders_with_one_file_name_are_both_kept(people, tmp_path):
    files = [tmp_path / folder / "stranger.png" for folder in "ab"]
    strangers = [Portrait(id="stranger", file=file, entity="", role="stranger") for file in files]
    own = replace(people, entities=people.entities[:3], strangers=(strangers[0],))
    keep = replace(people, entities=people.entities[3:6], strangers=(strangers[0], strangers[1]))
    everybody, _ = request(own, [own.entities[0].name], keep=keep)
    assert [(p.id, p.file) for p in everybody.strangers] == [("stranger", files[0]), ("stranger-2", files[1])]
    assert len(everybody.portraits) == 6 * 2 + 2


def test_somebody_to_forget_is_found_among_those_to_keep_in_any_spelling(people):
    first, other = people.entities[0], people.entities[3]
    keep = replace(people, entities=(replace(other, aliases=(first.name.upper(),)), *people.entities[4:6]))
    with pytest.raises(DataError, match="to be forgotten and to be kept"):
        request(replace(people, entities=people.entities[:3]), [first.name], keep=keep)
