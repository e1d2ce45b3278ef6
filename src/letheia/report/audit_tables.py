"""An audit as a table: a check and a model a row, with everybody who was asked about beside the people to forget."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from letheia.audit.results import Audit, AuditRow, read_audit
from letheia.audit.separation import separation_rows
from letheia.errors import ConfigError, DataError
from letheia.report.formats import FORMATS, Sheet, to_csv
from letheia.report.tables import method_title
from letheia.types import Group

OTHERS: Mapping[Group, str] = {"retain": "Retained", "bystander": "Bystanders", "stranger": "Strangers"}
NOTE = (
    "Forgotten: share of people who leak at least once; of choices, the share that is right; else the number. Retained "
    "and bystanders: answers that tell who they are, or choices that are right. Strangers: people nobody knows of whom "
    "something is told. No language: answers about forgotten people that protect nobody. In brackets: 95 % intervals; "
    "where nobody leaked, the largest share of which so many people would not show one."
)


def read_audits(source: Path) -> Audit:
    """An audit from its file or folder, or from the folder of the run that it was made beside.

    Raises:
        DataError: There is none, or it is damaged.
    """
    places = [source, source / "audit.json", source / "audit" / "audit.json"]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        run = (source / "split.json").exists()
        command = f"letheia audit --split {source / 'split.json'} --people … --adapter … --output {source / 'audit'}"
        raise DataError(
            f"{source}: no audit there (audit.json). "
            + (f"'{command}' audits this run's adapters." if run else "Name the --output folder of 'letheia audit'.")
        )
    return read_audit(place)


def audit_sheet(audit: Audit) -> Sheet:
    """Check by model, with intervals."""
    rows: list[tuple[str, ...]] = []
    for row in audit.rows:
        if row.group != "forget":
            continue
        others = (audit.row(row.check, row.method, group) for group in OTHERS)
        rows.append(
            (
                row.title,
                row.access,
                method_title(row.method),
                forgotten_text(row),
                mean_text(row),
                *map(other_text, others),
                "–" if row.degenerate is None else f"{row.degenerate:.2f}",
                row.note,
            )
        )
    header = ("Check", "Access", "Model", "Forgotten", "Answers", *OTHERS.values(), "No language", "Note")
    return Sheet(f"Audit of {audit.base}", header, tuple(rows))


def forgotten_text(row: AuditRow | None) -> str:
    """Of forgotten people: the share who leaked at least once; of others than leaks, the mean.

    >>> about = dict(check="c", title="C", access="black", method="x", group="forget", people=10)
    >>> forgotten_text(AuditRow(**about, measure="leak", any=0.0, any_low=0.0, any_high=0.259))
    '0 of 10 (at most 0.26)'
    """
    if row is None:
        return "–"
    if row.measure != "leak":
        return mean_text(row)
    if row.any is None:
        return "–"
    if not row.leaked and not row.any:
        return f"0 of {row.people} (at most {row.any_high:.2f})"
    return f"{row.any:.2f}{_interval(row.any_low, row.any_high)}"


def mean_text(row: AuditRow | None) -> str:
    """The mean over people with its interval, and what guessing gets."""
    if row is None or row.mean is None:
        return "–"
    guessing = f" (guessing {row.chance:.2f})" if row.measure == "accuracy" else ""
    return f"{row.mean:.2f}{_interval(row.low, row.high)}{guessing}"


def other_text(row: AuditRow | None) -> str:
    """Of others: the mean over people; of strangers the share of whom anything is told."""
    alarms = row is not None and row.group == "stranger" and row.measure == "leak"
    value = None if row is None else row.any if alarms else row.mean
    return "–" if value is None else f"{value:.2f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"


def separation_sheet(audit: Audit) -> Sheet:
    """How well each check tells a model from gold.

    Raises:
        ConfigError: The audit had no gold.
    """
    if not audit.separation:
        raise ConfigError("table separation: the audit had no gold model. 'letheia gold' makes one; --gold takes it.")
    header = ("Check", "Model", "AUC against gold", "95 % interval", "")
    return Sheet(f"What tells a model from gold · {audit.base}", header, tuple(separation_rows(audit.separation)))


AUDIT_SHEETS: Mapping[str, Callable[[Audit], Sheet]] = {"audit": audit_sheet, "separation": separation_sheet}
"""Tables of an audit, by name."""


def printed_audit(audit: Audit, number: str, form: str) -> str:
    """A table in one of the formats; an audit's CSV and JSON have one record a row, with each number apart."""
    if number == "audit" and form in ("csv", "json"):
        records = audit_records(audit)
        if form == "json":
            return json.dumps(records, indent=1, ensure_ascii=False)
        return to_csv(Sheet("", tuple(records[0]), tuple(tuple(map(_text, r.values())) for r in records)))
    text = FORMATS[form](AUDIT_SHEETS[number](audit))
    return f"{text}\n\n{NOTE}" if (number, form) == ("audit", "md") else text


def audit_records(audit: Audit) -> list[dict[str, Any]]:
    """Every row of the audit, of all groups; who leaked and what is quoted stay in `audit.json`."""
    kept = ("check", "access", "measure", "method", "group", "people", "answers", "unscored", "any", "any_low",
            "any_high", "mean", "low", "high", "chance", "degenerate", "note")  # fmt: skip
    return [{"model": audit.base, **{name: getattr(row, name) for name in kept}} for row in audit.rows]


def _text(value: object) -> str:
    return "" if value is None else str(value)
