"""Scores of a model as it is and with any adapters, also such as were made elsewhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from letheia.files import fingerprint
from letheia.models.adapter_files import adapter_weights
from letheia.models.weight_files import content_key
from letheia.study import store
from letheia.study.blocks import Block, answer_block, blocks, scored, together
from letheia.study.plan import Query, queries
from letheia.study.run import claim, conclude, find_bystanders
from letheia.study.study import Outcome, Study
from letheia.types import ORIGINAL, Split

RESERVED = (ORIGINAL, "gold", "features", "pictures")
"""Names of an evaluation's or an audit's other folders."""


def evaluate(study: Study, split: Split, adapters: Mapping[str, Path], *, served: Sequence[str] = ()) -> Outcome:
    """Ask and score the original and each adapter; answers and scores that are there already are taken up.

    Args:
        study: The study; its settings say what is asked.
        split: Who should be forgotten, and who retained.
        adapters: Folder by name.
        served: Names of whole models that a server has, where one answers.

    Raises:
        CheckpointError: The folder belongs to another evaluation, or an adapter does not fit.
    """
    begin_evaluation(study, split)
    asked = all_asked(study, split)
    files: dict[str, Path] = {}
    for name, parts in answer_blocks(adapters, len(asked), served).items():
        for block in parts:
            if not block.is_done(study.folder):
                answer_block(study, block, asked, adapters.get(name))
        files[name] = together(parts, study.folder)
    answers = {name: store.read_answers(file) for name, file in files.items()}
    return conclude(
        study,
        split,
        answers,
        keep=False,
        score=lambda scoring, name: scored(study.config, study.folder, lambda: scoring, files, name),
    )


def begin_evaluation(study: Study, split: Split) -> None:
    """Claim the folder.

    Raises:
        CheckpointError: It belongs to another evaluation.
    """
    people = [[e.id for e in group] for group in (split.forget, split.retain)]
    claim(study, fingerprint([study.config.key, people, *study.elsewhere]))
    asked_for = study.config.model_copy(update={"forget": tuple(e.id for e in split.forget)})
    asked_for.write(study.folder / "config.yaml")


def all_asked(study: Study, split: Split) -> list[Query]:
    """Everything that each model is asked; who is a bystander, the original's answers tell, which are kept."""
    return queries(study.config, split, study.people, find_bystanders(study, split))


def answer_blocks(adapters: Mapping[str, Path], asked: int, served: Sequence[str] = ()) -> dict[str, list[Block]]:
    """The blocks of answers by model, the original first.

    Args:
        adapters: Folder by name.
        asked: How many answers each model gives.
        served: Names of whole models that a server has.

    Raises:
        CheckpointError: A folder has no adapter.
    """
    hashes = {name: content_key(adapter_weights(folder).parent)[:12] for name, folder in adapters.items()}
    return {name: blocks("answers", name, hashes.get(name, "none"), asked) for name in (ORIGINAL, *adapters, *served)}


def adapter_names(folders: list[Path]) -> dict[str, Path]:
    """A short name for each adapter: its folder's, or the folder's above where that is just 'adapter'.

    >>> adapter_names([Path("runs/demo/pubg/adapter"), Path("mine"), Path("other/mine")])
    {'pubg': PosixPath('runs/demo/pubg/adapter'), 'mine': PosixPath('mine'), 'mine-2': PosixPath('other/mine')}
    """
    named: dict[str, Path] = {}
    for folder in folders:
        own = folder.resolve().parent.name if folder.name == "adapter" else folder.resolve().name
        name, number = own, 2
        while name in named or name in RESERVED:
            name, number = f"{own}-{number}", number + 1
        named[name] = folder
    return named
