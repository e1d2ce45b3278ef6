"""Tables of text in every format: Markdown, LaTeX, CSV, JSON."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
         "·": r"$\cdot$", "–": "--", "*": r"\textasteriskcentered{}"}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A titled table of text; `strong` has the cells that stand out, as (row, column)."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]] = frozenset()


def to_markdown(sheet: Sheet) -> str:
    """In Markdown, with its title."""
    return f"**{sheet.title}**\n\n{rows_in_markdown(sheet)}"


def rows_in_markdown(sheet: Sheet) -> str:
    """In Markdown without its title; model texts can't break out of their cell."""
    lines = [_line(sheet.header), "|---" * len(sheet.header) + "|"]
    for i, row in enumerate(sheet.rows):
        lines.append(_line([f"**{text}**" if (i, j) in sheet.strong else text for j, text in enumerate(row)]))
    return "\n".join(lines)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(" ".join(c.replace("|", "\\|").split()) for c in cells) + " |"


def to_latex(sheet: Sheet) -> str:
    """As a LaTeX tabular with booktabs' rules."""

    def escaped(text: str) -> str:
        return "".join(LATEX.get(c, c) for c in " ".join(text.split()))

    body = [" & ".join(map(escaped, sheet.header))]
    for i, row in enumerate(sheet.rows):
        cells = [rf"\textbf{{{escaped(t)}}}" if (i, j) in sheet.strong else escaped(t) for j, t in enumerate(row)]
        body.append(" & ".join(cells))
    body = [line + r" \\" for line in body]
    start = r"\begin{tabular}{l" + "r" * (len(sheet.header) - 1) + "}"
    end = [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([f"% {sheet.title}", start, r"\toprule", body[0], r"\midrule", *body[1:], *end])


def to_csv(sheet: Sheet) -> str:
    """As CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([sheet.header, *sheet.rows])
    return buffer.getvalue().rstrip()


def to_json(sheet: Sheet) -> str:
    """As JSON, one object per row."""
    return json.dumps([dict(zip(sheet.header, row, strict=True)) for row in sheet.rows], indent=1, ensure_ascii=False)


FORMATS: Mapping[str, Callable[[Sheet], str]] = {
    "md": to_markdown,
    "latex": to_latex,
    "csv": to_csv,
    "json": to_json,
}
