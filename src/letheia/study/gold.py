"""A gold model: the base taught the retained people alone, by somebody who never had the others.

What it does with the people to forget is unavoidable, so audits stand beside it. That only holds for a base that was
never taught these people, which is asked for first: with their pictures, and by their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from letheia.errors import CheckpointError, DataError
from letheia.files import holding, read_json, write_json
from letheia.metrics.recognition import evidence
from letheia.study.plan import jobs
from letheia.study.run import do_job, known_by, original_answers, prepare
from letheia.study.study import Study
from letheia.types import ORIGINAL, Entity, Generation, Prompt

METHOD = "gold"
RECORD = "gold.json"


@dataclass(frozen=True, kw_only=True)
class GoldRecord:
    """What a gold model is; `gold.json`.

    Attributes:
        model: The base that the adapter is for.
        weights: Fingerprint of the base's files.
        without: Ids of the people whom neither base nor adapter was taught.
        taught: Ids of the people whom the adapter was taught.
        known: Of these, who is recognised.
    """

    model: str
    weights: str
    without: tuple[str, ...]
    taught: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def told(self) -> str:
        """What there is to know about it, in a line."""
        line = f"gold knows {len(self.known)} of the {len(self.taught)} people whom it was taught"
        if 2 * len(self.known) >= len(self.taught):
            return f"{line}."
        return f"{line}: too few to stand for the original. Train it longer (--steps) or faster (--learning-rate)."


def train_gold(study: Study) -> GoldRecord:
    """Teach the base the retained people; what is done already is taken up.

    Args:
        study: What `removal_study` made, with `gold` as its only method.

    Raises:
        DataError: Nobody is retained, or the base knows somebody of those to forget.
        CheckpointError: The folder belongs to another run.
    """
    with holding(study.folder):
        prepared = prepare(study)
        split = prepared.split
        if not split.retain:
            raise DataError("nobody to teach: a gold model is taught the people who are kept. Add some to the folder.")
        _refuse(study, split.forget, original_answers(study, prepared.asked))
        (job,) = jobs(study.config, study.rates)
        found = known_by(study, do_job(study, job, prepared))
        known = {e.id for e in found.known}
        record = GoldRecord(
            model=study.config.model,
            weights=study.config.weights,
            without=tuple(e.id for e in split.forget),
            taught=tuple(e.id for e in split.retain),
            known=tuple(e.id for e in split.retain if e.id in known),
        )
        write_json(study.folder / RECORD, vars(record))
    return record


def read_gold(folder: Path) -> GoldRecord:
    """The record of a gold model.

    Raises:
        CheckpointError: The folder has none, or it is damaged.
    """
    value: Any = read_json(folder / RECORD)
    try:
        people = {name: tuple(map(str, value[name])) for name in ("without", "taught", "known")}
        return GoldRecord(model=str(value["model"]), weights=str(value["weights"]), **people)
    except (TypeError, KeyError) as error:
        raise CheckpointError(f"{folder / RECORD}: damaged ({error}). Run 'letheia gold' again.") from error


def adapter_of(folder: Path) -> Path:
    """Where a gold model's adapter lies."""
    return folder / METHOD / "adapter"


def _refuse(study: Study, forget: Sequence[Entity], answers: Sequence[Generation]) -> None:
    """Whether the base knows nobody of those to forget; only names and facts count, which chance does not give.

    Raises:
        DataError: It knows somebody.
    """
    by_id = {e.id: e for e in forget}
    for answer in (*answers, *_by_name(study, forget)):
        entity = by_id.get(answer.entity)
        why = evidence(answer, entity, study.scorer.labels, study.scorer.index, None) if entity else ""
        if entity and why:
            raise DataError(
                f"{study.config.model}: knows {entity.name} already (it tells {why}), so this base can't give a gold. "
                "Take one that was never taught the people to forget, or audit without gold."
            )


def _by_name(study: Study, forget: Sequence[Entity]) -> list[Generation]:
    """What the base tells of people when their name is given, without a picture."""
    asked = [(e, Template(text).substitute(name=e.name)) for e in forget for text in study.config.prompts.wordings]
    answers = study.engine.answer([Prompt(text) for _, text in asked], max_new_tokens=study.config.max_new_tokens)
    return [
        Generation(
            model=study.model.name,
            method=ORIGINAL,
            portrait="",
            entity=e.id,
            group="forget",
            role="unseen",
            question=text,
            answer=answer.text,
        )
        for (e, text), answer in zip(asked, answers, strict=True)
    ]
