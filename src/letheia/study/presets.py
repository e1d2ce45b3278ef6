"""Ready-made studies on the built-in world: the only stage that knows it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig, StudyConfig
from letheia.errors import ConfigError, unknown
from letheia.files import holding
from letheia.methods.variants import with_variants
from letheia.metrics.table import Judge, Scorer, exact_judge
from letheia.models.clip import clip_cosines, load_clip
from letheia.models.generation import Prompt, as_generations, generate
from letheia.models.loading import load_model, plan_model
from letheia.models.model import Model
from letheia.models.weight_files import content_key
from letheia.progress import Bars, Silent
from letheia.prompts import read_prompt
from letheia.study import store
from letheia.study.deliver import deliver
from letheia.study.grid import Cell, GridConfig, plan_grid, run_cells
from letheia.study.observation import observe
from letheia.study.run import Outcome, Study, run_study
from letheia.study.search import GRID, Trial, search
from letheia.types import People
from letheia.world.make import PICTURES, STRANGERS, draw_unknown, make_people
from letheia.world.people import make_world
from letheia.world.weights import MODELS, checkpoint

STUDY_PEOPLE = 40
"""The first known people are the study's; the others serve the search for learning rates."""

RATES: dict[str, dict[str, float]] = {
    "mistral": with_variants(
        {"ga": 2e-3, "npo": 5e-3, "random": 5e-4, "reject": 5e-3, "bg": 5e-4, "pubg": 5e-4, "bounded": 2e-3}
    ),
    "llama": with_variants(
        {"ga": 2e-3, "npo": 5e-3, "random": 5e-4, "reject": 2e-3, "bg": 5e-4, "pubg": 5e-4, "bounded": 2e-3}
    ),
}
"""Learning rates for the built-in models, found by `letheia rates`; LOG.md has the search."""


def world_model(name: str) -> Model:
    """A model of the world, its weights compared with the record."""
    return load_model(checkpoint(name), name=name)


def resolve_model(name: str, load: LoadConfig | None = None, *, planned: bool = False) -> Model:
    """A model of the world by name, or any checkpoint by folder or Hub id.

    Args:
        name: Which.
        load: How it is loaded.
        planned: Leave the weights out (`loading.plan_model`).
    """
    source = source_of(name)
    if planned:
        return plan_model(source, load=load)
    return load_model(source, name=name if name in MODELS else None, load=load)


def source_of(name: str) -> str | Path:
    """Where a model lies: the world's by name, else the folder or Hub id itself."""
    return checkpoint(name) if name in MODELS else name


def weight_files(*models: str) -> list[Path]:
    """The weight files of models of the world and of folders; a checkpoint of the Hub has its commit instead."""
    return [file for name in models for file in sorted(Path(source_of(name)).glob("*.safetensors"))]


def weights_key(name: str, model: Model) -> str:
    """Fingerprint of a model's files; a checkpoint of the Hub has its commit instead."""
    folder = Path(source_of(name))
    return content_key(folder) if folder.is_dir() else str(model.network.config._commit_hash)


def world_weights(*models: str) -> list[Path]:
    """The same for a study on the world, with its CLIP's."""
    return [*weight_files(*models), *checkpoint("clip").glob("*.safetensors")]


def demo_config(values: dict[str, Any]) -> StudyConfig:
    """The settings of the paper's main experiment on the world.

    Args:
        values: Fields that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    return StudyConfig.create({"candidates": known, **values})


def world_study(config: StudyConfig, folder: Path, bars: Bars, *, planned: bool = False) -> Study:
    """A study on the world; its people folder is made beside the results if need be."""
    world = make_world()
    with bars.bar("drawing portraits", len(world.known) * 2 * PICTURES + STRANGERS) as advance:
        people = make_people(world, folder / "people", progress=lambda n: advance(n, ""))
    return Study(
        config=config,
        people=people,
        model=resolve_model(config.model, planned=planned),
        scorer=world_scorer(people),
        rates=RATES[config.model],
        folder=folder,
        bars=bars,
    )


def world_people(folder: Path) -> People:
    """The world's people, drawn into a folder."""
    return make_people(make_world(), folder)


