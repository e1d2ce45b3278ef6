"""What a finished study hands over: provenance, verdict, both pages, and a card for each adapter."""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from letheia.audit.of_study import of_study
from letheia.audit.quotes import hardest
from letheia.audit.results import read_audit
from letheia.audit.run import adapter_key
from letheia.audit.verdict import VERDICTS, RequestVerdict, read_verdicts, write_verdicts
from letheia.files import read_json, write_json, write_text
from letheia.models.adapter_files import adapter_weights
from letheia.models.weight_files import file_hash
from letheia.report.attest import TEST_RESULT, as_test_result, provenance, write_statement
from letheia.report.audit_page import AuditShown
from letheia.report.card import CARD
from letheia.report.model_card import model_card, settings_of
from letheia.report.page import OPERATOR, SHARED
from letheia.report.redaction import pseudonyms, redaction
from letheia.report.run_page import Run, write_report
from letheia.study import store
from letheia.study.notes import notes
from letheia.study.plan import jobs
from letheia.study.run import Outcome
from letheia.study.study import Study

log = logging.getLogger("letheia")

AUDIT = "audit"
"""The folder of a run's own audit."""
PROVENANCE = "provenance.json"


def deliver(
    study: Study, outcome: Outcome, *, command: str, weights: Sequence[Path] = (), with_pictures: bool = True
) -> None:
    """Write `provenance.json`, `verdict.json`, both pages and the adapters' model cards.

    Args:
        study: The study.
        outcome: What it found.
        command: The command line.
        weights: Weight files whose hashes are kept.
        with_pictures: Whether the operator's page shows people's pictures.
    """
    made_by = store.provenance(command=command, files=weights)
    made_by["measured_on_original"] = outcome.measured
    made_by["hub_commit"] = getattr(study.model.network.config, "_commit_hash", None)
    made_by["notes"] = notes(study, outcome)
    made_by["scope"] = study.config.scope
    made_by["verdicts"] = [str(v) for v in outcome.verdicts]
    write_json(study.folder / PROVENANCE, made_by)
    judged = hand_over(study, outcome, with_pictures=with_pictures)
    called = pseudonyms(outcome.split.forget, store.secret(study.folder))
    clean = redaction(study.people, called, outcome.split.forget, study.config.methods)
    shown = replace(study, model=replace(study.model, name=clean.model(study.model.name)))  # cards are handed on
    judged = {name: clean.verdict(verdict) for name, verdict in judged.items()}
    made_by |= clean.provenance(made_by)
    for name in study.config.methods:
        adapter, model = study.folder / name / "adapter", shown.model.name
        write_text(adapter / CARD, model_card(shown, outcome, name, judged.get(name)))
        made = provenance(adapter, model=model, settings=settings_of(study, name), made_by=made_by)
        write_statement(adapter, PROVENANCE, made)
        if name in judged:
            write_statement(adapter, TEST_RESULT, as_test_result(adapter, judged[name], model=model))


def hand_over(study: Study, outcome: Outcome, *, with_pictures: bool) -> dict[str, RequestVerdict]:
    """Write verdict and pages: once when a study is done, and again when its audit is.

    Args:
        study: The study; its folder has the provenance, and the audit where there is one.
        outcome: What it found.
        with_pictures: Whether the operator's page shows people's pictures.

    Returns:
        The verdict on each method.
    """
    adapters = _adapters(study)
    audited = read_own_audit(
        study.folder / AUDIT,
        {e.id for e in outcome.split.forget},
        {name: adapter_key(folder) for name, folder in adapters.items()},
    )
    judged = {v.method: of_study(v, outcome.rows, study.config.verdict, study.config.scope) for v in outcome.verdicts}
    judged |= {v.method: v for v in (audited.verdicts if audited else ()) if v.method in judged}
    write_verdicts(study.folder / VERDICTS, list(judged.values()), study.config.verdict)
    run = Run(
        people=study.people,
        split=outcome.split,
        answers=outcome.answers,
        labels=outcome.labels,
        rows=outcome.rows,
        counts=outcome.verdicts,
        notes=outcome.notes,
        verdicts=list(judged.values()),
        audited=audited,
        question=study.question,
        called=pseudonyms(outcome.split.forget, store.secret(study.folder)),
        adapters={name: file_hash(adapter_weights(folder)) for name, folder in adapters.items()},
        settings=settings_that_ran(study),
        provenance=read_json(study.folder / PROVENANCE),
    )
    write_report(study.folder / OPERATOR, run, with_pictures=with_pictures)
    write_report(study.folder / SHARED, run, redacted=True)
    return judged


def settings_that_ran(study: Study) -> dict[str, Any]:
    """The settings as they took effect: each method's own steps and rate in place of what they are made from."""
    config = study.config
    made_from = {"rates": True, "train": {"learning_rate", "steps", "decay"}}
    shown = config.model_dump(mode="json", exclude={"candidates": True, "data": True, "prompts": True, **made_from})
    ran = {
        job.name: {name: getattr(job.train, name) for name in ("learning_rate", "steps", "decay")}
        for job in jobs(config, study.rates)
    }
    return shown | {"methods": ran, "prompts": config.prompts.changed or "Letheia's own"}


def read_own_audit(folder: Path, forget: Set[str], adapters: Mapping[str, str]) -> AuditShown | None:
    """The audit of a run, if it has one: of the people who are to be forgotten, and of the adapters as they are.

    Args:
        folder: The audit's folder.
        forget: Ids of the people to forget; an audit of others is none of this run.
        adapters: By method, the fingerprint of its adapter (`adapter_key`); one of other adapters is none either.

    Raises:
        DataError: It is damaged.
    """
    if not (folder / "audit.json").exists():
        return None
    audit, verdicts = read_audit(folder / "audit.json"), read_verdicts(folder / VERDICTS)
    if set(audit.people.get("forget", ())) != forget:
        return None
    changed = [name for name, key in adapters.items() if name in audit.models and audit.adapters.get(name) != key]
    if changed:
        log.warning("%s: left out, it is of another adapter of %s. Audit it again.", folder, changed[0])
        return None
    return AuditShown(audit=audit, verdicts=verdicts, quotes=hardest(folder, audit, verdicts))


def _adapters(study: Study) -> dict[str, Path]:
    """By method, the folder of its adapter, where there is one."""
    folders = {name: study.folder / name / "adapter" for name in study.config.methods}
    return {name: folder for name, folder in folders.items() if (folder / "adapter_model.safetensors").exists()}
