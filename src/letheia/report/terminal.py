"""Tables and examples on the terminal: rich where it is one, plain lines elsewhere."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from letheia.report.tables import Table, column_title, method_title, number_text
from letheia.types import Generation, plain


def print_table(table: Table, console: Console, *, asked_by: str = "picture") -> None:
    """Print one table; seen and unseen pictures one below the other, so that it fits eighty columns."""
    for role in dict.fromkeys(c.pictures for c in table.columns):
        chosen = [i for i, c in enumerate(table.columns) if c.pictures == role]
        suffix = "" if role == "stranger" else f", {role} {asked_by}s"
        titles = [column_title(table.columns[i], table.columns) for i in chosen]
        rows = [
            [method_title(m), *(number_text(entries[i].row) for i in chosen)]
            for m, entries in zip(table.methods, table.entries, strict=True)
        ]
        if console.is_terminal:
            drawn = RichTable(
                title=table.heading + suffix,
                title_justify="left",
                title_style="bold",
                box=box.SIMPLE_HEAD,
                padding=(0, 1, 0, 0),
            )
            drawn.add_column("Method", no_wrap=True)
            for title in titles:  # a heading breaks between words only
                drawn.add_column(title, justify="right", min_width=max(map(len, title.split())))
            for row in rows:
                drawn.add_row(*row)
            console.print(drawn)
        else:
            _plain(table.heading + suffix, ["Method", *titles], rows)
    if console.is_terminal:
        console.print(Text(table.note, style="dim"))
    else:
        print(table.note + "\n")


def print_examples(
    answers: Mapping[str, Sequence[Generation]], name: str, console: Console, *, asked_by: str = "picture"
) -> None:
    """Print what every method answers to the study's question about a forgotten person: on one picture, or in words."""
    title = f"One forgotten person, one unseen {asked_by} · {name}"
    chosen = {
        m: next((a for a in plain(given) if a.group == "forget" and a.role == "unseen"), None)
        for m, given in answers.items()
    }
    if console.is_terminal:
        console.print(Text(title, style="bold"))
    else:
        print(title)
    for method, answer in chosen.items():
        if answer:
            text = answer.answer or "(empty)"
            if console.is_terminal:
                console.print(Text.assemble((f"{method_title(method):<10}", "bold"), text))
            else:
                print(f"{method_title(method):<10}{text}")


def _plain(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(r[i]) for r in [titles, *rows]) for i in range(len(titles))]
    print(title)
    for row in [titles, *rows]:
        print(
            "  ".join(f"{c:<{w}}" if i == 0 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        )