def world_scorer(people: People) -> Scorer:
    """A scorer with the world's CLIP."""
    return scorer_for(people, "world")


def run_demo(values: dict[str, Any], folder: Path, *, bars: Bars, command: str = "letheia demo") -> Outcome:
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


def plan_world_grid(values: dict[str, Any]) -> list[Cell]:
    """The paper's whole study on the world, cell by cell.

    Args:
        values: Fields of `GridConfig` that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    for name in values.get("models", ()):
        if name not in MODELS:
            raise unknown("model", name, MODELS)
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    return plan_grid(GridConfig.create(values), {"candidates": known}, RATES)


def run_world_grid(cells: Sequence[Cell], root: Path, *, jobs: int, bars: Bars) -> None:
    """Do every cell that is not done yet.

    Args:
        cells: What there is to do.
        root: Where everything is kept: the people folder, and a folder for each cell.
        jobs: Processes.
        bars: Where progress is shown.

    Raises:
        CheckpointError: A folder belongs to another run.
    """
    with holding(root):
        make_people(make_world(), root / "people")
        run_cells(cells, root, run_world_cell, jobs=jobs, bars=bars)


def run_world_cell(cell: Cell, root: Path) -> None:
    """One cell: all methods on one draw of people. A process loads each model once."""
    model, people, scorer = _opened(cell.config.model, root)
    study = Study(
        config=cell.config,
        people=people,
        model=model,
        scorer=scorer,
        rates=RATES[cell.config.model],
        folder=root / cell.name,
        bars=Silent(),
    )
    run_study(study)


def observe_world(name: str, root: Path) -> dict[str, Any]:
    """Appendix A on a model of the world: known people, and as many whom it has never seen, on one picture each.

    Args:
        name: The model.
        root: Folder of the grid; the unknown people's pictures are drawn into it.
    """
    model, people, _ = _opened(name, root)
    unknown = draw_unknown(make_world(), root / "unknown")
    entities = (*people.pictured, *unknown)
    portraits = [e.pictures("seen")[0] for e in entities]
    question = read_prompt("question")
    answers = generate(model, [Prompt(question, p) for p in portraits])
    given = as_generations(answers, portraits, question, method="original", model=name)
    return observe(given, {e.id: e for e in entities})


@cache
def _opened(name: str, root: Path) -> tuple[Model, People, Scorer]:
    people = make_people(make_world(), root / "people")
    return world_model(name), people, world_scorer(people)


def search_rates(
    model: str,
    methods: Sequence[str],
    folder: Path,
    *,
    seeds: int,
    steps: int = 30,
    rates: Sequence[float] = GRID,
    every: bool = False,
    bars: Bars,
) -> list[Trial]:
    """Search learning rates on the known people that no study uses, with `seeds` draws of them."""
    known = tuple(p.id for p in make_world().known[STUDY_PEOPLE:])
    values = {"model": model, "methods": methods, "candidates": known, "people": 20, "unseen": 3, "steps": steps}
    first = StudyConfig.create(values)
    with holding(folder / model):
        store.claim(folder / model, first.key)
        study = world_study(first, folder / model, bars)
        studies = [
            replace(study, config=StudyConfig.create({**values, "seed": seed}), folder=folder / model / f"draw-{seed}")
            for seed in range(seeds)
        ]
        return search(studies, folder / model / "rates.json", rates=rates, every=every)


def scorer_for(people: People, clip: str | None, judge: Judge = exact_judge) -> Scorer:
    """A scorer with a judge and a CLIP: `world`, a folder or Hub id, or none."""
    if clip is None:
        return Scorer(people, judge=judge)
    if people.asked_by == "question":
        raise ConfigError(
            "--clip: CLIPScore compares answers with pictures, and the model has no vision. Leave it out."
        )
    loaded = load_clip(checkpoint("clip") if clip == "world" else clip)
    return Scorer(people, cosines=partial(clip_cosines, loaded), judge=judge)
