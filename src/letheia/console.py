"""What the user sees while something runs: bars on a terminal, a line every half minute elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

EVERY = 30.0
"""Seconds between lines where there is no terminal: Slurm, nohup, a pipe."""


def make_console() -> Console:
    """A console on standard error: standard output is for results."""
    return Console(stderr=True)


@dataclass
class Course:
    """How far a stage is. What was done before it began says nothing of its pace."""

    total: int
    before: int
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    note: str = ""

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began

    def __str__(self) -> str:
        """Pace and time left; nothing before the first step.

        >>> print(Course(total=30, before=10, began=time.monotonic() - 40, done=10))
        4.0 s each, 0:00:40 left
        """
        if not self.done:
            return ""
        each = self.seconds / self.done
        pace = f"{1 / each:,.{0 if each < 0.1 else 1}f} a second" if each < 0.5 else f"{each:.1f} s each"
        return f"{pace}, {timedelta(seconds=round(each * (self.total - self.before - self.done)))} left"


class TerminalBars:
    """Bars with rich on a terminal; elsewhere a line now and then, and one for each finished stage."""

    def __init__(self, console: Console, every: float = EVERY) -> None:
        """Show on this console; without a terminal, a line after so many seconds."""
        self._console, self._every = console, every

    @contextmanager
    def bar(self, title: str, total: int, done: int = 0) -> Iterator[Callable[[int, str], None]]:
        """A bar; the function inside advances it by a number and sets the note."""
        course = Course(total, before=done)
        if not self._console.is_terminal:
            with _lines(title, course, self._every):
                yield _advancing(course)
            last = f"; {course.note}" if course.note else ""
            print(f"{title}: {total} in {course.seconds:.0f} s{last}", file=sys.stderr, flush=True)
            return
        columns = (
            TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=24)),
            BarColumn(bar_width=8),
            MofNCompleteColumn(),
            _Pace(table_column=Column(no_wrap=True)),
            TextColumn("[dim]{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        )
        with Progress(*columns, console=self._console, expand=True) as progress:
            task = progress.add_task(title, total=total, completed=done, note="", course=course)
            advance = _advancing(course)

            def shown(n: int, note: str) -> None:
                advance(n, note)
                progress.update(task, advance=n, note=note)

            yield shown


class _Pace(ProgressColumn):
    """Pace and time left."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields["course"]))


def _advancing(course: Course) -> Callable[[int, str], None]:
    def advance(n: int, note: str) -> None:
        course.done, course.note = course.done + n, note

    return advance


@contextmanager
def _lines(title: str, course: Course, every: float) -> Iterator[None]:
    """Say how far it is, also while a single step takes long."""
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(every):
            parts = (f"{title}: {course.before + course.done} of {course.total}", str(course), course.note)
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
