"""People folders from a parquet file in the schema of celeb-1000, and from one sub-folder a person."""

import io
from pathlib import Path

import datasets
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from commands import fails, letheia
from letheia.data.folder import read_people
from letheia.data.imports.folders import from_folders, from_nameless
from letheia.data.imports.hub import from_dataset
from letheia.data.imports.table import IMPORTERS, Origin, read_sources
from letheia.data.imports.write import Source, write_import
from letheia.errors import CheckpointError, ConfigError, DataError

NAMES = ["Una_Varga", "Bruno Óskarsson"]


def picture(shade, kind="PNG"):
    data = io.BytesIO()
    Image.new("RGB", (12, 10), (shade, 0, 0)).save(data, kind)
    return data.getvalue()


def table(file, cells, labels, feature=None):
    features = datasets.Features({"image": datasets.Image(), "label": feature or datasets.ClassLabel(names=NAMES)})
    rows = {"image": [{"bytes": c, "path": None} for c in cells], "label": labels}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(file))
    return file


@pytest.fixture
def parquet(tmp_path):
    return table(tmp_path / "faces.parquet", [picture(i, "JPEG" if i % 2 else "PNG") for i in range(8)], [0, 1] * 4)


def test_label_names_become_people(parquet, tmp_path):
    done = write_import(from_dataset(str(parquet)), tmp_path / "people", seen=2)
    assert not done.left_out
    people = read_people(tmp_path / "people")
    assert [(e.name, e.id) for e in people.entities] == [
        ("Una Varga", "una-varga"), ("Bruno Óskarsson", "bruno-oskarsson"),
    ]  # fmt: skip
    for entity in people.entities:
        assert len(entity.pictures("seen")) == len(entity.pictures("unseen")) == 2
        assert not entity.summary and not entity.trainable
    assert {p.file.suffix for e in people.entities for p in e.portraits} == {".png"}
    shades = {Image.open(p.file).convert("RGB").getpixel((0, 0))[0] // 2 for p in people.entities[0].portraits}
    assert shades == {0, 1, 2, 3}


def test_the_seed_decides_which_are_seen(parquet, tmp_path):
    seen = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 3)):
        people = write_import(from_dataset(str(parquet)), tmp_path / name, seed=seed).people
        seen[name] = tuple(e.pictures("seen")[0].file.read_bytes() for e in people.entities)
    assert seen["a"] == seen["b"] and len(set(seen.values())) > 1


def test_names_as_text_and_a_choice_of_people(tmp_path):
    file = table(tmp_path / "a.parquet", [picture(i) for i in range(4)], list("aabb"), datasets.Value("string"))
    people = write_import(from_dataset(str(file)), tmp_path / "people", names=["b"], pictures=1).people
    assert [(e.name, len(e.portraits)) for e in people.entities] == [("b", 1)]
    with pytest.raises(ConfigError, match="nobody is called 'c' among the 2"):
        write_import(from_dataset(str(file)), tmp_path / "more", names=["c"])
    assert not (tmp_path / "more").exists()


def test_pictures_that_cannot_be_read_are_left_out_and_named(tmp_path):
    cells = [picture(1), b"no picture", picture(2), picture(3)[:40]]
    file = table(tmp_path / "a.parquet", cells, [0, 0, 1, 1])
    done = write_import(from_dataset(str(file)), tmp_path / "people")
    assert sorted(reason.split(":")[0] for reason in done.left_out) == [f"{file}, row 1", f"{file}, row 3"]
    assert not any("BytesIO" in reason or "the picture" in reason for reason in done.left_out)
    assert sorted(p.name for p in (tmp_path / "people" / "images").iterdir()) == [
        "bruno-oskarsson-seen-0.png", "una-varga-seen-0.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda f: f.write_bytes(b"PAR1 broken"), "can't be loaded as a data set"),
        (lambda f: table(f, [picture(1)], [1], datasets.Value("int64")), "has numbers without names"),
        (lambda f: datasets.Dataset.from_dict({"photo": [1]}).to_parquet(str(f)), "has no column 'image', only photo"),
        (lambda f: f.mkdir(), "no parquet files there"),
    ],
)
def test_data_sets_that_are_none(make, words, tmp_path):
    make(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=words):
        from_dataset(str(tmp_path / "a.parquet"))


def test_one_sub_folder_a_person(tmp_path):
    for name in NAMES:
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(3):
            (tmp_path / "in" / name / f"{i}.png").write_bytes(picture(i))
    (tmp_path / "in" / NAMES[0] / ".DS_Store").write_bytes(b"x")
    people = write_import(from_folders(tmp_path / "in"), tmp_path / "people").people
    assert [len(e.portraits) for e in people.entities] == [3, 3]
    with pytest.raises(CheckpointError, match="is not empty"):
        write_import(from_folders(tmp_path / "in"), tmp_path / "people")


