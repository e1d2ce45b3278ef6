"""The house: a room imports only from rooms below it, and nothing within a floor crosses from room to room."""

import ast
from pathlib import Path

import letheia

SOURCE = Path(letheia.__file__).parent
FLOORS = (
    ("errors",),
    ("types", "files"),
    ("frozen",),
    ("prompts", "pictures", "progress", "console"),
    ("methods", "metrics"),
    ("config",),
    ("models", "clients"),
    ("data",),
    ("engines",),
    ("reference",),
    ("train",),
    ("study", "world"),
    ("grid",),
    ("report",),
    ("presets",),
    ("cli",),
    ("__main__", "__init__"),
)
"""From the ground up; rooms on one floor don't know each other."""


def floor(module: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if room(module) in rooms)


def room(module: str) -> str:
    return module.split(".")[0]


def imports(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("letheia."):
            yield node.module.removeprefix("letheia.")


def modules():
    for file in sorted(SOURCE.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__") or "__init__", file


def test_every_room_imports_only_from_rooms_below():
    upward = [
        f"{name} imports {target}"
        for name, file in modules()
        for target in imports(file)
        if room(target) != room(name) and floor(target) >= floor(name)
    ]
    assert not upward


def test_modules_of_a_room_form_no_circle():
    within = {name: [t for t in imports(file) if room(t) == room(name)] for name, file in modules()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for target in within.get(name, ()):
                visit(target, (*path, name))
            done.add(name)

    for name in within:
        visit(name, ())


def test_only_presets_and_the_command_line_know_the_world():
    for name, file in modules():
        if room(name) not in {"world", "presets", "cli", "__init__"}:
            assert not [t for t in imports(file) if room(t) == "world"], name


def test_files_stay_small():
    for name, file in modules():
        assert len(file.read_text().splitlines()) <= 320, name


def test_test_files_stay_small():
    for file in Path(__file__).parents[1].rglob("*.py"):
        assert len(file.read_text().splitlines()) < 300, file.name
