"""Studies on a user's own people, with any model: a removal request, an evaluation, a probe."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from letheia.engines.openai import folder_name
from letheia.files import holding
from letheia.metrics.recognition import Recognition
from letheia.models.shipped import weight_files
from letheia.report.deliver import deliver
from letheia.study.auto import with_found_rates
from letheia.study.evaluate import adapter_names, evaluate
from letheia.study.knowledge import check, unknown
from letheia.study.run import (
    Outcome,
    claim,
    draw_people,
    known_by,
    original_answers,
    prepare,
    probe,
    run_study,
)
from letheia.study.study import Study
from letheia.types import Split


def run_removal(
    study: Study,
    *,
    command: str,
    with_pictures: bool = False,
    force: bool = False,
    budget: int = 0,
    least: float = 0.8,
) -> Outcome:
    """Do a removal and hand over adapters, report and cards.

    Args:
        study: What `removal_study` made.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.
        force: Train though the model knows nobody of those to forget.
        budget: Trainings a method may take to find its learning rate; 0 to take the rates as they are.
        least: Share of the kept people who must still be kept by a rate that is found.

    Raises:
        CheckpointError: The folder belongs to another run.
        DataError: The model knows nobody of those to forget.
    """
    with holding(study.folder):
        prepared = prepare(study)
        known = known_by(study, original_answers(study, prepared.asked))
        check(prepared.split, known, force=force)
        strange = tuple(unknown(prepared.split, known))
        for line in strange:
            print(line, file=sys.stderr)
        if budget:
            study = with_found_rates(study, budget=budget, least=least)
        outcome = run_study(study)
        outcome = replace(outcome, notes=strange)  # verdicts say who is still known
        weights = weight_files(study.config.model)
        deliver(study, outcome, command=command, weights=weights, with_pictures=with_pictures)
    return outcome


def run_evaluation(
    study: Study,
    split: Split,
    adapters: Sequence[Path],
    *,
    command: str,
    with_pictures: bool = False,
    served: Sequence[str] = (),
) -> Outcome:
    """Score a model as it is and with adapters.

    Args:
        study: What `plain_study` made.
        split: Who should be forgotten and who retained.
        adapters: Folders of adapters.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.
        served: Names of whole models that a server has.

    Raises:
        CheckpointError: An adapter can't be loaded, or the folder belongs to another evaluation.
    """
    with holding(study.folder):
        outcome = evaluate(study, split, adapter_names(list(adapters)), served=[folder_name(n) for n in served])
        weights = weight_files(study.config.model)
        deliver(study, outcome, command=command, weights=weights, with_pictures=with_pictures)
    return outcome


def recognised(study: Study) -> Recognition:
    """Whom a model recognises of the people that a study draws from; answers that are there are taken up.

    Raises:
        CheckpointError: The folder belongs to another run.
    """
    with holding(study.folder):
        claim(study, study.config.key)
        study.config.write(study.folder / "config.yaml")
        return probe(study)


def drawn(study: Study) -> Split:
    """Whom to forget and whom to keep, of those that are recognised.

    Raises:
        DataError: Too few people are recognised.
    """
    with holding(study.folder):
        return draw_people(study)
