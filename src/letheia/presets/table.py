"""Every ready-made study, one row each. What is planned needs no model; what does is imported when it is called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.clients.chat import Call
from letheia.clients.endpoint import Endpoint
from letheia.clients.judges import asked_of
from letheia.errors import ConfigError
from letheia.grid.collected import FICTIONAL, UNKNOWN, collect, write_study
from letheia.grid.grid import Cell
from letheia.methods.paper import PAPER_MODELS
from letheia.presets.base import Preset, RunOptions
from letheia.presets.plans import plan_paper, plan_world_grid
from letheia.progress import Bars


class WorldStudy:
    """The paper's whole study on the built-in world."""

    people_kind = FICTIONAL

    def plan(self, values: Mapping[str, Any], options: RunOptions) -> list[Cell]:
        """Models, counts and seeds on the study's people."""
        return plan_world_grid(values)

    def forecast(self, cells: Sequence[Cell], options: RunOptions) -> Iterator[str]:
        """Each cell, done or not."""
        for cell in cells:
            state = "done" if cell.is_done(options.output) else "to do"
            yield f"{state:<6} {cell.name}: {', '.join(cell.config.methods)}"

    def judge_calls(self, cells: Sequence[Cell], options: RunOptions) -> tuple[Endpoint | None, list[Call]]:
        """Nobody: labels are counted."""
        return None, []

    def run(self, cells: Sequence[Cell], options: RunOptions, *, bars: Bars) -> None:
        """Do every cell that is not done yet."""
        from letheia.presets.world import run_world_grid

        run_world_grid(cells, options.output, on=options.on, bars=bars)

    def observe(self, cells: Sequence[Cell], options: RunOptions) -> dict[str, Any]:
        """What each model says of known and of unknown people."""
        from letheia.presets.world import observe_world

        first = {cell.config.model: cell.config for cell in reversed(cells)}
        return {name: observe_world(first[name], options.output) for name in models_of(cells)}

    def weights(self, models: Sequence[str]) -> list[Path]:
        """The models' and the world's CLIP."""
        from letheia.presets.world import world_weights

        return world_weights(*models)


@dataclass(frozen=True)
class PaperStudy:
    """The paper's study on one of its models, with a user's people.

    Attributes:
        name: A row of `PAPER_MODELS`.
    """

    name: str
    people_kind = UNKNOWN

    def plan(self, values: Mapping[str, Any], options: RunOptions) -> list[Cell]:
        """One cell a count, on people of the folder; a plan alone can do without."""
        if not (options.people or options.planned):
            raise ConfigError(f"--people: is needed. 'letheia run {self.name} --dry-run' shows how to make the folder.")
        return plan_paper(self.name, values, options.everybody, planned=options.planned)

    def forecast(self, cells: Sequence[Cell], options: RunOptions) -> Iterator[str]:
        """People, tokens, steps, memory and calls of each cell."""
        from letheia.presets.paper import forecast_paper

        for entries in forecast_paper(self.name, cells, options.everybody, memory=options.device_memory):
            yield from map(str, entries)

    def judge_calls(self, cells: Sequence[Cell], options: RunOptions) -> tuple[Endpoint | None, list[Call]]:
        """The LVLM that judges, about every answer of the cells that are not done."""
        from letheia.presets.paper import paper_calls

        assert options.everybody, "asked for by the plan"
        left = [cell for cell in cells if not cell.is_done(options.output)]
        return asked_of(self._judge(options)), paper_calls(left, options.everybody)

    def run(self, cells: Sequence[Cell], options: RunOptions, *, bars: Bars) -> None:
        """Do every cell that is not done yet."""
        from letheia.presets.paper import run_paper

        assert options.people, "asked for by the plan"
        run_paper(
            cells,
            options.people,
            options.output,
            judge=self._judge(options),
            on=options.on,
            bars=bars,
            anyway=options.anyway,
        )

    def observe(self, cells: Sequence[Cell], options: RunOptions) -> dict[str, Any]:
        """What the original answered when recognition was probed."""
        from letheia.presets.paper import observe_paper

        assert options.people, "asked for by the plan"
        return observe_paper(cells, options.people, options.output)

    def weights(self, models: Sequence[str]) -> list[Path]:
        """The checkpoint's."""
        from letheia.models.shipped import weight_files

        return weight_files(*models)

    def _judge(self, options: RunOptions) -> str:
        return options.judge or PAPER_MODELS[self.name].judge


PRESETS: dict[str, Preset] = {"world/study": WorldStudy(), **{name: PaperStudy(name) for name in PAPER_MODELS}}


def run_preset(preset: Preset, cells: Sequence[Cell], options: RunOptions, *, command: str, bars: Bars) -> Path:
    """Do what is not done yet, observe, and gather everything.

    Args:
        preset: The preset.
        cells: What it planned.
        options: How it is run.
        command: The command line, for the provenance.
        bars: Where progress is shown.

    Returns:
        The file of the study.

    Raises:
        ConfigError: There is no such executor, or too little memory.
        CheckpointError: The model can't be loaded, or a folder belongs to another run.
    """
    preset.run(cells, options, bars=bars)
    weights = preset.weights(models_of(cells))
    found = collect(cells, options.output, command=command, weights=weights, people=preset.people_kind)
    return write_study(options.output, found, preset.observe(cells, options))


def models_of(cells: Sequence[Cell]) -> list[str]:
    """The base models of a grid, in its order."""
    return list(dict.fromkeys(cell.config.model for cell in cells))
