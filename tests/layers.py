"""The rooms of the house from the ground up, and what the source says of them: modules, imports and docstrings."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "letheia"
FLOORS = (
    ("errors",),
    ("types", "files"),
    ("frozen", "extensions"),
    ("prompts", "pictures", "progress", "console"),
    ("methods", "metrics", "attacks"),
    ("config",),
    ("models", "clients"),
    ("outside",),
    ("data",),
    ("engines",),
    ("reference",),
    ("train", "serve"),
    ("study", "world"),
    ("audit",),
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


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("letheia."):
            yield node.module.removeprefix("letheia.")


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted(SOURCE.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__") or "__init__", file
