"""The page of a run: who was forgotten, and what every method says instead."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from letheia.audit.verdict import RequestVerdict
from letheia.metrics.results import Place, Row
from letheia.report.cases import shown_of_run, side_by_side
from letheia.report.drawing import PRIVACY, privacy_plot
from letheia.report.page import Page, Part, aftermaths_of, write_page
from letheia.report.tables import numbers_of, ordered, run_tables
from letheia.types import Generation, Group, People, Role, Split

JUDGES = {"exact": "counting labelled facts and attributes", "none": "nobody"}
"""What a reader is told of the judges that ask nobody."""


def write_report(
    path: Path,
    *,
    people: People,
    split: Split,
    answers: Mapping[str, Sequence[Generation]],
    labels: Mapping[str, Sequence[str]],
    rows: Sequence[Row],
    notes: Sequence[str] = (),
    verdicts: Sequence[RequestVerdict] = (),
    settings: Mapping[str, Any],
    provenance: Mapping[str, Any],
    with_pictures: bool = True,
) -> None:
    """Write the report.

    Args:
        path: The file.
        people: The people folder, for the pictures.
        split: Who was forgotten and who retained.
        answers: Every method's answers, in the same order.
        labels: Aftermath of each answer.
        rows: The results.
        notes: What else there is to say.
        verdicts: What the study comes to.
        settings: The configuration as shown.
        provenance: Versions, commit and hashes as shown.
        with_pictures: Whether people's pictures are shown.
    """
    numbers, methods = numbers_of(rows), ordered([row.method for row in rows])
    groups: dict[tuple[Group, Role, str], None] = dict.fromkeys((r.people, r.pictures, r.asked) for r in rows)
    privacy = {m: [numbers(m, Place("forget", "unseen", metric)) for metric in PRIVACY] for m in methods}
    part = Part(
        tables=run_tables(rows),
        figures=[privacy_plot(privacy, f"{rows[0].model}, n = {rows[0].n}")],
        aftermaths=[
            aftermaths_of(numbers, methods, group, role, asked=asked, asked_by=people.asked_by)
            for group, role, asked in groups
        ],
        cases=side_by_side(
            shown_of_run(split, answers, labels),
            people.portraits,
            people.entities,
            with_pictures=with_pictures,
        ),
        verdicts=verdicts,
    )
    count = f"{len(split.forget)} {'person' if len(split.forget) == 1 else 'people'}"
    page = Page(
        title="Letheia · who was forgotten, and what is said instead",
        heading=f"{count} forgotten, {len(split.retain)} kept: what the model says now",
        lead=(
            f"Base model {settings['model']}. Forgotten: {', '.join(e.name for e in split.forget)}.",
            *notes,
        ),
        aside=(f"Kept: {', '.join(e.name for e in split.retain)}.", *_judged(settings)),
        parts=(part,),
        asked_by=people.asked_by,
        interval="over people",
        changed_by="other people would change them, not other draws",
        remarks=provenance.get("notes", ()),
        settings=(settings, provenance),
    )
    write_page(path, page)


def _judged(settings: Mapping[str, Any]) -> list[str]:
    """Who judged the answers, by the settings."""
    judge = settings.get("judge")
    return [f"Answers judged by {JUDGES.get(judge, judge)}."] if judge else []
