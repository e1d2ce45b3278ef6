"""What a server serves: any model with adapters and gold, and whose people its playground shows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from letheia.config import StudyConfig
from letheia.data.wordings import people_for
from letheia.errors import DataError
from letheia.files import make_folder
from letheia.methods.rates import WORLD_RATES
from letheia.models.shipped import GOLD, resolve_model, weights_folder
from letheia.presets.audit import gold_at
from letheia.presets.world import world_model
from letheia.progress import Bars
from letheia.serve.play import Playground
from letheia.serve.served import Served
from letheia.study.evaluate import adapter_names
from letheia.study.store import read_split
from letheia.types import People, Split
from letheia.world.make import make_people, portraits_of
from letheia.world.people import make_world

QUESTIONS = "questions.jsonl"


@contextmanager
def open_playground(
    config: StudyConfig,
    folder: Path,
    *,
    people: Path | None,
    adapters: Sequence[Path],
    gold: Path | None,
    bars: Bars,
) -> Iterator[Playground]:
    """The models loaded and the people read; pictures that were sent are deleted at the end of the block.

    Args:
        config: Which model, how it is loaded, and the prompts.
        folder: Where questions for an audit are kept, and the built-in world's pictures.
        people: A people folder; the world's people for a built-in model, nobody for another, if left out.
        adapters: Folders of adapters.
        gold: A checkpoint, or what `letheia gold` made; for the first built-in model and the world the package's own.
        bars: Where progress is shown.

    Raises:
        CheckpointError: A model or an adapter can't be loaded, or the folder holds something else.
        DataError: The people folder has an error.
    """
    make_folder(folder)
    everybody = _people(config, folder, people, bars)
    model = resolve_model(config.model, config.load)
    control = gold_at(gold, config.load, Split(forget=(), retain=()))
    if control:
        untaught = control.load()
    else:
        shipped = people is None and config.model == "mistral" and (weights_folder() / GOLD).exists()
        untaught = world_model(GOLD) if shipped else None
    with Served(model, adapter_names(list(adapters)), gold=untaught) as served:
        yield Playground(
            served, everybody, config.prompts, folder / QUESTIONS, forgotten=_forgotten(adapters, everybody)
        )


def _forgotten(adapters: Sequence[Path], people: People) -> tuple[str, ...]:
    """Whom adapters are to make forgotten, by the split of the run that each lies in; nobody where there is none."""
    found: dict[str, None] = {}
    for folder in adapters:
        file = folder.resolve().parent.parent / "split.json"
        with suppress(DataError):  # of a run on other people
            found |= dict.fromkeys(e.id for e in read_split(file, people).forget) if file.exists() else {}
    return tuple(found)


def _people(config: StudyConfig, folder: Path, people: Path | None, bars: Bars) -> People:
    if people:
        return people_for(people, config)
    if config.model not in WORLD_RATES:
        return People(folder=folder, entities=())
    world = make_world()
    with bars.bar("drawing portraits", portraits_of(world)) as advance:
        return make_people(world, folder / "people", progress=lambda n: advance(n, ""))
