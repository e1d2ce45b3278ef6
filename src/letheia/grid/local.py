"""Cells computed on this machine, by one process or several."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from letheia.errors import OutputError
from letheia.files import write_json
from letheia.grid.grid import DONE, Cell
from letheia.outside import Named, named_here
from letheia.progress import Bars


def run_cells(
    cells: Sequence[Cell], root: Path, do: Callable[[Cell, Path], None], *, jobs: int = 1, bars: Bars
) -> None:
    """Do the cells that are not done yet.

    Args:
        cells: The cells.
        root: Folder of the grid.
        do: Does one cell; a function that another process can import.
        jobs: Processes; each has its share of the processor's cores.
        bars: Where progress is shown.
    """
    left = [cell for cell in cells if not cell.is_done(root)]
    with bars.bar("cells of the study", len(cells), len(cells) - len(left)) as advance:
        if jobs == 1:
            for cell in left:
                _do(cell, root, do)
                advance(1, cell.name)
            return
        threads = max(1, (os.cpu_count() or 1) // jobs)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(threads, named_here())) as pool:
            with _stops_wait():
                running = {pool.submit(_do, cell, root, do): cell for cell in left}
            try:
                for future in as_completed(running):
                    future.result()
                    advance(1, running[future].name)
            except BaseException as error:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():  # every file is whole at any time
                    process.kill()
                if isinstance(error, BrokenProcessPool):
                    raise OutputError(
                        "a process was killed, most likely for want of memory. What is done is kept: "
                        "run the same command again with fewer --jobs."
                    ) from error
                raise


@contextmanager
def _stops_wait() -> Iterator[None]:
    """Processes that are started here have Ctrl-C blocked from the first: the one that started them ends them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(threads: int, named: Named) -> None:
    """Begin a process with its share of the cores, and with what was brought from outside."""
    import torch

    torch.set_num_threads(threads)
    named.take_up()


def _do(cell: Cell, root: Path, do: Callable[[Cell, Path], None]) -> None:
    marker = root / cell.name / DONE
    kept = {name: key for name, key in cell.done(root).items() if cell.jobs.get(name, key) == key}
    if marker.exists():  # a method that is done anew is not done until it is
        write_json(marker, {"jobs": kept, "scoring": cell.scoring})
    do(cell, root)
    write_json(marker, {"jobs": {**kept, **cell.jobs}, "scoring": cell.scoring})
