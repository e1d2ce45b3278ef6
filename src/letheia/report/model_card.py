"""The model card of an adapter, which names nobody: forgotten people stand in it as keyed hashes of their data."""

import hmac
from collections.abc import Sequence
from typing import Any

import yaml

from letheia.audit.verdict import RequestVerdict
from letheia.data.folder import hash_of
from letheia.methods.table import METHODS
from letheia.metrics.results import Row
from letheia.metrics.table import METRICS
from letheia.report.card import MEASURED, VERDICT, verdict_text
from letheia.report.formats import rows_in_markdown
from letheia.report.tables import Table, run_table, to_sheet
from letheia.study import store
from letheia.study.plan import jobs, rate_for
from letheia.study.study import Outcome, Study
from letheia.types import PLAIN, Entity, People, counted


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

# {counted(len(outcome.split.forget))} unlearned from {study.model.name} with {row.title}

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
