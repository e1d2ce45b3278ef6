"""A study many times over: base models, counts of forgotten people and seeds as cells, each a study of all methods.

What is done is skipped, a killed run goes on, and several processes share the cells out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from letheia.config import Frozen, StudyConfig
from letheia.files import read_json
from letheia.methods.table import PAPER_METHODS
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
