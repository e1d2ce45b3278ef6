"""The paper's studies on the models that it used: its settings on a user's people folder."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from letheia.clients.chat import Call, Endpoint, cost_estimate
from letheia.clients.judges import open_judge
from letheia.config import LoadConfig, StudyConfig
from letheia.data.folder import read_people
from letheia.data.responses import expert_calls
from letheia.engines.remembered import RememberingEngine
from letheia.engines.table import engine_for
from letheia.files import holding
from letheia.grid.executors import compute
from letheia.grid.grid import Cell, largest
from letheia.grid.work import HERE, Machines, placed
from letheia.methods.paper import PAPER_MODELS, PaperModel
from letheia.metrics.observation import observe
from letheia.metrics.scorer import Scorer
from letheia.models.loading import plan_model
from letheia.models.shipped import resolve_model, weight_files
from letheia.presets.plans import DRAWN
from letheia.progress import Bars, Silent
from letheia.report.deliver import deliver
from letheia.study import store
from letheia.study.budget import machine_bytes, within_memory
from letheia.study.build import build, scorer_for
from letheia.study.forecast import Entry, any_split, forecast, judge_calls, split_of
from letheia.study.run import run_study
from letheia.types import Entity, People, Portrait

SIZES = ((336, 336), (600, 400), (672, 672))  # of stand-in pictures, where a plan has no people folder


def run_paper(
    cells: Sequence[Cell],
    folder: Path,
    root: Path,
    *,
    judge: str,
    on: Machines = HERE,
    bars: Bars,
    anyway: bool = False,
) -> None:
    """Do every cell that is not done yet.

    Args:
        cells: What there is to do.
        folder: The people folder.
        root: Where everything is kept.
        judge: The judge, with its address's password if it has one.
        on: Which machines compute the cells; this process if left out.
        bars: Where progress is shown.
        anyway: Start although the plan needs more memory than is free.

    Raises:
        ConfigError: There is no such executor, or too little memory.
        CheckpointError: The model can't be loaded, or a folder belongs to another run.
    """

    def memory(gpu: bool) -> int:
        everybody = read_people(folder, check_pictures=False)
        return max(_machine_bytes(c, everybody, gpu=gpu) for c in largest(cells))

    on = placed(on, cells[0].config.load, memory)
    do = partial(_run_cell, people=folder, judge=judge, anyway=anyway)
    with holding(root):
        compute(cells, root, do, on=on, bars=bars)


def _machine_bytes(config: StudyConfig, people: People, *, gpu: bool) -> int:
    shapes = resolve_model(config.model, config.load, planned=True)
    sketch = build(config, people, shapes, scorer_for(people, None), folder=Path(), bars=Silent())
    return machine_bytes(sketch, any_split(sketch), gpu=gpu)


def _run_cell(cell: Cell, root: Path, *, people: Path, judge: str, anyway: bool) -> None:
    folder = root / cell.name
    opened = _open(cell.config, people, anyway=anyway)
    train = cell.config.train.model_copy(update={"recompute": cell.config.train.recompute or opened.recompute})
    config = cell.config.model_copy(update={"train": train})
    with open_judge(judge, root / "chat.sqlite", folder / "judge.json", prompts=config.prompts) as chosen:
        scorer = opened.scorer.judged_by(chosen)
        study = build(config, opened.people, opened.engine.model, scorer, folder=folder, bars=Silent())
        study = replace(study, engine=opened.engine)
        command, weights = f"letheia run, cell {cell.name}", weight_files(config.model)
        deliver(study, run_study(study), command=command, weights=weights, with_pictures=False)


@dataclass(frozen=True)
class _Opened:
    """What a process opens once for all of its cells on a model.

    Attributes:
        people: The people folder.
        scorer: Fitted on it, with its CLIP; each cell has a judge of its own.
        engine: Answers with the model; what the original said is asked once.
        recompute: Whether memory asks for layers to be computed twice.
    """

    people: People
    scorer: Scorer
    engine: RememberingEngine
    recompute: bool


_opened: dict[tuple[str, LoadConfig, str | None, Path], _Opened] = {}
"""The last model: two of 7B would not fit beside each other."""


def _open(config: StudyConfig, people: Path, *, anyway: bool) -> _Opened:
    """Open what is not open yet; memory is planned with before the weights take theirs.

    Raises:
        ConfigError: There is too little memory.
        CheckpointError: The model can't be loaded.
    """
    key = (config.model, config.load, config.clip, people)
    if key not in _opened:
        _opened.clear()
        everybody = read_people(people)
        scorer = scorer_for(everybody, config.clip)
        shapes = resolve_model(config.model, config.load, planned=True)
        sketch = build(config, everybody, shapes, scorer, folder=Path(), bars=Silent())
        fitting = within_memory(sketch, any_split(sketch), anyway=anyway)
        model = resolve_model(config.model, config.load)
        _opened[key] = _Opened(everybody, scorer, RememberingEngine(model, engine_for(model)), fitting.train.recompute)
    return _opened[key]


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


def forecast_paper(
    name: str, cells: Sequence[Cell], people: People | None, *, memory: int | None = None
) -> Iterator[list[Entry]]:
    """What each cell would do, one after the other, without weights.

    Args:
        name: Name of the preset.
        cells: The cells.
        people: The people folder; stand-ins of three sizes of pictures where there is none yet.
        memory: Bytes of the device; what this machine's has if left out.
    """
    preset = PAPER_MODELS[name]
    for name in dict.fromkeys(cell.config.model for cell in cells):
        of_model = [cell for cell in cells if cell.config.model == name]
        model = plan_model(name, load=of_model[0].config.load)
        note, model.note = model.note or name, ""  # said once, not for each cell
        with _stand_ins() as others:
            everybody = people or others
            yield [Entry("model", note), *([] if people else _preparation(preset, others))]
            for cell in of_model:
                study = build(cell.config, everybody, model, scorer_for(everybody, None), folder=Path(), bars=Silent())
                yield [Entry("", ""), Entry("cell", cell.name), *forecast(study, any_split(study), memory=memory)]


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
