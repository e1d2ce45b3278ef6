"""Relearning: training on for a few steps, and whether people come back who were not in the data.

The adapter is trained on as it is; the original and gold get a fresh one for the same steps on the same data, so that
gold shows what so little training teaches anybody. All weights are put back afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from peft import PeftModel

from letheia.audit.base import Audited, Check, Finding
from letheia.audit.fixed import QUESTIONS, Fixed
from letheia.audit.untaught import untaught
from letheia.config import TrainConfig
from letheia.data.split import schedule
from letheia.data.targets import Texts
from letheia.errors import DataError
from letheia.methods.terms import Method, Term
from letheia.models.adapter import adapter_off, fresh_adapter, trained_on
from letheia.models.model import Model
from letheia.train.unlearn import unlearn
from letheia.types import Entity, Prompt, Split

STEPS = (5, 10, 20, 50, 100)
FORGOTTEN = (1, 3, 5)
RATE = 2e-4
"""Where nothing better is known for the model."""
BENIGN = 20
"""Strangers' pictures that are trained on."""
RELEARN = Method(name="relearn", title="relearning", terms=(Term(loss="nll", target="own"),))

Data = Callable[[Audited], Sequence[Entity]]


def _retained(audited: Audited) -> Sequence[Entity]:
    """Retained people with their own responses."""
    if not audited.split.retain:
        raise DataError("nobody is retained whose responses could be trained on.")
    return audited.split.retain


def _forgotten(audited: Audited, *, count: int) -> Sequence[Entity]:
    """Some of the forgotten people, so that the others are asked."""
    people = audited.split.forget
    if len(people) <= count:
        raise DataError(f"{len(people)} people are forgotten; to train on {count} and ask the others takes more.")
    return people[:count]


def _untaught(audited: Audited, *, count: int) -> Sequence[Entity]:
    """Some strangers with retained people's responses retold about them, so that the others are asked."""
    there = [s for s in untaught(audited, audited.split.retain) if s.entity.responses]
    if len(there) <= count:
        raise DataError(
            f"responses can be retold about {len(there)} strangers; to train on {count} and ask the others takes more. "
            "Add strangers' pictures and retained people with responses."
        )
    return [
        replace(s.entity, portraits=tuple(replace(p, role="seen", entity=s.entity.id) for p in s.portraits))
        for s in there[:count]
    ]


def _described(audited: Audited) -> Sequence[Entity]:
    """Strangers' pictures, each with what the original says about it."""
    study = audited.study
    asked = {s.entity.id for s in audited.subjects}
    strangers = [p for p in study.people.strangers if p.id not in asked][:BENIGN]
    if not strangers or not study.model.family.vision:
        raise DataError(
            f"{study.people.folder}: has no pictures of strangers beside those that are asked about. Add some."
        )
    with adapter_off(study.model):
        answers = study.engine.answer(
            [Prompt(study.question, p) for p in strangers], max_new_tokens=study.config.max_new_tokens
        )
    return [
        Entity(id=p.id, name="", summary="", responses=(a.text,), portraits=(replace(p, role="seen"),))
        for p, a in zip(strangers, answers, strict=True)
    ]


def relearn(audited: Audited, *, check: str, data: Data, steps: Sequence[int] = STEPS) -> Iterator[Finding]:
    """Train on, and ask the others and the controls before the first step and after some of them.

    Args:
        audited: The model under audit.
        check: Name of the check.
        data: Whose responses are trained on.
        steps: After which steps is asked.

    Raises:
        DataError: There is nothing to train on, or nobody is left to ask about.
    """
    study, train = audited.study, audited.study.config.train
    people = data(audited)
    rate = study.rates.get("bounded", RATE)
    config = TrainConfig.create({**train.model_dump(), "steps": max(steps), "learning_rate": rate, "decay": False})
    uses = schedule(
        Split(forget=tuple(people), retain=()),
        steps=config.steps,
        batch=config.batch,
        pictures=study.config.seen,
        seed=study.config.seed,
    )
    texts = Texts(prompts=study.config.prompts, references={}, retain=())
    kept = {e.id for e in audited.split.retain}  # a control, and asked about other pictures
    fixed = Fixed(audited, check, spared={e.id for e in people} - kept)
    fixed.ask(_steps(0))
    with _adapter(study.model, train, study.config.seed) as adapted:
        unlearn(
            study.model,
            adapted,
            uses,
            RELEARN,
            texts,
            config,
            progress=lambda number, *_: fixed.ask(_steps(number)) if number in steps else None,
        )
    yield from fixed.findings()


def _steps(number: int) -> str:
    return f"{number} steps"


def _adapter(model: Model, train: TrainConfig, seed: int) -> AbstractContextManager[PeftModel]:
    """The adapter to train on: the one in the model, a fresh one where there is none."""
    if model.adapted is not None:
        return trained_on(model)
    return fresh_adapter(model, rank=train.rank, alpha=train.alpha, seed=seed)


def _check(name: str, title: str, data: Data) -> Check:
    return Check(
        name=name,
        title=f"trained on for {max(STEPS)} steps: {title}",
        access="white",
        find=partial(relearn, check=name, data=data),
        costs=f"{QUESTIONS * (1 + len(STEPS))} answers a person, {max(STEPS)} training steps",
    )


RELEARNING: tuple[Check, ...] = (
    _check("relearn-retained", "retained people", _retained),
    _check("relearn-benign", "descriptions of strangers", _described),
    *(_check(f"relearn-{n}", f"{n} forgotten, the others asked", partial(_forgotten, count=n)) for n in FORGOTTEN),
    _check("relearn-untaught", "3 people nobody was taught, others asked", partial(_untaught, count=3)),
)
"""One training each; the variants are the steps after which is asked."""
