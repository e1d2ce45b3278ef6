"""The paper's studies on the models that it used: its settings on a user's people folder."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from letheia.clients.chat import Call, Endpoint, cost_estimate
from letheia.clients.judges import open_judge
from letheia.data.folder import read_people
from letheia.data.responses import expert_calls
from letheia.errors import CheckpointError, pick
from letheia.files import holding
from letheia.grid.executors import EXECUTORS
from letheia.grid.grid import Cell
from letheia.methods.paper import PAPER_MODELS, PaperModel
from letheia.metrics.observation import observe
from letheia.models.loading import plan_model
from letheia.models.model import Model
from letheia.models.shapes import write_shapes
from letheia.models.shipped import resolve_model, weight_files
from letheia.presets.plans import DRAWN
from letheia.progress import Bars, Silent
from letheia.report.deliver import deliver
from letheia.study import store
from letheia.study.budget import within_memory
from letheia.study.build import build, scorer_for
from letheia.study.forecast import Entry, any_split, forecast, judge_calls, split_of
from letheia.study.run import run_study
from letheia.types import Entity, People, Portrait

RECORD = "judge.json"
"""What a judge was asked and cost, in each cell's folder."""
SIZES = ((336, 336), (600, 400), (672, 672))  # of stand-in pictures, where a plan has no people folder


def run_paper(
    cells: Sequence[Cell],
    folder: Path,
    root: Path,
    *,
    judge: str,
    executor: str = "local",
    jobs: int,
    bars: Bars,
    anyway: bool = False,
) -> None:
    """Do every cell that is not done yet.

    Args:
        cells: What there is to do.
        folder: The people folder.
        root: Where everything is kept.
        judge: The judge, with its address's password if it has one.
        executor: Where cells are computed.
        jobs: Cells at once.
        bars: Where progress is shown.
        anyway: Start although the plan needs more memory than is free.

    Raises:
        ConfigError: There is no such executor, or too little memory.
        CheckpointError: The model can't be loaded, or a folder belongs to another run.
    """
    compute = pick("executor", executor, EXECUTORS)
    do = partial(_run_cell, people=folder, judge=judge, anyway=anyway)
    with holding(root):
        if not all(cell.is_done(root) for cell in cells):  # tried once, before any model is loaded
            with open_judge(judge, root / "chat.sqlite", root / RECORD, prompts=cells[0].config.prompts):
                pass
        compute(cells, root, do, jobs=jobs, bars=bars)


def _run_cell(cell: Cell, root: Path, *, people: Path, judge: str, anyway: bool) -> None:
    folder = root / cell.name
    record = folder / RECORD
    with open_judge(judge, root / "chat.sqlite", record, prompts=cell.config.prompts, trial=False) as chosen:
        everybody = read_people(people)
        scorer = scorer_for(everybody, cell.config.clip, chosen)
        shapes = resolve_model(cell.config.model, cell.config.load, planned=True)
        sketch = build(cell.config, everybody, shapes, scorer, folder=folder, bars=Silent())
        cell = replace(cell, config=within_memory(sketch, any_split(sketch), anyway=anyway))
        model = resolve_model(cell.config.model, cell.config.load)
        study = build(cell.config, everybody, model, scorer, folder=folder, bars=Silent())
        command, weights = f"letheia run, cell {cell.name}", weight_files(cell.config.model)
        deliver(study, run_study(study), command=command, weights=weights, with_pictures=False)


def paper_calls(cells: Sequence[Cell], people: People) -> list[Call]:
    """What an LVLM judge will be asked in all cells."""
    return [
        call
        for c in cells
        for call in judge_calls(c.config, people, split_of(c.config, people), times=1 + len(c.config.methods))
    ]


def observe_paper(cells: Sequence[Cell], folder: Path, root: Path) -> dict[str, Any]:
    """Appendix A by the name of the base model, from what the original answered when recognition was probed."""
    people = {e.id: e for e in read_people(folder, check_pictures=False).entities}
    return {
        Path(cell.config.model).name: observe(store.read_answers(root / cell.name / "probe.jsonl"), people)
        for cell in reversed(cells)
    }


def forecast_paper(name: str, cells: Sequence[Cell], people: People | None) -> Iterator[list[Entry]]:
    """What each cell would do, one after the other, without weights.

    Args:
        name: Name of the preset.
        cells: The cells.
        people: The people folder; stand-ins of three sizes of pictures where there is none yet.
    """
    preset = PAPER_MODELS[name]
    for name in dict.fromkeys(cell.config.model for cell in cells):
        of_model = [cell for cell in cells if cell.config.model == name]
        with _planned(preset, of_model[0]) as (model, note), _stand_ins() as others:
            everybody = people or others
            yield [Entry("model", note), *([] if people else _preparation(preset, others))]
            for cell in of_model:
                study = build(cell.config, everybody, model, scorer_for(everybody, None), folder=Path(), bars=Silent())
                yield [Entry("", ""), Entry("cell", cell.name), *forecast(study, any_split(study))]


@contextmanager
def _planned(preset: PaperModel, cell: Cell) -> Iterator[tuple[Model, str]]:
    """The cell's model without weights: from its own configuration, or from Letheia's record of its shapes."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield plan_model(cell.config.model, load=cell.config.load), cell.config.model
            return
        except CheckpointError:
            if cell.config.model != preset.model:
                raise
        write_shapes(Path(folder), preset.text_model)
        load = cell.config.load.model_copy(update={"dtype": cell.config.load.dtype or "bfloat16"})
        yield plan_model(folder, load=load), f"{preset.model}: can't be reached; planned from its known shapes"


@contextmanager
def _stand_ins() -> Iterator[People]:
    """As many people as the paper draws, with grey pictures and texts of usual length."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{width}x{height}.png" for width, height in SIZES]
        for file, size in zip(files, SIZES, strict=True):
            Image.new("RGB", size, "grey").save(file)
        entities: list[Entity] = []
        for i in range(DRAWN):
            name = f"Person {i}"
            roles = ("seen", "unseen", "unseen", "unseen")
            portraits = tuple(
                Portrait(id=f"{i}-{k}", file=files[(i + k) % len(files)], entity=str(i), role=role)
                for k, role in enumerate(roles)
            )
            text = f"{name} is a person with a text of some length. " * 8
            entities.append(Entity(id=str(i), name=name, summary=text, responses=(text,) * 5, portraits=portraits))
        yield People(folder=Path(folder), entities=tuple(entities))


def _preparation(preset: PaperModel, others: People) -> list[Entry]:
    bare = [replace(e, responses=()) for e in others.entities]
    cost = cost_estimate(expert_calls(bare, count=5), Endpoint.parse(preset.judge))
    return [
        Entry("people", "none given, so stand-ins are planned with; make a folder first:"),
        Entry("", f"letheia people import PEOPLE --dataset {preset.dataset}"),
        Entry("", "letheia people summaries PEOPLE --contact you@example.org"),
        Entry("", f"letheia probe --model {preset.model} --people PEOPLE --output runs/probe"),
        Entry("", f"letheia people responses PEOPLE   # for {DRAWN} people: {cost}"),
    ]
