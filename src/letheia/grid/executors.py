"""Where the cells of a grid are computed, one row each: its name, and what does them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from letheia.grid.grid import Cell
from letheia.grid.local import run_cells
from letheia.progress import Bars


class Executor(Protocol):
    """Does the cells that are not done yet."""

    def __call__(
        self, cells: Sequence[Cell], root: Path, do: Callable[[Cell, Path], None], *, jobs: int = 1, bars: Bars
    ) -> None:
        """Do them.

        Args:
            cells: The cells.
            root: Folder of the grid.
            do: Does one cell; a function that another process can import.
            jobs: How many at once.
            bars: Where progress is shown.
        """
        ...


EXECUTORS: dict[str, Executor] = {"local": run_cells}