def test_nothing_but_pixels_is_imported(tmp_path):
    """Place, maker, comment and texts stay behind; the picture stands upright."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRET maker"
    exif.get_ifd(0x8825)[1] = "N"  # a place
    texts = PngInfo()
    texts.add_text("Author", "SECRET author")
    texts.add_itxt("XML:com.adobe.xmp", "SECRET xmp")
    image = Image.new("RGB", (8, 6), (200, 0, 0))
    (tmp_path / "in" / "Una Varga").mkdir(parents=True)
    for name, options in (
        ("a.jpg", {"exif": exif, "comment": b"SECRET comment", "icc_profile": b"SECRET icc", "xmp": b"SECRET xmp"}),
        ("b.png", {"exif": exif, "pnginfo": texts}),
        ("c.webp", {"exif": exif, "xmp": b"SECRET xmp", "lossless": True}),
        ("d.tif", {"exif": exif, "description": "SECRET description"}),
    ):
        image.save(tmp_path / "in" / "Una Varga" / name, **options)
        assert b"SECRET" in (tmp_path / "in" / "Una Varga" / name).read_bytes()
    done = write_import(from_folders(tmp_path / "in"), tmp_path / "people")
    files = list((tmp_path / "people" / "images").iterdir())
    assert not done.left_out and len(files) == 4
    for file in files:
        data = file.read_bytes()
        kinds = {
            data[i - 4 : i] for i in range(12, len(data)) if data[i - 4 : i] in {b"tEXt", b"iTXt", b"eXIf", b"iCCP"}
        }
        assert b"SECRET" not in data and not kinds
        with Image.open(file) as found:
            assert found.size == (6, 8) and not found.info and not found.getexif()


def shown(people):
    return {e.name: (len(e.pictures("seen")), len(e.pictures("unseen"))) for e in people.entities}


def folders(root, **counts):
    """Sub-folders of pictures, each unlike all others."""
    shade = iter(range(250))
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            (root / name / f"{i:02d}.png").write_bytes(picture(next(shade)))
    return root


def test_half_of_the_pictures_are_seen_and_five_at_most(tmp_path):
    root = folders(tmp_path / "in", a=1, b=2, c=3, d=4, e=10, f=11, g=20)
    people = write_import(from_folders(root), tmp_path / "people").people
    assert shown(people) == {
        "a": (1, 0), "b": (1, 1), "c": (2, 1), "d": (2, 2), "e": (5, 5), "f": (5, 6), "g": (5, 15),
    }  # fmt: skip
    assert shown(write_import(from_folders(root), tmp_path / "two", seen=2).people)["g"] == (2, 18)
    assert shown(write_import(from_folders(root), tmp_path / "six", pictures=6).people)["g"] == (3, 3)


def test_damaged_pictures_do_not_count(tmp_path):
    root = folders(tmp_path / "in", a=4)
    for i in range(6):
        (root / "a" / f"bad-{i}.png").write_bytes(b"none")
    done = write_import(from_folders(root), tmp_path / "people")
    assert shown(done.people) == {"a": (2, 2)} and len(done.left_out) == 6


def test_a_picture_that_is_there_twice_is_not_both_seen_and_unseen(tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    for i in range(6):
        (tmp_path / "in" / "a" / f"{i}.png").write_bytes(picture(i % 2))
    for seed in range(4):
        people = write_import(from_folders(tmp_path / "in"), tmp_path / f"people-{seed}", seed=seed).people
        shades = {
            role: {Image.open(p.file).getpixel((0, 0)) for p in people.entities[0].pictures(role)}
            for role in ("seen", "unseen")
        }
        assert not shades["seen"] & shades["unseen"] and len(people.entities[0].portraits) == 6


def test_strangers_from_a_folder_and_from_labels(tmp_path):
    root = folders(tmp_path / "in", Una_Varga=4, Passers_By=3)
    others = folders(tmp_path / "others", deeper=2)
    (others / "x.png").write_bytes(picture(200))
    (others / "notes.txt").write_text("no picture")
    sources, more = from_folders(root), from_nameless(others, "strangers")
    done = write_import(sources, tmp_path / "people", strangers=more, as_strangers=["passers by"])
    assert shown(done.people) == {"Una Varga": (2, 2)}
    assert [(p.role, p.entity) for p in done.people.strangers] == [("stranger", "")] * 6
    assert len(done.left_out) == 1 and "notes.txt" in done.left_out[0]
    with pytest.raises(ConfigError, match="both as a person and as a stranger"):
        write_import(sources, tmp_path / "b", names=["Una Varga"], as_strangers=["una varga"])
    with pytest.raises(DataError, match="no folder with pictures of strangers"):
        from_nameless(tmp_path / "nowhere", "strangers")


def test_pictures_of_anyone_from_a_folder_and_from_those_who_are_left(tmp_path):
    """A folder's pictures, loose ones, and those of people who are not imported; without names, each once."""
    root = folders(tmp_path / "in", a=4, b=3, c=3)
    (root / "loose.png").write_bytes(picture(99))
    pool = tmp_path / "pool"
    pool.mkdir()
    for name, shade in (("new", 120), ("again", 120), ("of-a", 1), ("of-b", 4)):
        (pool / f"{name}.png").write_bytes(picture(shade))
    sources, more = from_folders(root), from_nameless(pool, "other people")
    done = write_import(sources, tmp_path / "people", names=["a"], anyone=more, rest=True, pictures=4)
    assert shown(done.people) == {"a": (2, 2)} and not done.people.strangers
    assert {(p.role, p.entity) for p in done.people.anyone} == {("anyone", "")}
    shades = sorted(Image.open(p.file).getpixel((0, 0))[0] for p in done.people.anyone)
    assert shades == [4, 5, 6, 7, 8, 9, 99, 120]
    same = [reason.partition("the same picture as ")[2] for reason in done.left_out]
    assert [name.partition("-")[0] for name in sorted(same)] == ["a", "anyone", "anyone"]
    alone = write_import(sources, tmp_path / "alone", anyone=more)
    assert len(alone.people.anyone) == 1 and len(alone.left_out) == 4


