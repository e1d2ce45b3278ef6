"""The pages of an audit: the verdict on top, the hardest questions, what leaks check by model, and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from letheia.audit.base import Finding
from letheia.audit.quotes import Quote
from letheia.audit.results import Audit
from letheia.audit.verdict import RequestVerdict
from letheia.metrics.labels import Labels, collect_labels
from letheia.report.audit_plots import drawn
from letheia.report.audit_tables import NOTE, OTHERS
from letheia.report.cases import Case, data_url, shown_first
from letheia.report.grids import grid_of_heat, grids_of_others
from letheia.report.heat import heat_map
from letheia.report.marks import Said, said
from letheia.report.page import Page, Part, write_page
from letheia.report.people import cards_of, in_full, people_of
from letheia.report.redaction import Pseudonym, redaction
from letheia.report.sentences import overall
from letheia.types import Entity, People

SHADES = (
    "The darker, the more leaks: of choices beyond guessing, of numbers on the way from gold back to the original. "
    "* says little: the check fails on the original too. ~ a third or more of the answers are no language."
)
NO_LEAK = "tells nothing of the person"


@dataclass(frozen=True, kw_only=True)
class AuditShown:
    """An audit as pages show it.

    Attributes:
        audit: The audit.
        verdicts: What it comes to.
        quotes: What every model answered to the hardest questions.
    """

    audit: Audit
    verdicts: Sequence[RequestVerdict]
    quotes: Sequence[Quote] = ()


def audit_part(audit: Audit) -> Part:
    """What an audit adds to a page."""
    if not audit.rows:
        return Part()
    heat = heat_map(audit)
    return Part(
        heat=grid_of_heat(heat, f"{NOTE} {SHADES}"),
        others=grids_of_others(heat, list(OTHERS.values()), NOTE),
        curves=drawn(audit),
    )


def quoted_cases(quotes: Sequence[Quote], people: People) -> list[Case]:
    """The hardest questions as cases: the question, and what each model answered."""
    by_id, labels = {e.id: e for e in people.entities}, collect_labels(people)
    return [
        Case(
            title=by_id[q.entity].name,
            words=q.question,
            asked=q.title,
            group="forget",
            role="unseen",
            entity=q.entity,
            answers={model: _judged(f, by_id[q.entity], labels) for model, f in q.findings.items()},
        )
        for q in quotes
        if q.entity in by_id
    ]


def _judged(finding: Finding, entity: Entity, labels: Labels) -> Said:
    """An answer, with what the check made of it: where nothing leaks, any language is as good."""
    label = "leaks" if finding.value == 1 else ""
    shown = said(finding.answer, label, "forget", entity, None, labels, asked=finding.question)
    if finding.value == 0:
        shown = replace(shown, told=shown.told or NO_LEAK, tone="poor" if finding.degenerate else "good")
    return shown


def write_audit_report(
    path: Path,
    shown: AuditShown,
    *,
    people: People,
    called: Mapping[str, Pseudonym],
    settings: Mapping[str, Any],
    redacted: bool = False,
    with_pictures: bool = False,
) -> None:
    """Write a page of an audit.

    Args:
        path: The file.
        shown: The audit.
        people: The people folder.
        called: The pseudonyms of those to forget.
        settings: The configuration as shown, with the thresholds.
        redacted: Whether names, faces, facts and texts are left out.
        with_pictures: Whether people's pictures are shown, where the page is not redacted.
    """
    audit, verdicts, cases = shown.audit, list(shown.verdicts), quoted_cases(shown.quotes, people)
    failed: Mapping[str, str] = audit.failed
    faces = _faces(people, called, verdicts) if with_pictures and not redacted else {}
    cases = [replace(c, picture=faces.get(c.entity, "")) for c in cases]
    if redacted:
        forget = [e for e in people.entities if e.id in called]
        clean = redaction(people, called, forget, [*audit.models, *audit.failed])
        audit, verdicts, cases = clean.audit(audit), list(map(clean.verdict, verdicts)), list(map(clean.case, cases))
        failed, settings = audit.failed, clean.settings(settings)
    count = {group: len(ids) for group, ids in audit.people.items()}
    asked = ", ".join(
        f"{count[group]} {named}"
        for group, named in (
            ("forget", "to forget"), ("retain", "retained"), ("bystander", "bystanders"), ("stranger", "nobody knows"),
        )
        if count.get(group)
    )  # fmt: skip
    part = replace(
        audit_part(audit),
        cards=cards_of(verdicts),
        people=people_of(verdicts, cases, called, redacted=redacted),
        before=shown_first(cases),
    )
    page = Page(
        kind="Audit: are they gone, or only one question's answer?",
        heading=overall(verdicts) if verdicts else "Nothing could be audited",
        lead=(f"Base model {audit.base}. People asked about: {asked}.",),
        aside=() if audit.gold else ("No gold model was compared, so what stays unavoidably is not known.",),
        parts=(part,),
        asked_by=people.asked_by,
        interval="over people",
        changed_by="other people would change them, not other draws",
        remarks=[f"{name} was not audited: {reason}" for name, reason in failed.items()],
        settings=(settings,),
        shared=redacted,
    )
    write_page(path, page)


def _faces(people: People, called: Mapping[str, Pseudonym], verdicts: Sequence[RequestVerdict]) -> dict[str, str]:
    by_id = {e.id: e for e in people.entities if e.id in called}
    shown = in_full(list(by_id), verdicts)
    pictures = {i: next((p for p in by_id[i].portraits if p.shown), None) for i in shown}
    return {i: data_url(p.file) for i, p in pictures.items() if p}
