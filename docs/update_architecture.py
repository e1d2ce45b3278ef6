"""Write the picture and the tables of docs/architecture.md from the source: rooms, files and imports.

python docs/update_architecture.py
"""

import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from layers import FLOORS, SOURCE, imports, modules, room  # noqa: E402

PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "architecture.svg"
TITLES = {"__main__": "letheia", "__init__": "import letheia"}
LOWEST = [name for rooms in FLOORS[: 1 + next(i for i, f in enumerate(FLOORS) if "prompts" in f)] for name in rooms]
GROUND = set(LOWEST)
"""The lowest floors, drawn as one: everybody may use them, so that arrows to them would say nothing."""
BOX, HEIGHT, GAP, STEP, WIDTH = 122, 32, 132, 66, 860  # pixels
WIDE = (WIDTH - 22) / len(LOWEST)

Arrow = tuple[str, str]


def files() -> dict[str, list[tuple[str, str]]]:
    """The files of each room, with the first line of their docstrings; that of the room itself comes first."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for rooms in FLOORS for name in rooms}
    for name, file in sorted(modules()):  # a room's own docstring is that of `room/__init__.py`, whose name is shortest
        first = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n")[0]
        found[room(name)].append((file.relative_to(SOURCE).as_posix(), first))
    return found


def arrows() -> set[Arrow]:
    """Which room imports from which."""
    pairs = {(room(name), room(target)) for name, file in modules() for target in imports(file)}
    return {(a, b) for a, b in pairs if a != b}


def shortest(pairs: set[Arrow]) -> set[Arrow]:
    """The arrows that no longer way replaces."""
    below = {a: {b for x, b in pairs if x == a} for a, _ in pairs}

    def reach(start: str) -> set[str]:
        return {end for b in below.get(start, ()) for end in {b} | reach(b)}

    return {(a, b) for a, b in pairs if not any(b in reach(c) for c in below[a])}


def places(pairs: set[Arrow]) -> dict[str, tuple[float, float]]:
    """Where each box begins: floors from the top down, rooms as near as can be below those that import them."""
    at: dict[str, tuple[float, float]] = {}
    floors = [rooms for rooms in reversed(FLOORS) if not GROUND & set(rooms)]
    for i, rooms in enumerate(floors):
        above = {r: [at[a][0] for a, b in pairs if b == r] or [WIDTH / 2 - BOX / 2] for r in rooms}
        wish = {r: sum(xs) / len(xs) for r, xs in above.items()}
        left = sum(wish.values()) / len(rooms) - (len(rooms) - 1) * (BOX + GAP) / 2
        at |= {r: (left + n * (BOX + GAP), 12.0 + i * STEP) for n, r in enumerate(sorted(rooms, key=wish.__getitem__))}
    return at | {r: (14 + n * WIDE, 42.0 + len(floors) * STEP) for n, r in enumerate(LOWEST)}


def drawing() -> str:
    """The house as SVG: a floor a line, an arrow from each room to those that it builds on."""
    pairs = shortest({(a, b) for a, b in arrows() if not {a, b} & GROUND})
    at, count = places(pairs), {name: len(entries) for name, entries in files().items()}
    base = max(y for _, y in at.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {base + HEIGHT + 20:.0f}" '
        'font-family="sans-serif" font-size="13" text-anchor="middle" role="img" '
        'aria-label="Rooms from the ground up, and which imports from which">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<rect x="8" y="{base - 34:.0f}" width="{WIDTH - 16}" height="{HEIGHT + 46}" rx="5" fill="#f5f1e8"/>'
        f'<text x="{WIDTH / 2:.0f}" y="{base - 14:.0f}" fill="#5b6475">the ground: every room may import it</text>',
    ]
    for a, b in sorted(pairs):
        x, y, u, v = at[a][0] + BOX / 2, at[a][1] + HEIGHT, at[b][0] + BOX / 2, at[b][1]
        bend = f"M{x:.0f} {y:.0f}C{x:.0f} {y + 26:.0f} {u:.0f} {v - 26:.0f} {u:.0f} {v:.0f}"
        parts.append(f'<path d="{bend}" fill="none" stroke="#7d8aa3"/>')
    for name, (x, y) in sorted(at.items()):
        plural = f" · {count[name]} files" if count[name] > 1 else ""
        box = WIDE - 6 if name in GROUND else BOX
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{box:.0f}" height="{HEIGHT}" rx="5" fill="#eef2f8" '
            'stroke="#5b77a3"/>'
            f'<text x="{x + box / 2:.0f}" y="{y + 21:.0f}" fill="#1d2433">{TITLES.get(name, name)}{plural}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def tables() -> dict[str, str]:
    """Each marked part of the page by its marker."""
    found, pairs = files(), arrows()
    rows = [
        (f"`{r}`", found[r][0][1], ", ".join(f"`{b}`" for a, b in sorted(pairs) if a == r) or "nothing")
        for rooms in reversed(FLOORS)
        for r in rooms
    ]
    parts = [
        f"### `{r}`\n\n" + table(("file", "why it exists"), [(f"`{name}`", why) for name, why in found[r][1:]])
        for rooms in FLOORS
        for r in rooms
        if len(found[r]) > 1
    ]
    return {"rooms": table(("room", "what lives there", "imports"), rows), "files": "\n\n".join(parts)}


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    rows = (header, ["---"] * len(header), *lines)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def filled(text: str) -> str:
    """The page with the tables in it."""
    for name, content in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        text = re.sub(f"{start}.*?{end}", lambda _, c=f"{start}{content}\n{end}": c, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
