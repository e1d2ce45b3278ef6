"""Who computes the parts of something large, one row each: its name, and what does them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from letheia.errors import pick
from letheia.grid.local import run_here
from letheia.grid.on_ray import run_on_ray
from letheia.grid.work import Machines, Work
from letheia.progress import Bars


class Executor(Protocol):
    """Does the parts that are not done yet."""

    def __call__(
        self,
        works: Sequence[Any],
        root: Path,
        do: Callable[[Any, Path], None],
        *,
        title: str,
        on: Machines,
        bars: Bars,
    ) -> None:
        """Do them.

        Args:
            works: The parts, such as the cells of a grid (`Work`).
            root: Folder of the whole.
            do: Does one of them; a function that another process can import.
            title: What the parts are called.
            on: Which machines, and what a part may take of them.
            bars: Where progress is shown.

        Raises:
            ConfigError: There is no such machine, or none has what a part takes.
            OutputError: Processes are killed again and again.
        """
        ...


EXECUTORS: dict[str, Executor] = {"local": run_here, "ray": run_on_ray}


def compute(
    works: Sequence[Work],
    root: Path,
    do: Callable[[Any, Path], None],
    *,
    title: str = "cells of the study",
    on: Machines,
    bars: Bars,
) -> None:
    """Do what is not done yet, by the executor that is named (`Executor`).

    Raises:
        ConfigError: There is no such executor.
    """
    pick("executor", on.executor, EXECUTORS)(works, root, do, title=title, on=on, bars=bars)
