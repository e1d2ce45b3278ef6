"""The house: a room imports only from rooms below it, and nothing within a floor crosses from room to room."""

from pathlib import Path

from layers import floor, imports, modules, room


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
