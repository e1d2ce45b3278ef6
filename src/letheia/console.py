"""What the user sees while something runs: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def make_console() -> Console:
    """A console on standard error: standard output is for results."""
    return Console(stderr=True)


class TerminalBars:
    """Bars with rich on a terminal, one line per finished stage elsewhere."""

    def __init__(self, console: Console) -> None:
        """Show on this console."""
        self._console = console

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[int, str], None]]:
        """A bar; the function inside advances it by a number and sets the note."""
        if not self._console.is_terminal:
            began, last = time.monotonic(), ""

            def remember(_n: int, note: str) -> None:
                nonlocal last
                last = f"; {note}" if note else ""

            yield remember
            print(f"{title}: {total} in {time.monotonic() - began:.0f} s{last}", file=sys.stderr, flush=True)
            return
        columns = (
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=total, note="")
            yield lambda n, note: progress.update(task, advance=n, note=note)
