"""Audits on any model and people folder, of a removal that has just been done, and of the demo's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from letheia.audit.base import Check
from letheia.audit.quotes import hardest
from letheia.audit.results import Audit
from letheia.audit.run import Gold, run_audit
from letheia.audit.subjects import Size
from letheia.audit.verdict import VERDICTS, read_verdicts
from letheia.config import LoadConfig
from letheia.engines.openai import folder_name
from letheia.errors import CheckpointError
from letheia.files import fingerprint
from letheia.metrics.names import find
from letheia.models.adapter import load_adapter
from letheia.models.loading import load_model
from letheia.models.model import Model
from letheia.models.shipped import checkpoint, resolve_model, weights_folder, weights_key
from letheia.models.weight_files import content_key
from letheia.presets.plans import demo_config
from letheia.presets.world import world_model, world_study
from letheia.progress import Bars
from letheia.report.attest import take_over
from letheia.report.audit_page import AuditShown, write_audit_report
from letheia.report.deliver import AUDIT as FOLDER
from letheia.report.deliver import hand_over
from letheia.report.page import OPERATOR, SHARED
from letheia.report.redaction import pseudonyms, redaction
from letheia.study import store
from letheia.study.build import evaluation_split
from letheia.study.evaluate import adapter_names
from letheia.study.gold import RECORD, adapter_of, read_gold
from letheia.study.study import Outcome, Study
from letheia.types import Split
from letheia.world.people import GOLD_WITHOUT

SMALL = Size(pictures=1, others=5)
"""How much a quick audit and the demo's ask."""


def audit_adapters(
    study: Study,
    split: Split,
    adapters: Sequence[Path],
    checks: Sequence[Check],
    *,
    gold: Path | None,
    size: Size,
    served: Sequence[str] = (),
) -> Audit:
    """Audit a model and any adapters for it.

    Args:
        study: What `plain_study` made; its folder is the audit's.
        split: Who is to be forgotten and who retained.
        adapters: Folders of adapters.
        checks: What is examined.
        gold: A checkpoint that was never taught the people to forget.
        size: How much is asked.
        served: Names of whole models that a server has.

    Raises:
        CheckpointError: No adapter fits, the folder belongs to another audit, or there is no gold.
    """
    named = adapter_names(list(adapters))
    names = [folder_name(n) for n in served]
    beside = gold_at(gold, study.config.load, split)
    return _audited(study, split, named, checks, gold=beside, size=size, served=names, key=study.folder)


def _audited(
    study: Study,
    split: Split,
    adapters: Mapping[str, Path],
    checks: Sequence[Check],
    *,
    gold: Gold | None,
    size: Size,
    served: Sequence[str] = (),
    key: Path,
    with_pictures: bool = False,
) -> Audit:
    """The audit, with its pages beside it and its verdicts on the adapters' cards.

    The key of the pseudonyms lies in the folder `key`.
    """
    audit = run_audit(study, split, adapters, checks, gold=gold, size=size, served=served)
    settings = study.config.model_dump(mode="json", include={"model", "load", "seed", "max_new_tokens", "verdict"})
    verdicts = read_verdicts(study.folder / VERDICTS)
    called = pseudonyms(split.forget, store.secret(key))
    write = partial(
        write_audit_report,
        shown=AuditShown(audit=audit, verdicts=verdicts, quotes=hardest(study.folder, audit, verdicts)),
        people=study.people,
        called=called,
        settings=settings,
    )
    write(study.folder / OPERATOR, with_pictures=with_pictures)
    write(study.folder / SHARED, redacted=True)
    clean = redaction(study.people, called, split.forget, audit.models)
    for verdict in verdicts:
        if verdict.method in adapters:  # a model on a server has no card here
            take_over(adapters[verdict.method], clean.verdict(verdict), model=clean.model(study.model.name))
    return audit


def sized(quick: bool) -> Size:
    """How much is asked."""
    return SMALL if quick else Size()


