"""Draw the README's picture from the committed studies: what each method says of two people.

python docs/update_picture.py    # draws the built-in world first, which takes some seconds
"""

import base64
import textwrap
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from letheia.grid.collected import read_collected
from letheia.report.tables import method_title
from letheia.types import People
from letheia.world.make import make_people
from letheia.world.people import make_world

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "answers.svg"
STUDIES = ("study", "study-bounded")
METHODS = ("original", "ga", "reject", "pubg", "bounded")
MODEL = "llama"
ASIDE = {"forget": "must be forgotten", "retain": "must be kept"}
LEFT, WIDTH, TOP, LINE = 96, 392, 116, 17  # pixels: column of methods, column of answers, header, line of text
LETTERS, LINES = 54, 4  # a column is so many letters wide; longer answers are cut


def answers() -> dict[str, dict[str, tuple[str, str]]]:
    """By group and method: a person's unseen picture and the answer."""
    found: dict[str, dict[str, tuple[str, str]]] = {group: {} for group in ASIDE}
    for name in STUDIES:
        cell = read_collected(ROOT / "docs" / "results" / f"{name}.json").with_examples(MODEL)
        assert cell is not None
        for method, examples in cell["examples"].items():
            for portrait, group, role, answer in examples:
                if role == "unseen":
                    found[group][method] = (portrait, answer)
    return found


def portraits(people: People) -> dict[str, str]:
    """The two pictures by group, as base64."""
    shown = {group: said["original"][0] for group, said in answers().items()}
    return {g: base64.b64encode(people.portraits[p].file.read_bytes()).decode() for g, p in shown.items()}


def picture(images: dict[str, str], names: dict[str, str]) -> str:
    """The SVG.

    Args:
        images: The portrait of each group, as base64.
        names: The name of each group's person.
    """
    parts: list[str] = []
    y = TOP
    for column, group in enumerate(ASIDE):
        x = LEFT + column * WIDTH
        parts.append(f'<image x="{x}" y="14" width="84" height="84" href="data:image/png;base64,{images[group]}"/>')
        parts.append(f'<text x="{x + 98}" y="52" font-weight="bold" font-size="15">{escape(names[group])}</text>')
        parts.append(f'<text x="{x + 98}" y="74" fill="#5b6475">{ASIDE[group]}</text>')
    for method in METHODS:
        texts = [wrapped(said[method][1]) for said in answers().values()]
        parts.append(f'<path d="M16 {y}H{LEFT + 2 * WIDTH - 8}" stroke="#d8dde6"/>')
        parts.append(f'<text x="16" y="{y + 24}" font-weight="bold">{method_title(method)}</text>')
        for column, lines in enumerate(texts):
            for i, line in enumerate(lines):
                parts.append(f'<text x="{LEFT + column * WIDTH}" y="{y + 24 + i * LINE}">{escape(line)}</text>')
        y += 22 + LINE * max(map(len, texts))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + 2 * WIDTH} {y + 8}" '
        'font-family="sans-serif" font-size="13" fill="#1d2433" role="img" '
        'aria-label="What the original and each method say of one person to forget and one to keep">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>", ""])


def wrapped(answer: str) -> list[str]:
    """An answer in lines."""
    return textwrap.wrap(answer, LETTERS, max_lines=LINES, placeholder=" …")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        people = make_people(make_world(), Path(folder) / "people")
        entities = {e.id: e.name for e in people.entities}
        names = {g: entities[people.portraits[said["original"][0]].entity] for g, said in answers().items()}
        PICTURE.write_text(picture(portraits(people), names), encoding="utf-8")
