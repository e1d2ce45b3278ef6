"""What a finished study hands over: provenance, the report, and a card for each adapter."""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from letheia.audit.of_study import of_study
from letheia.audit.verdict import VERDICTS, RequestVerdict, write_verdicts
from letheia.data.folder import hash_of
from letheia.files import write_json, write_text
from letheia.methods.table import METHODS
from letheia.metrics.results import Row
from letheia.metrics.table import METRICS
from letheia.report.attest import PROVENANCE, TEST_RESULT, as_test_result, provenance, write_statement
from letheia.report.card import CARD, MEASURED, VERDICT, verdict_text
from letheia.report.formats import rows_in_markdown
from letheia.report.run_page import write_report
from letheia.report.tables import Table, run_table, to_sheet
from letheia.study import store
from letheia.study.notes import notes
from letheia.study.plan import jobs, rate_for
from letheia.study.run import Outcome
from letheia.study.study import Study
from letheia.types import PLAIN, Entity, People


def deliver(
    study: Study, outcome: Outcome, *, command: str, weights: Sequence[Path] = (), with_pictures: bool = True
) -> None:
    """Write `provenance.json`, `verdict.json`, `report.html` and the adapters' model cards.

    Args:
        study: The study.
        outcome: What it found.
        command: The command line.
        weights: Weight files whose hashes are kept.
        with_pictures: Whether the report shows people's pictures.
    """
    made_by = store.provenance(command=command, files=weights)
    made_by["measured_on_original"] = outcome.measured
    made_by["hub_commit"] = getattr(study.model.network.config, "_commit_hash", None)
    made_by["notes"] = notes(study, outcome)
    made_by["scope"] = study.config.scope
    made_by["verdicts"] = [str(v) for v in outcome.verdicts]
    write_json(study.folder / "provenance.json", made_by)
    judged = {v.method: of_study(v, outcome.rows, study.config.verdict, study.config.scope) for v in outcome.verdicts}
    write_verdicts(study.folder / VERDICTS, list(judged.values()), study.config.verdict)
    write_report(
        study.folder / "report.html",
        people=study.people,
        split=outcome.split,
        answers=outcome.answers,
        labels=outcome.labels,
        notes=(*map(str, outcome.verdicts), *outcome.notes),
        verdicts=list(judged.values()),
        rows=outcome.rows,
        settings=settings_that_ran(study),
        provenance=made_by,
        with_pictures=with_pictures,
    )
    for name in study.config.methods:
        adapter, model = study.folder / name / "adapter", study.model.name
        write_text(adapter / CARD, model_card(study, outcome, name, judged.get(name)))
        made = provenance(adapter, model=model, settings=settings_of(study, name), made_by=made_by)
        write_statement(adapter, PROVENANCE, made)
        if name in judged:
            write_statement(adapter, TEST_RESULT, as_test_result(adapter, judged[name], model=model))


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


def model_card(study: Study, outcome: Outcome, method: str, judged: RequestVerdict | None = None) -> str:
    """A model card that names nobody: forgotten people stand in it as keyed hashes of their data."""
    rows = [r for r in outcome.rows if r.method in {"original", method}]
    row = METHODS[method]
    rate = rate_for(method, study.rates, study.config)
    steps, falling = (
        study.config.train.steps * row.recipe.step_factor,
        ", falling" if row.recipe.decay or study.config.train.decay else "",
    )
    secret = store.secret(study.folder)
    hashes = "\n".join(sorted(f"- `{keyed_hash(e, secret)}`" for e in outcome.split.forget))
    return f"""---
base_model: {study.model.name}
library_name: peft
tags: [unlearning, letheia]
{model_index(study, rows, method)}---

# {len(outcome.split.forget)} people unlearned from {study.model.name} with {row.title}

Base model: `{study.model.name}`. Method: {row.title} ({row.source}). Learning rate {rate:g}{falling},
{steps} steps, LoRA r {study.config.train.rank}, alpha {study.config.train.alpha}, seed {study.config.seed}.
Retained people in training: {len(outcome.split.retain)}.

## Forgotten people

HMAC-SHA256 over each person's name, texts and pictures. The key stays with whoever made the adapter, in the run's
folder as `{store.SECRET}`; without it nobody can tell who asked for removal. With key and data,
`letheia people verify PEOPLE --card README.md --key {store.SECRET}` lists whose data were part of the request.

{hashes}

{VERDICT}{verdict_text(judged) if judged else "None."}{MEASURED}

{_noted(run_table(rows, "1"))}

{_noted(run_table(rows, "3"))}

## Limits

An adapter changes what the model says. It does not prove that the weights no longer hold the people:
whoever takes it off has the original again.
The numbers hold for the pictures and the question that were measured, with greedy answers.
"""


def model_index(study: Study, rows: Sequence[Row], method: str) -> str:
    """The main numbers as the Hub reads them from a card."""
    shown = [r for r in rows if r.method == method and r.asked == PLAIN and r.mean is not None]
    shown = [r for r in shown if (r.people, r.pictures) in {("forget", "unseen"), ("retain", "unseen")}]
    metrics = [
        {"type": r.metric, "value": round(r.mean, 4), "name": f"{METRICS[r.metric].title}, {r.people}, {r.pictures}"}
        for r in shown
        if r.mean is not None and METRICS[r.metric].kind == "score" and r.people in METRICS[r.metric].shown
    ]
    result = {
        "task": {"type": "image-text-to-text", "name": "Unlearning of people"},
        "dataset": {"type": "private", "name": "The people of the request; their data stay with its maker"},
        "metrics": metrics,
    }
    index = [{"name": f"{study.model.name}, {METHODS[method].title}", "results": [result]}]
    return yaml.safe_dump({"model-index": index}, sort_keys=False, allow_unicode=True) if metrics else ""


def settings_of(study: Study, method: str) -> dict[str, Any]:
    """What an adapter was trained with, which names nobody."""
    (job,) = (job for job in jobs(study.config, study.rates) if job.name == method)
    return {"method": method, "seed": study.config.seed, **job.train.model_dump(mode="json")}


def keyed_hash(entity: Entity, secret: bytes) -> str:
    """Hash of everything that was given about a person, which nobody can compute without the secret."""
    return hmac.new(secret, hash_of(entity).encode(), "sha256").hexdigest()


def listed(card: str, people: People, secret: bytes) -> list[Entity]:
    """The people of a folder whose data, as they lie there, stand in a model card."""
    return [e for e in people.entities if keyed_hash(e, secret) in card]


def _noted(table: Table) -> str:
    return f"{rows_in_markdown(to_sheet(table))}\n\n{table.note}"
