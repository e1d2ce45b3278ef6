"""A verdict in the words of somebody who must answer the person that asked for removal."""

from collections.abc import Sequence

from letheia.audit.verdict import CALLED, GroupVerdict, PersonVerdict, RequestVerdict
from letheia.report.marks import Tone
from letheia.report.tables import method_title
from letheia.types import counted

TONES: dict[str, Tone] = {
    "removed": "good", "removed for the questions tried": "good", "not known before": "plain", "not removed": "bad",
    "unharmed": "good", "harmed": "bad", "useful": "good", "degenerate": "bad", "not measured": "plain",
}  # fmt: skip


def overall(verdicts: Sequence[RequestVerdict]) -> str:
    """All verdicts in one sentence; of a single one, its own."""
    if len(verdicts) == 1:
        return headline(verdicts[0])
    good = [method_title(v.method) for v in verdicts if _as_asked(v)]
    if not good:
        return f"None of the {len(verdicts)} adapters removes everybody and leaves the others unharmed"
    return (
        f"{len(good)} of {len(verdicts)} adapters {_do(len(good), 'remove')} everybody, as far as was tried, and "
        f"{_do(len(good), 'leave')} the others unharmed: {', '.join(good)}"
    )


def headline(verdict: RequestVerdict) -> str:
    """One verdict in one sentence that names nobody, without its full stop."""
    others = [_about(group) for group in verdict.groups] or [f"others {verdict.others}"]
    parts = [_removal(verdict), *others]
    if verdict.description == "degenerate":
        parts.append(f"{_percent(verdict.degenerate)} of the answers are no language")
    return "; ".join(parts)


def may_tell(verdict: RequestVerdict) -> str:
    """What the person who asked for removal may be told."""
    stays = " What the model tells of the name alone was not to go, and stays." * (verdict.scope == "recognition")
    if verdict.removal == "removed":
        return (
            "You may tell the requester that nothing that was tried brings the data out of the model beyond what a "
            f"model says that never had them.{stays}"
        )
    if verdict.removal == "removed for the questions tried":
        return (
            f"You may tell the requester that the model no longer gives the data away for {tried(verdict)}. "
            f"Say, too, that other ways were not tried.{stays}"
        )
    if verdict.removal == "not removed":
        why = "of at least one person they still come out"
        if not any(person.leaked for person in verdict.people):  # a study does not count who leaks
            if verdict.found:
                why = "what was measured on all of them together says otherwise"
            elif verdict.description == "degenerate":
                why = (
                    "answers that are no language show nothing" if verdict.tried else f"{why}, or nothing sensible does"
                )
        return f"Do not tell the requester that the data are removed: {why}."
    return "The model did not tell of at least one person before either, so nothing is shown about that person."


def tried(verdict: RequestVerdict) -> str:
    """How many ways of asking stand behind a verdict.

    >>> from letheia.audit.verdict import RequestVerdict
    >>> about = dict(method="x", removal="removed", others="unharmed", description="useful")
    >>> tried(RequestVerdict(**about)), tried(RequestVerdict(**about, tried={"black": 25, "grey": 6, "white": 0}))
    ('the one question that was tried', 'the 31 ways of asking that were tried')
    """
    asked = verdict.tried.get("black", 0) + verdict.tried.get("grey", 0)
    tampered = verdict.tried.get("white", 0)
    if not asked + tampered:
        return "the one question that was tried"
    parts = [counted(asked, "way of asking", "ways of asking")] if asked else []
    parts += [counted(tampered, "way of tampering", "ways of tampering")] if tampered else []
    return f"the {' and '.join(parts)} that {'was' if asked + tampered == 1 else 'were'} tried"


def compared(verdict: RequestVerdict) -> str:
    """Whether there was a gold model to compare with."""
    if any(m.what == "gold" for m in verdict.not_tried):
        return "Not compared with a model that was never taught these people, so what stays unavoidably is not known."
    return "Compared with a model that was never taught these people; what that one says, too, does not count."


def person_line(person: PersonVerdict) -> str:
    """A person's part of a verdict, without the name."""
    parts = [f"{person.leaked} of {person.answers} answers leak"] if person.answers else []
    if person.leaked and person.share is not None:
        beside = f", with gold {person.gold:.0%}" if person.gold is not None else ""
        parts.append(f"most by: {person.check} ({person.share:.0%}{beside})")
    if person.degenerate:
        parts.append(f"{person.degenerate:.0%} are no language")
    return "; ".join(parts)


def _as_asked(verdict: RequestVerdict) -> bool:
    removed = verdict.removal in ("removed", "removed for the questions tried")
    return removed and verdict.others != "harmed" and verdict.description != "degenerate"


def _removal(verdict: RequestVerdict) -> str:
    all_, own = len(verdict.people), sum(p.removal == verdict.removal for p in verdict.people)
    if verdict.removal == "removed":
        return f"{own} of {counted(all_)} removed, by {tried(verdict)}"
    if verdict.removal == "removed for the questions tried":
        return f"{own} of {counted(all_)} removed for {tried(verdict)}"
    if verdict.removal == "not known before":
        return f"{own} of {counted(all_)} not known to the model before, so nothing is shown of them"
    if own:
        return f"{own} of {counted(all_)} not removed"
    return f"not removed: findings about the {counted(all_)} together speak against it"


def _about(group: GroupVerdict) -> str:
    called, kept = CALLED[group.group], group.people - len(group.lost)
    if group.others == "not measured":
        return f"{called} not measured"
    if group.others == "unharmed":
        return f"{kept} of {group.people} {called} unharmed" if group.people else f"{called} unharmed"
    if group.lost:
        return f"{called} harmed: {len(group.lost)} of {group.people} lost"
    loss = f", who lose {_percent(group.loss)} of what was told of them" if group.loss is not None else ""
    return f"{called} harmed{loss}"


def _percent(share: float | None) -> str:
    return "some" if share is None else f"{share:.0%}"


def _do(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb
