"""Ready-made studies on the built-in world: the only stage that knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig, StudyConfig, agree, merged
from letheia.engines.base import as_generations
from letheia.engines.remembered import RememberingEngine
from letheia.engines.table import engine_for
from letheia.files import holding
from letheia.grid.executors import compute
from letheia.grid.grid import Cell, largest
from letheia.grid.rates import GRID, Trial, search
from letheia.grid.work import HERE, Machines, placed
from letheia.metrics.observation import observe
from letheia.metrics.scorer import Scorer
from letheia.models.loading import load_model
from letheia.models.model import Model
from letheia.models.shipped import checkpoint, resolve_model, weight_files
from letheia.presets.plans import STUDY_PEOPLE, by_labels, demo_config, of_world
from letheia.progress import Bars, Silent
from letheia.report.deliver import deliver
from letheia.study import store
from letheia.study.budget import machine_bytes
from letheia.study.build import build, scorer_for
from letheia.study.forecast import any_split
from letheia.study.run import Outcome, run_study
from letheia.study.study import Study
from letheia.types import People, Prompt
from letheia.world.make import draw_unknown, make_people, portraits_of
from letheia.world.people import make_world


def world_model(name: str) -> Model:
    """A model of the world, its weights compared with the record."""
    return load_model(checkpoint(name), name=name)


def world_weights(*models: str) -> list[Path]:
    """The same for a study on the world, with its CLIP's."""
    return [*weight_files(*models), *checkpoint("clip").glob("*.safetensors")]


def world_study(config: StudyConfig, folder: Path, bars: Bars, *, planned: bool = False) -> Study:
    """A study on the world; its people folder is made beside the results if need be."""
    world = make_world()
    with bars.bar("drawing portraits", portraits_of(world)) as advance:
        people = make_people(world, folder / "people", progress=lambda n: advance(n, ""))
    model = resolve_model(config.model, config.load, planned=planned)
    return build(config, people, model, scorer_for(people, config.clip), folder=folder, bars=bars)


def world_scorer(people: People) -> Scorer:
    """A scorer with the world's CLIP."""
    return scorer_for(people, "world")


def run_demo(values: Mapping[str, Any], folder: Path, *, bars: Bars, command: str = "letheia demo") -> Outcome:
    """The paper's main experiment on the world, with its report.

    Args:
        values: Fields of the configuration that differ from the default.
        folder: Where everything is kept.
        bars: Where progress is shown.
        command: The command line, for the provenance.

    Raises:
        ConfigError: A field has an impossible value.
        CheckpointError: The folder belongs to another run, or weights are damaged.
    """
    config = demo_config(values)
    with holding(folder):
        store.claim(folder, config.key)
        study = world_study(config, folder, bars)
        outcome = run_study(study)
        deliver(study, outcome, command=command, weights=world_weights(config.model))
    return outcome


def run_world_grid(cells: Sequence[Cell], root: Path, *, on: Machines = HERE, bars: Bars) -> None:
    """Do every cell that is not done yet.

    Args:
        cells: What there is to do.
        root: Where everything is kept: the people folder, and a folder for each cell.
        on: Which machines compute the cells; this process if left out.
        bars: Where progress is shown.

    Raises:
        ConfigError: There is no such executor.
        CheckpointError: A folder belongs to another run.
    """

    def memory(gpu: bool) -> int:
        sketches = (world_study(c, root, Silent(), planned=True) for c in largest(cells))
        return max(machine_bytes(s, any_split(s), gpu=gpu) for s in sketches)

    on = placed(on, cells[0].config.load, memory)
    with holding(root):
        make_people(make_world(), root / "people")
        compute(cells, root, run_world_cell, on=on, bars=bars)


def run_world_cell(cell: Cell, root: Path) -> None:
    """One cell: all methods on one draw of people. A process loads each model once, and asks the original once."""
    c = cell.config
    engine, people, scorer = _opened(c.model, c.load, c.clip, root)  # pyright: ignore[reportArgumentType]
    study = build(cell.config, people, engine.model, scorer, folder=root / cell.name, bars=Silent())
    run_study(replace(study, engine=engine))


def observe_world(config: StudyConfig, root: Path) -> dict[str, Any]:
    """Appendix A on a model of the world: known people, and as many whom it has never seen, on one picture each.

    Args:
        config: The settings of a cell: which model, and what it is asked.
        root: Folder of the grid; the unknown people's pictures are drawn into it.
    """
    people = make_people(make_world(), root / "people")
    model = resolve_model(config.model, config.load)
    unknown = draw_unknown(make_world(), root / "unknown")
    entities = (*people.pictured, *unknown)
    portraits = [e.pictures("seen")[0] for e in entities]
    question = config.prompts.question
    answers = engine_for(model).answer([Prompt(question, p) for p in portraits], max_new_tokens=config.max_new_tokens)
    given = as_generations(answers, portraits, question, method="original", model=config.model)
    return observe(given, {e.id: e for e in entities})


@cache
def _opened(name: str, load: LoadConfig, clip: str | None, root: Path) -> tuple[RememberingEngine, People, Scorer]:
    people = make_people(make_world(), root / "people")
    model = resolve_model(name, load)
    return RememberingEngine(model, engine_for(model)), people, scorer_for(people, clip)


def search_rates(
    values: Mapping[str, Any],
    folder: Path,
    *,
    draws: int,
    rates: Sequence[float] = GRID,
    every: bool = False,
    bars: Bars,
) -> list[Trial]:
    """Search learning rates on the known people that no study uses, with so many draws of them."""
    known = tuple(p.id for p in make_world().known[STUDY_PEOPLE:])
    settings = merged({"clip": "world", "people": 20, "bystanders": 0}, values, {"candidates": known})
    first = StudyConfig.create(settings)
    by_labels(first)
    own = of_world(first.model, first.clip)
    agree(values, own)
    model, values = first.model, merged(own, settings)
    first = StudyConfig.create(values)
    with holding(folder / model):
        store.claim(folder / model, first.key)
        study = world_study(first, folder / model, bars)
        studies = [
            replace(study, config=StudyConfig.create({**values, "seed": seed}), folder=folder / model / f"draw-{seed}")
            for seed in range(draws)
        ]
        return search(studies, folder / model / "rates.json", rates=rates, every=every)
