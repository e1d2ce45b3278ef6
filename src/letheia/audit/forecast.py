"""What an audit would ask, before it asks: answers by check, and roughly how long they take. Needs no weights."""

from collections.abc import Iterator, Sequence

import torch

from letheia.attacks.base import Sources
from letheia.attacks.table import ATTACKS
from letheia.audit.base import Audited, Check
from letheia.audit.subjects import Size, subjects
from letheia.errors import LetheiaError
from letheia.models.loading import device_of
from letheia.study.study import Study
from letheia.types import Split

READ = 150
"""Tokens that an answer takes beside its own: question, and its share of the picture."""
SPEED = 5e10
"""Operations a second of a CPU's thread, measured with a built-in model: 37 answers, each 246 tokens at most."""


def forecast(study: Study, split: Split, checks: Sequence[Check], *, models: int, size: Size) -> Iterator[str]:
    """Line by line what there is to do.

    Args:
        study: The study; its model has no weights (`loading.plan_model`).
        split: Who is forgotten and who retained.
        checks: What is examined.
        models: How many models are examined.
        size: How much is asked.
    """
    asked = subjects(study, split, size, planned=True)
    audited = Audited(name="", study=study, split=split, subjects=asked)
    counts = {group: sum(s.group == group for s in asked) for group in ("forget", "retain", "bystander", "stranger")}
    told = "{forget} to forget, {retain} retained, up to {bystander} bystanders, {stranger} nobody knows"
    yield f"{'people':<18}{told.format(**counts)}"
    total = 0
    for check in checks:
        count = _count(check, audited)
        total += count if isinstance(count, int) else 0
        yield f"{check.name:<18}{f'{count} answers' if isinstance(count, int) else count}"
    yield f"{'answers':<18}{total * models:,}: {total} by each of {models} models"
    yield f"{'time':<18}{_minutes(study, total * models)}"


def _count(check: Check, audited: Audited) -> int | str:
    """How many answers a check takes of each model; a text where it does other things."""
    attack, study = ATTACKS.get(check.name), audited.study
    if attack is None:
        return check.costs or "no answers"
    if "vision" in attack.needs and not study.model.family.vision:
        return "does not fit: the model has no vision"
    sources = Sources(people=study.people, prompts=study.config.prompts, seed=study.config.seed)
    try:
        return len(attack.asks(audited.subjects, sources))
    except LetheiaError as error:
        return f"does not fit: {error}"


def _minutes(study: Study, answers: int) -> str:
    """How long so many answers take on a CPU, by the model's size; how fast a GPU is has not been measured."""
    if device_of(study.config.load, planned=True).type != "cpu":
        return "depends on the GPU"
    parameters = sum(p.numel() for p in study.model.language_model.parameters())
    operations = 2 * parameters * (READ + study.config.max_new_tokens) * answers
    minutes = operations / (SPEED * torch.get_num_threads()) / 60
    return f"roughly {max(1, round(minutes)):,} min of asking, if nothing else keeps the machine busy"