def audit_removal(
    study: Study,
    outcome: Outcome,
    checks: Sequence[Check],
    *,
    gold: Gold | None,
    size: Size,
    with_pictures: bool = False,
) -> Audit:
    """Audit what `run_removal` has just made, in a folder beside it; the run's own pages then have its verdict."""
    own = replace(study, folder=study.folder / FOLDER)
    adapters, split = adapters_of(study.folder, study), outcome.split
    audit = _audited(
        own, split, adapters, checks, gold=gold, size=size, key=study.folder, with_pictures=with_pictures
    )  # fmt: skip
    hand_over(study, outcome, with_pictures=with_pictures)
    return audit


def audit_demo(
    values: Mapping[str, Any],
    outcome: Outcome,
    folder: Path,
    checks: Sequence[Check],
    *,
    gold: Path | None = None,
    bars: Bars,
) -> Audit:
    """Audit what `run_demo` has just made; its own pages then have the audit's verdict.

    Args:
        values: The demo's settings.
        outcome: What the demo found.
        folder: The demo's folder.
        checks: What is examined.
        gold: A gold model; the world's own if left out, where that was not taught just these people.
        bars: Where progress is shown.

    Raises:
        CheckpointError: The folder belongs to another audit, or there is no gold where it is said to be.
    """
    config, split = demo_config(values), outcome.split
    study = world_study(config.model_copy(update={"clip": None}), folder, bars)
    own, adapters = replace(study, folder=folder / FOLDER), adapters_of(folder, study)
    beside = gold_at(gold, study.config.load, split) or _world_gold(study, split)
    audit = _audited(own, split, adapters, checks, gold=beside, size=SMALL, key=folder, with_pictures=True)
    hand_over(replace(study, config=config), outcome, with_pictures=True)
    return audit


def adapters_of(folder: Path, study: Study) -> dict[str, Path]:
    """The adapters that a run's methods left in its folder."""
    return {name: folder / name / "adapter" for name in study.config.methods}


def audit_split(study: Study, forget: Sequence[str], file: Path | None, retain: Sequence[str]) -> Split:
    """Who is to be forgotten and who retained.

    Args:
        study: The study.
        forget: Names of people to forget.
        file: The `split.json` of a run, in place of names.
        retain: Names of people to keep; everybody else if there are none.

    Raises:
        DataError: A name is unknown, or the file does not fit the people folder.
    """
    if file:
        return store.read_split(file, study.people)
    split = evaluation_split(study, forget)
    if not retain:
        return split
    gone = {e.id for e in split.forget}
    kept = {e.id: e for e in (find(study.people, name) for name in retain) if e.id not in gone}
    return replace(split, retain=tuple(kept.values()))


def gold_at(folder: Path | None, load: LoadConfig, split: Split) -> Gold | None:
    """A checkpoint as gold, or what `letheia gold` made.

    Raises:
        CheckpointError: There is none in the folder, or it was taught somebody of those to forget.
    """
    if folder is None:
        return None
    if (folder / RECORD).exists():
        return _taught(folder, load, split)
    if not (folder / "config.json").exists():
        raise CheckpointError(f"{folder}: no checkpoint there (config.json). Leave --gold out to audit without one.")
    return Gold(key=content_key(folder), load=lambda: load_model(folder, name="gold", load=load))


def _taught(folder: Path, load: LoadConfig, split: Split) -> Gold:
    """What `letheia gold` made: its base with its adapter.

    Raises:
        CheckpointError: It was made without other people, or loading finds another base than it was made with.
    """
    record = read_gold(folder)
    if taught := [e.name for e in split.forget if e.id not in record.without]:
        raise CheckpointError(f"{folder}: was not made without {taught[0]}. Run 'letheia gold' with the same --forget.")

    def loaded() -> Model:
        model = resolve_model(record.model, load)
        if weights_key(record.model, model) != record.weights:
            raise CheckpointError(f"{folder}: made with other weights of {record.model}. Run 'letheia gold' again.")
        load_adapter(model, adapter_of(folder))
        return model

    return Gold(key=fingerprint([record.weights, content_key(adapter_of(folder))]), load=loaded)


def _world_gold(study: Study, split: Split) -> Gold | None:
    """The world's gold model; none where it was taught one of these people, or not taught one of the others."""
    there = (weights_folder() / "gold" / "model.safetensors").exists()
    if not there or study.config.model != "mistral" or {e.id for e in split.forget} != set(GOLD_WITHOUT):
        return None
    return Gold(key=content_key(checkpoint("gold")), load=lambda: world_model("gold"))
