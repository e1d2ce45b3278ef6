"""The hardest questions of an audit: what every model answered to those by which most of a person came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.audit.base import Finding
from letheia.audit.results import Audit
from letheia.audit.verdict import RequestVerdict
from letheia.errors import DataError
from letheia.files import read_json


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A question about a person, and what every model that was asked it answered.

    Attributes:
        entity: The person's id.
        title: What the check does.
        question: What was asked.
        findings: By model.
    """

    entity: str
    title: str
    question: str
    findings: Mapping[str, Finding]


def hardest(folder: Path, audit: Audit, verdicts: Sequence[RequestVerdict]) -> list[Quote]:
    """For each person and adapter, the question whose answer the verdict quotes; once where several quote the same.

    Args:
        folder: The audit's folder, with what each check found on each model.
        audit: The audit.
        verdicts: What it came to.

    Raises:
        DataError: A file of findings is damaged.
    """
    checks = {row.title: row.check for row in audit.rows}
    asked = dict.fromkeys(
        (p.entity, p.check, p.worst.variant, p.worst.question)
        for v in verdicts
        for p in v.people
        if p.worst and p.check in checks
    )
    read: dict[tuple[str, str], list[Finding]] = {}
    quotes: list[Quote] = []
    for entity, title, variant, question in asked:
        found: dict[str, Finding] = {}
        for model in audit.models:
            at = (model, checks[title])
            if at not in read:
                read[at] = _read(folder / at[0] / f"{at[1]}.json")
            mine = [f for f in read[at] if (f.entity, f.variant, f.question) == (entity, variant, question)]
            if mine:
                found[model] = max(mine, key=lambda f: f.value == 1)  # of several draws, one that leaks
        if found:
            quotes.append(Quote(entity=entity, title=title, question=question, findings=found))
    return quotes


def _read(file: Path) -> list[Finding]:
    if not file.exists():
        return []
    try:
        return [Finding(**f) for f in read_json(file)["findings"]]
    except (TypeError, KeyError) as error:
        raise DataError(f"{file}: damaged ({error}). Delete it to have it made again.") from error
