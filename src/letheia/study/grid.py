"""A study many times over: base models, counts of forgotten people and seeds as cells, each a study of all methods.

What is done is skipped, a killed run goes on, and several processes share the cells out.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from letheia.config import Frozen, StudyConfig
from letheia.errors import OutputError
from letheia.files import read_json, write_json
from letheia.methods.table import PAPER_METHODS
from letheia.progress import Bars
from letheia.study.plan import jobs


class GridConfig(Frozen):
    """What a grid spans.

    Attributes:
        models: Base models.
        methods: Names of methods; the original is always measured.
        counts: How many people are forgotten.
        seeds: How many draws of people, from seed 0 up.
        seen: Pictures a person that training uses.
        steps: Optimizer steps.
        max_new_tokens: Length limit of answers.
        recompute: Whether layers are computed again for the gradient, which saves memory.
    """

    models: tuple[str, ...] = ("mistral", "llama")
    methods: tuple[str, ...] = PAPER_METHODS
    counts: tuple[int, ...] = (5, 10, 20)
    seeds: int = Field(default=5, ge=1)
    seen: int = Field(default=1, ge=1)
    steps: int = Field(default=30, ge=1)
    max_new_tokens: int = Field(default=96, ge=8)
    recompute: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One study of the grid.

    Attributes:
        config: Its settings.
        jobs: The key of each method's job: whether what lies in the folder is this job's.
    """

    config: StudyConfig
    jobs: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its folder below the grid's."""
        return f"{Path(self.config.model).name}/n{self.config.n}/seed{self.config.seed}"

    def is_done(self, root: Path) -> bool:
        """Whether all of it has been done; what other methods have left in the folder does not matter."""
        return self.jobs.items() <= self.done(root).items()

    def done(self, root: Path) -> dict[str, str]:
        """The key of each method that has been done in its folder."""
        marker = root / self.name / "cell.json"
        return read_json(marker).get("jobs", {}) if marker.exists() else {}


def plan_grid(
    grid: GridConfig, base: Mapping[str, Any], rates: Mapping[str, Mapping[str, float]], *, people: int = 25
) -> list[Cell]:
    """Every cell, seeds outermost: a run that is cut short has all counts and models of its first seeds.

    Args:
        grid: What it spans.
        base: Fields of every cell's settings.
        rates: Learning rate by model and method.
        people: How many recognised people a cell draws.
    """
    configs = [
        StudyConfig.create(
            {
                **base,
                "model": model,
                "methods": grid.methods,
                "n": n,
                "people": people,
                "seed": seed,
                "seen": grid.seen,
                "steps": grid.steps,
                "max_new_tokens": grid.max_new_tokens,
                "recompute": grid.recompute,
            }
        )
        for seed in range(grid.seeds)
        for model in grid.models
        for n in grid.counts
    ]
    return [
        Cell(config=config, jobs={job.name: job.key for job in jobs(config, dict(rates[config.model]))})
        for config in configs
    ]


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
    with bars.bar("cells of the study", len(cells)) as advance:
        advance(len(cells) - len(left), "")
        if jobs == 1:
            for cell in left:
                _do(cell, root, do)
                advance(1, cell.name)
            return
        threads = max(1, (os.cpu_count() or 1) // jobs)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, context, initializer=torch.set_num_threads, initargs=(threads,)) as pool:
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


def _do(cell: Cell, root: Path, do: Callable[[Cell, Path], None]) -> None:
    marker = root / cell.name / "cell.json"
    kept = {name: key for name, key in cell.done(root).items() if cell.jobs.get(name, key) == key}
    if marker.exists():  # a method that is done anew is not done until it is
        write_json(marker, {"jobs": kept})
    do(cell, root)
    write_json(marker, {"jobs": {**kept, **cell.jobs}})
