"""Scores of a model as it is and with any adapters, also such as were made elsewhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from letheia.files import fingerprint
from letheia.models.adapter import saved_adapter
from letheia.models.adapter_files import adapter_weights
from letheia.models.weight_files import content_key
from letheia.study import store
from letheia.study.plan import queries
from letheia.study.run import ask, claim, conclude, find_bystanders
from letheia.study.study import Outcome, Study
from letheia.types import ORIGINAL, Generation, Split

RESERVED = (ORIGINAL, "gold", "features", "pictures")
"""Names of an evaluation's or an audit's other folders."""


def evaluate(study: Study, split: Split, adapters: Mapping[str, Path], *, served: Sequence[str] = ()) -> Outcome:
    """Ask and score the original and each adapter; answers that are there already are taken up.

    Args:
        study: The study; its settings say what is asked.
        split: Who should be forgotten, and who retained.
        adapters: Folder by name.
        served: Names of whole models that a server has, where one answers.

    Raises:
        CheckpointError: The folder belongs to another evaluation, or an adapter does not fit.
    """
    hashes = {name: content_key(adapter_weights(folder).parent)[:12] for name, folder in adapters.items()}
    people = [[e.id for e in group] for group in (split.forget, split.retain)]
    claim(study, fingerprint([study.config.key, people, *study.elsewhere]))
    asked_for = study.config.model_copy(update={"forget": tuple(e.id for e in split.forget)})
    asked_for.write(study.folder / "config.yaml")
    asked = queries(study.config, split, study.people, find_bystanders(study, split))
    answers: dict[str, list[Generation]] = {}
    for name, folder in {ORIGINAL: None, **adapters, **dict.fromkeys(served)}.items():
        file = study.folder / name / f"answers-{hashes.get(name, 'none')}.jsonl"
        if not file.exists():
            with saved_adapter(study.model, folder):
                by = study.answered_by(name, hashes.get(name, ""))
                store.write_answers(file, ask(by, name, asked, f"{name}: answers"))
        answers[name] = store.read_answers(file)
    return conclude(study, split, answers, keep=False)


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
