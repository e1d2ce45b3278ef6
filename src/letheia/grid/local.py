"""What this machine computes alone, by one process or several."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from letheia.errors import OutputError
from letheia.grid.work import HERE, Machines, Work
from letheia.outside import Named, named_here
from letheia.progress import Bars

W = TypeVar("W", bound=Work)


def run_here(
    works: Sequence[W],
    root: Path,
    do: Callable[[W, Path], None],
    *,
    title: str = "cells of the study",
    on: Machines = HERE,
    bars: Bars,
) -> None:
    """Do what is not done yet on this machine (`Executor`)."""
    jobs = on.jobs
    left = [work for work in works if not work.is_done(root)]
    with bars.bar(title, len(works), len(works) - len(left)) as advance:
        if jobs == 1:
            for work in left:
                work.carry_out(root, do)
                advance(1, work.name)
            return
        threads = max(1, (os.cpu_count() or 1) // jobs)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(threads, named_here())) as pool:
            with _stops_wait():
                running = {pool.submit(work.carry_out, root, do): work for work in left}
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
