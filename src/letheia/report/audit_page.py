"""The page of an audit: the verdict on top, what leaks check by model, and plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from letheia.audit.results import Audit
from letheia.audit.verdict import RequestVerdict
from letheia.report.audit_plots import drawn
from letheia.report.heat import heat_map
from letheia.report.page import Page, Part, write_page
from letheia.types import AskedBy


def audit_part(audit: Audit, verdicts: Sequence[RequestVerdict]) -> Part:
    """An audit as a part of a page."""
    return Part(tables=(), figures=drawn(audit), aftermaths=(), cases=(), verdicts=verdicts, heat=heat_map(audit))


def write_audit_report(
    path: Path,
    audit: Audit,
    verdicts: Sequence[RequestVerdict],
    *,
    settings: Mapping[str, Any],
    asked_by: AskedBy = "picture",
) -> None:
    """Write the page.

    Args:
        path: The file.
        audit: The audit.
        verdicts: What it comes to.
        settings: The configuration as shown, with the thresholds.
        asked_by: What people are asked by.
    """
    count = {group: len(ids) for group, ids in audit.people.items()}
    asked = ", ".join(
        f"{count[group]} {called}"
        for group, called in (
            ("forget", "to forget"), ("retain", "retained"), ("bystander", "bystanders"), ("stranger", "nobody knows"),
        )
        if count.get(group)
    )  # fmt: skip
    page = Page(
        title="Letheia · audit",
        heading="Are they gone, or only one question's answer?",
        lead=(f"Base model {audit.base}. People asked about: {asked}.",),
        aside=() if audit.gold else ("No gold model was compared, so what stays unavoidably is not known.",),
        parts=(audit_part(audit, verdicts),),
        asked_by=asked_by,
        interval="over people",
        changed_by="other people would change them, not other draws",
        remarks=[f"{name} was not audited: {reason}" for name, reason in audit.failed.items()],
        settings=(settings,),
    )
    write_page(path, page)
