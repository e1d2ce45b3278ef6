"""The pages of a run: the operator's, which shows everything, and the one to hand on, which names nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from letheia.audit.verdict import RequestVerdict
from letheia.methods.table import METHODS
from letheia.metrics.results import Place, Row
from letheia.report.audit_page import AuditShown, audit_part, quoted_cases
from letheia.report.cases import Case, shown_first, shown_of_run, side_by_side
from letheia.report.drawing import PRIVACY, PRIVACY_TOLD, privacy_plot
from letheia.report.glance import glance
from letheia.report.grids import grid_of_counts, grid_of_glance, grids_of
from letheia.report.page import Drawing, Page, Part, aftermaths_of, write_page
from letheia.report.people import cards_of, in_full, people_of
from letheia.report.redaction import Pseudonym, Redaction, redaction
from letheia.report.sentences import overall
from letheia.report.tables import method_title, numbers_of, ordered, run_tables
from letheia.study.verdict import Verdict
from letheia.types import Generation, Group, People, Role, Split, counted

JUDGES = {"exact": "counting labelled facts and attributes", "none": "nobody"}
"""What a reader is told of the judges that ask nobody."""
NAMES = 20
"""Names that stand above the verdict."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as its pages show it.

    Attributes:
        people: The people folder.
        split: Who was forgotten and who retained.
        answers: Every method's answers, in the same order.
        labels: Aftermath of each answer.
        rows: The results.
        counts: People by what became of them, by the study's own question.
        notes: What else there is to say; it may name people.
        verdicts: What the run comes to: the audit's verdicts where there are such.
        audited: The run's own audit, if it has one.
        question: What was asked.
        called: Pseudonyms of the forgotten people.
        adapters: By method, the hash of its adapter.
        settings: The configuration as shown.
        provenance: Versions, commit and hashes as shown.
    """

    people: People
    split: Split
    answers: Mapping[str, Sequence[Generation]]
    labels: Mapping[str, Sequence[str]]
    rows: Sequence[Row]
    counts: Sequence[Verdict] = ()
    notes: Sequence[str] = ()
    verdicts: Sequence[RequestVerdict] = ()
    audited: AuditShown | None = None
    question: str = ""
    called: Mapping[str, Pseudonym]
    adapters: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Any]
    provenance: Mapping[str, Any]


def write_report(path: Path, run: Run, *, with_pictures: bool = True, redacted: bool = False) -> None:
    """Write a page of a run.

    Args:
        path: The file.
        run: The run.
        with_pictures: Whether people's pictures are shown.
        redacted: Whether names, faces, facts and texts are left out.
    """
    cases = _cases(run, with_pictures=with_pictures and not redacted)
    if redacted:
        clean = redaction(run.people, run.called, run.split.forget, run.answers)
        run, cases = _redacted(run, clean), list(map(clean.case, cases))
    rows, verdicts = run.rows, [v for v in run.verdicts if v.people]
    numbers, methods = numbers_of(rows), ordered([row.method for row in rows])
    by = run.people.asked_by
    groups: dict[tuple[Group, Role, str], None] = dict.fromkeys((r.people, r.pictures, r.asked) for r in rows)
    first = sorted(groups, key=lambda g: g[1] == "seen")  # unseen first
    became = [aftermaths_of(numbers, methods, g, role, asked=asked, asked_by=by) for g, role, asked in first]
    privacy = {m: [numbers(m, Place("forget", "unseen", metric)) for metric in PRIVACY] for m in methods}
    plot = privacy_plot(privacy, f"{rows[0].model}, n = {rows[0].n}")
    ids = {e.name: e.id for e in run.split.forget}
    part = replace(
        audit_part(run.audited.audit) if run.audited else Part(),
        cards=cards_of(verdicts),
        before=shown_first(cases),
        glance=grid_of_glance(glance(numbers, methods, asked_by=by), counted(rows[0].n)),
        counts=grid_of_counts(run.counts, {}) if run.counts else None,
        grids=[g for t in run_tables(rows) for g in grids_of(t, asked_by=by, interval="over people")],
        figures=[Drawing(plot, PRIVACY_TOLD)] if plot else [],
        aftermaths=[a for a in became if a.shares],
        people=people_of(verdicts, cases, run.called, ids=ids, redacted=redacted),
        cases=[c for c in cases if c.group != "forget"],
    )
    count = f"{counted(len(run.split.forget))} to forget, {len(run.split.retain)} to keep"
    page = Page(
        kind="Report on a removal",
        heading=overall(verdicts) if verdicts else f"{count}: what the model says now",
        lead=(f"Base model {rows[0].model if redacted else run.settings['model']}. {count}.",),
        aside=(
            *(() if redacted else (f"To forget: {_listed(run.split)}.",)),
            *(() if redacted else run.notes),
        ),
        parts=(part,),
        asked_by=by,
        question=run.question,
        interval="over people",
        changed_by="other people would change them, not other draws",
        how=(*_how(run, methods), *_judged(run.settings)),
        remarks=run.provenance.get("notes", ()),
        settings=(run.settings, run.provenance, *([{"adapters": run.adapters}] if run.adapters else [])),
        shared=redacted,
    )
    write_page(path, page)


def _listed(split: Split) -> str:
    names = [e.name for e in split.forget]
    more = f" and {len(names) - NAMES} more, see below" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more


def _cases(run: Run, *, with_pictures: bool) -> list[Case]:
    """The hardest questions of the audit, then answers to the study's own, about those the verdicts are worst about."""
    shown = {e.name: e for e in run.split.forget}
    first = in_full(list(shown), run.verdicts)
    some = replace(run.split, forget=tuple(shown[name] for name in first))
    own = side_by_side(shown_of_run(some, run.answers, run.labels), run.people, with_pictures=with_pictures)
    kept = {e.id for e in some.forget}
    hard = [c for c in quoted_cases(run.audited.quotes if run.audited else (), run.people) if c.entity in kept]
    pictures = {c.entity: c.picture for c in reversed(own)}
    return [*(replace(c, picture=pictures.get(c.entity, "")) for c in hard), *own]


def _redacted(run: Run, clean: Redaction) -> Run:
    """The run without anybody's name, answers or words."""
    audited = run.audited and replace(run.audited, audit=clean.audit(run.audited.audit), quotes=())
    return replace(
        run,
        answers=clean.renamed(run.answers),
        labels=clean.renamed(run.labels),
        rows=clean.rows(run.rows),
        counts=[clean.counts(v) for v in run.counts],
        notes=(),
        verdicts=list(map(clean.verdict, run.verdicts)),
        audited=audited,
        question=clean.text(run.question),
        adapters=clean.renamed(run.adapters),
        settings=clean.settings(run.settings),
        provenance=clean.provenance(run.provenance),
    )


def _how(run: Run, methods: Sequence[str]) -> list[str]:
    """How it was done, by the settings."""
    ran, rank = run.settings.get("methods", {}), run.settings.get("train", {}).get("rank")
    own = [
        f"{method_title(m)} ({METHODS[m].source}), {ran[m]['steps']} steps at a rate of {ran[m]['learning_rate']:g}"
        for m in methods
        if m in METHODS and m in ran
    ]
    adapter = f"Each method trained an adapter (LoRA of rank {rank}); the original is the same model with it off."
    return [f"Methods: {'; '.join(own)}.", adapter] if own else []


def _judged(settings: Mapping[str, Any]) -> list[str]:
    """Who judged the answers, by the settings."""
    judge = settings.get("judge")
    return [f"Answers judged by {JUDGES.get(judge, judge)}."] if judge else []
