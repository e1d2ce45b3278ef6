"""A study many times over: base models, counts of forgotten people and seeds as cells, each a study of all methods.

What is done is skipped, a killed run goes on, and several processes share the cells out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from letheia.config import MADE_OF, StudyConfig, agree, merged
from letheia.errors import ConfigError
from letheia.files import fingerprint, read_json, write_json
from letheia.frozen import Frozen
from letheia.methods.table import PAPER_METHODS
from letheia.study.plan import jobs

T = TypeVar("T")
Once = Annotated[tuple[T, ...], Field(min_length=1), AfterValidator(lambda values: tuple(dict.fromkeys(values)))]
"""At least one, and each once."""


class GridConfig(Frozen):
    """What a grid spans.

    Attributes:
        models: Base models.
        methods: Names of methods; the original is always measured.
        counts: How many people are forgotten.
        seeds: How many draws of people, from seed 0 up.
    """

    models: Once[str] = ("mistral", "llama")
    methods: Once[str] = PAPER_METHODS
    counts: Once[int] = (5, 10, 20)
    seeds: int = Field(default=5, ge=1)


DONE = "cell.json"
SPANNED = {"model": "models", "n": "counts", "seed": "seeds"}
"""A cell's own fields, and what a grid has in their place."""


def check_grid(values: Mapping[str, Any]) -> StudyConfig:
    """Check a grid's settings: what it spans, and what its cells have in common.

    Raises:
        ConfigError: A field is unknown or its value impossible.
    """
    spans, common = parted(values)
    GridConfig.create(spans)
    return StudyConfig.check(common)


def parted(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a grid spans, and what its cells have in common.

    Raises:
        ConfigError: A field is a cell's own.
    """
    for name, others in SPANNED.items():
        if name in values:
            raise ConfigError(f"{name}: is each cell's own here; '{others}' says what they are.")
    if values.get("forget"):
        raise ConfigError("forget: a study draws whom to forget. 'letheia unlearn' removes named people.")
    spans = {name: value for name, value in values.items() if name in GridConfig.model_fields}
    return spans, {name: value for name, value in values.items() if name not in spans}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One study of the grid.

    Attributes:
        config: Its settings.
        jobs: The key of each method's job: whether what lies in the folder is this job's.
        scoring: Key of what scores depend on beside answers; what was scored in another way is not done.
    """

    config: StudyConfig
    jobs: Mapping[str, str]
    scoring: str = ""

    @property
    def name(self) -> str:
        """Its folder below the grid's."""
        return f"{Path(self.config.model).name}/n{self.config.n}/seed{self.config.seed}"

    def is_done(self, root: Path) -> bool:
        """Whether all of it has been done; what other methods have left in the folder does not matter."""
        return self.jobs.items() <= self.done(root).items()

    def done(self, root: Path) -> dict[str, str]:
        """The key of each method that has been done, and scored as this cell is, in its folder."""
        found = cell_record(root / self.name)
        return found.get("jobs", {}) if found.get("scoring", "") == self.scoring else {}

    def carry_out(self, root: Path, do: "Callable[[Cell, Path], None]") -> None:
        """Do it, and write down that it is done; a method that is done anew is not done until it is."""
        marker = root / self.name / DONE
        kept = {name: key for name, key in self.done(root).items() if self.jobs.get(name, key) == key}
        if marker.exists():
            write_json(marker, {"jobs": kept, "scoring": self.scoring})
        do(self, root)
        write_json(marker, {"jobs": {**kept, **self.jobs}, "scoring": self.scoring})


def largest(cells: Sequence[Cell]) -> list[StudyConfig]:
    """Of each base model, the settings of a cell that forgets most: none of its others takes more memory."""
    by_size = sorted((cell.config for cell in cells), key=lambda config: config.n)
    return list({config.model: config for config in by_size}.values())


def cell_record(folder: Path) -> dict[str, Any]:
    """What a cell's folder says has been done: methods with their keys, and how they were scored."""
    marker = folder / DONE
    return read_json(marker) if marker.exists() else {}


def plan_grid(grid: GridConfig, common: Mapping[str, Any], own: Callable[[str], Mapping[str, Any]]) -> list[Cell]:
    """Every cell, seeds outermost: a run that is cut short has all counts and models of its first seeds.

    Args:
        grid: What it spans.
        common: Fields of every cell's settings.
        own: Fields of one model's cells, by its name: rates and weights.
    """
    from letheia.outside import scoring_code  # brings the judges, which 'letheia --help' need not wait for

    made: dict[str, dict[str, Any]] = {}
    for model in grid.models:
        its = own(model)
        agree(common, its)
        made[model] = merged(its, common, {name: its[name] for name in MADE_OF if name in its})
    configs = [
        StudyConfig.create({**made[model], "model": model, "methods": grid.methods, "n": n, "seed": seed})
        for seed in range(grid.seeds)
        for model in grid.models
        for n in grid.counts
    ]
    return [
        Cell(
            config=c,
            jobs={job.name: job.key for job in jobs(c, c.rates)},
            scoring=fingerprint([c.scoring, *scoring_code(c.judge)]),
        )
        for c in configs
    ]
