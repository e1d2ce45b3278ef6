"""The documents say what the results, the source and the tests say, and their links lead somewhere."""

import importlib.util
import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import letheia
from layers import SOURCE
from letheia.cli.app import app
from letheia.data.targets import TARGETS
from letheia.methods.losses import LOSSES

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def script(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_those_of_results_and_source():
    module, marked = script("update_tables"), set()
    for page in module.PAGES:
        text = page.read_text(encoding="utf-8")
        assert module.filled(text) == text, f"{page}: 'make docs' writes the tables again"
        marked |= {name for name in module.tables() if f"<!-- {name} -->" in text}
    assert marked == set(module.tables())


def test_the_front_picture_shows_the_committed_answers():
    module = script("update_picture")
    drawn = module.PICTURE.read_text(encoding="utf-8")
    images = dict(zip(module.ASIDE, re.findall(r"base64,([^\"]+)", drawn), strict=True))
    names = dict(zip(module.ASIDE, re.findall(r'font-size="15">([^<]+)', drawn), strict=True))
    assert module.picture(images, names) == drawn
    assert all(names[group] in said["original"][1] for group, said in module.answers().items())


def test_the_architecture_is_that_of_the_source():
    module = script("update_architecture")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.filled(page) == page, "'make docs' writes it again"
    assert module.drawing() == module.PICTURE.read_text(encoding="utf-8"), "'make docs' draws it again"
    assert all(why for entries in module.files().values() for _, why in entries), "every file says why it exists"


def test_shortest_ways_leave_out_what_a_longer_way_says():
    module = script("update_architecture")
    assert module.shortest({("c", "b"), ("b", "a"), ("c", "a")}) == {("c", "b"), ("b", "a")}


@pytest.mark.parametrize("names", [LOSSES, TARGETS], ids=["losses", "texts"])
def test_every_loss_and_text_has_a_line(names):
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert all(f"\n| `{name}` | " in page for name in names)


def notation() -> list[str]:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Notation")[1].split("\n## ")[0]
    return [re.split(r"(?<!\\)\|", line)[3].strip().strip("`") for line in page.splitlines() if "`" in line]


@pytest.mark.parametrize("name", notation())
def test_notation_names_what_is_in_the_code(name):
    if name.endswith(".txt"):
        assert (SOURCE / name).exists()
        return
    path, _, key = name.removesuffix('"]').partition('["')
    parts = path.split(".")
    depth = max(i for i in range(1, len(parts)) if is_module(parts[:i]))
    value = import_module(".".join(parts[:depth]))
    for part in parts[depth:]:
        fields = {**getattr(value, "model_fields", {}), **getattr(value, "__dataclass_fields__", {})}
        value = fields[part] if part in fields else getattr(value, part)
    assert not key or key in value


def is_module(parts: list[str]) -> bool:
    place = SOURCE.parent.joinpath(*parts)
    return place.is_dir() or place.with_suffix(".py").exists()


def commands_told() -> list[tuple[str, str]]:
    """Every command that stands in a block of a page, in one line."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, line.split(" #")[0]) for line in lines if line.startswith("letheia ")]
    return [(page, line) for page, line in found if page != "cli.md"]  # those are usage lines


@cache
def whole():
    return get_command(app)


@pytest.mark.parametrize(("page", "line"), commands_told(), ids=lambda text: text)
def test_every_command_is_one_that_there_is(page, line):
    """Commands, options and values are as the code has them; what a command needs may be elsewhere."""
    words = shlex.split(line.replace("…", ""))[1:]
    command = whole()
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    try:
        command.parse_args(command.context_class(command, info_name=line), words)
    except typer.TyperException as error:
        assert "does not exist" in error.format_message(), error.format_message()


def test_every_public_name_has_its_place_in_the_reference():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\.\. auto\w+:: (\w+)$|`([A-Z]+)`", page, re.MULTILINE))
    assert {a or b for a, b in listed} == set(letheia.__all__)


def test_every_page_is_in_the_site():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = {line for line in index.splitlines() if re.fullmatch(r"[\w./-]+", line)}
    pages = {p.relative_to(ROOT / "docs").with_suffix("").as_posix() for p in (ROOT / "docs").glob("*.md")}
    assert pages - {"index"} <= listed


def rows_to_add() -> list[tuple[str, str]]:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("| to add |")[1].split("\n\n")[0]
    return [(line.split("|")[1].strip(), line) for line in page.splitlines()[2:]]


@pytest.mark.parametrize(("what", "line"), rows_to_add())
def test_every_file_to_touch_exists(what, line):
    files = [name for name in re.findall(r"`([^`]+)`", line) if "/" in name or name.endswith(".md")]
    assert files, what
    for name in files:
        assert (ROOT / name).exists(), f"{what}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?:|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file) if file else page
        assert place.exists(), f"{page}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}, f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_lines_are_short(page):
    if page.name in {"LOG.md", "CHANGELOG.md"}:
        return
    for i, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        assert len(line) <= 120 or line.lstrip().startswith("|"), f"{page}:{i}: {len(line)} columns"