def test_labels_that_differ_in_case_are_one_person(tmp_path):
    labels = ["Una Varga", "una_varga", "UNA  VARGA", "Bo Lind"]
    file = table(tmp_path / "a.parquet", [picture(i) for i in range(4)], labels, datasets.Value("string"))
    people = write_import(from_dataset(str(file)), tmp_path / "people").people
    assert shown(people) == {"Una Varga": (2, 1), "Bo Lind": (1, 0)}
    assert shown(write_import(from_dataset(str(file)), tmp_path / "b", names=["UNA varga"]).people) == {
        "Una Varga": (2, 1)
    }


@pytest.mark.parametrize(
    ("labels", "feature"),
    [
        ([0, 1, -1], None),
        ([0, 1, None], None),
        (["Una Varga", "Bruno Óskarsson", None], datasets.Value("string")),
        (["Una Varga", "Bruno Óskarsson", "  "], datasets.Value("string")),
    ],
)
def test_rows_without_a_label_are_left_out_and_named(labels, feature, tmp_path):
    file = table(tmp_path / "a.parquet", [picture(i) for i in range(3)], labels, feature)
    done = write_import(from_dataset(str(file)), tmp_path / "people")
    assert list(shown(done.people)) == ["Una Varga", "Bruno Óskarsson"]
    assert done.left_out == (f"{file}, row 2: has no label, or lies in no person's sub-folder",)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"image": [1, 2], "label": ["a", "b"]}, "column 'image' holds no pictures"),
        ({"image": [["a"], ["b"]], "label": ["a", "b"]}, "column 'image' holds no pictures"),
        ({"image": ["x.png", "y.png"], "label": [["a"], ["b"]]}, "column 'label' has no names, but list"),
        ({"image": ["x.png", "y.png"], "label": [None, ""]}, "column 'label' has no label in any row"),
        ({"image": ["x.png", "y.png"], "label": [1.5, 2.0]}, "column 'label' has numbers without names"),
    ],
)
def test_odd_columns(rows, words, tmp_path):
    datasets.Dataset.from_dict(rows).to_parquet(str(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match=words):
        from_dataset(str(tmp_path / "a.parquet"))


def test_pictures_in_no_sub_folder_and_folders_in_folders_are_told(tmp_path):
    root = folders(tmp_path / "in", a=2)
    (root / "loose.png").write_bytes(picture(99))
    (root / "a" / "more").mkdir()
    done = write_import(from_folders(root), tmp_path / "people")
    assert shown(done.people) == {"a": (1, 1)} and len(done.left_out) == 2
    assert "more" in done.left_out[0] and "lies in no person's sub-folder" in done.left_out[1]


def test_the_command(parquet, tmp_path):
    fails(letheia("people", "import", "people", cwd=tmp_path), "--dataset or --folders")
    fails(letheia("people", "import", "people", "--folders", "nowhere", cwd=tmp_path), "nowhere", "no folder there")
    done = letheia("people", "import", "people", "--dataset", parquet, "--pictures", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0 strangers' pictures, 0 of anyone" in done.stdout and "--anyone FOLDER or --rest fills it" in done.stdout
    assert "2 people, 2 pictures" in done.stdout and "2 people have no unseen picture" in done.stderr
    assert "Una Varga: 1 seen, 0 unseen; without unseen pictures only seen ones are measured" in done.stdout
    checked = letheia("people", "check", "people", cwd=tmp_path)
    assert checked.returncode == 0 and "without summaries: Una Varga, Bruno Óskarsson" in checked.stdout
    assert not [p for p in Path(tmp_path).rglob("*.partial")]


def test_an_importer_is_a_row(tmp_path, monkeypatch):
    monkeypatch.setitem(IMPORTERS, "grey", lambda o: [Source(o.label, o.place, lambda: picture(9))])
    sources = read_sources("grey", Origin(place="nowhere", label="Una Varga"))
    assert [e.name for e in write_import(sources, tmp_path / "people").people.entities] == ["Una Varga"]
    with pytest.raises(ConfigError, match="unknown importer 'folder': did you mean 'folders'"):
        read_sources("folder", Origin(place="nowhere"))
