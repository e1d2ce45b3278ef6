"""The verdict where only a study ran: its one question was tried, and nothing else, so no more than that is said."""

from collections.abc import Sequence

from letheia.audit.base import GOLD
from letheia.audit.conclusion import NO_GOLD
from letheia.audit.verdict import CALLED, WORST, GroupVerdict, Missing, PersonVerdict, Removal, RequestVerdict
from letheia.metrics.results import LABEL, Place, Row
from letheia.metrics.thresholds import Thresholds
from letheia.study.verdict import SPOILED, Verdict
from letheia.types import ORIGINAL, Group, Role, Scope

NO_AUDIT = Missing(
    what="other questions, begun answers, probabilities and tampering with weights", why="left to 'letheia audit'"
)


def of_study(found: Verdict, rows: Sequence[Row], by: Thresholds, scope: Scope | None = None) -> RequestVerdict:
    """What a study's own question says of one method; the numbers of others are on unseen pictures where there are any.

    Args:
        found: Who is forgotten and who is kept, by the answers to that question.
        rows: The study's numbers.
        by: The thresholds.
        scope: What was to go, where that was said.
    """
    states: tuple[tuple[tuple[str, ...], Removal], ...] = (
        (found.forgotten, "removed for the questions tried"),
        (found.never, "not known before"),
        (found.identified, "not removed"),
        (found.spoiled, "not removed"),
    )
    people = tuple(PersonVerdict(entity=name, name=name, removal=state) for names, state in states for name in names)
    worst = max((WORST.index(p.removal) for p in people), default=WORST.index("not known before"))
    numbers = {(r.method, r.place): r.mean for r in rows}
    retained = _group("retain", found, numbers, by)
    beside = _group("bystander", found, numbers, by)
    groups = tuple(g for g in (retained, beside) if g)
    told = {g.others for g in groups}
    missing = [Missing(what=CALLED["bystander"], why="nobody to ask about")] if beside is None else []
    return RequestVerdict(
        method=found.method,
        removal=WORST[worst],
        others="harmed" if "harmed" in told else "unharmed" if told else "not measured",
        description="degenerate" if found.spoiled else "useful",
        people=people,
        groups=groups,
        degenerate=_babble(found.method, numbers),
        degenerate_before=_babble(ORIGINAL, numbers),
        scope=scope,
        not_tried=(NO_AUDIT, Missing(what=GOLD, why=NO_GOLD), *missing),
    )


Numbers = dict[tuple[str, Place], float | None]


def _group(group: Group, found: Verdict, numbers: Numbers, by: Thresholds) -> GroupVerdict | None:
    roles: tuple[Role, ...] = ("unseen", "seen")
    for role in roles:
        before, after = (numbers.get((m, Place(group, role, "named"))) for m in (ORIGINAL, found.method))
        if before and after is not None:
            lost = found.lost if group == "retain" else ()
            people = len(found.kept) + len(found.lost) if group == "retain" else 0
            return GroupVerdict(
                group=group, others="harmed" if before - after > by.harm else "unharmed", people=people,
                before=before, after=after, loss=before - after, lost=lost,
            )  # fmt: skip
    return None


def _babble(method: str, numbers: Numbers) -> float | None:
    roles: tuple[Role, ...] = ("unseen", "seen")
    for role in roles:
        shares = [numbers.get((method, Place("forget", role, LABEL + label))) for label in SPOILED]
        if any(share is not None for share in shares):
            return sum(share or 0.0 for share in shares)
    return None
