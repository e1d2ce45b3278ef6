"""Where progress is shown: stages tell how far they are, and whoever calls them decides who sees it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Bars(Protocol):
    """Where progress is shown: a bar a stage."""

    def bar(self, title: str, total: int, done: int = 0) -> AbstractContextManager[Callable[[int, str], None]]:
        """A bar; the function inside advances it by a number and sets a note.

        Args:
            title: What is being done.
            total: How much there is to do.
            done: How much of it was done before, by a run that was stopped.
        """
        ...


class Silent:
    """Shows no progress."""

    @contextmanager
    def bar(self, title: str, total: int, done: int = 0) -> Iterator[Callable[[int, str], None]]:
        """A bar that nobody sees."""
        yield lambda _n, _note: None
