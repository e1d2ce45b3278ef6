"""The parts of a page about a removal: a card for each verdict, and a part for each person."""

from collections.abc import Mapping, Sequence

from letheia.audit.verdict import WORST, RequestVerdict
from letheia.report.cases import Case
from letheia.report.page import Card, Person, State
from letheia.report.redaction import Pseudonym
from letheia.report.sentences import TONES, compared, headline, may_tell, person_line

IN_FULL = 40
"""People whose answers a page shows; of others their line alone, so that a page of a thousand opens at once."""


def cards_of(verdicts: Sequence[RequestVerdict]) -> list[Card]:
    """A card for each verdict."""
    return [
        Card(
            method=v.method,
            sentence=headline(v),
            tell=may_tell(v),
            states=(
                (f"People to forget: {v.removal}", TONES[v.removal]),
                (f"Others: {v.others}", TONES[v.others]),
                (f"Description: {v.description}", TONES[v.description]),
            ),
            found=v.found,
            scope=v.about_scope,
            compared=compared(v),
            missing=[line for line in v.missing if not line.endswith(": gold")],
        )
        for v in verdicts
    ]


def in_full(people: Sequence[str], verdicts: Sequence[RequestVerdict]) -> list[str]:
    """Ids or names of the people whose answers are shown: those whom the verdicts are worst about first."""
    worst = {
        name: (WORST.index(p.removal), p.share or 0.0)
        for v in reversed(verdicts)
        for p in v.people
        for name in (p.entity, p.name)
    }
    return sorted(people, key=lambda i: worst.get(i, (0, 0.0)), reverse=True)[:IN_FULL]


def people_of(
    verdicts: Sequence[RequestVerdict],
    cases: Sequence[Case],
    called: Mapping[str, Pseudonym],
    *,
    ids: Mapping[str, str] | None = None,
    redacted: bool = False,
) -> list[Person]:
    """A part for each forgotten person, in the order of their pseudonyms.

    Args:
        verdicts: The verdicts; who is in none of them has no part.
        cases: Cases about any of them.
        called: Their pseudonyms by id.
        ids: Their ids by name, for verdicts that have names alone.
        redacted: Whether they are called by their pseudonyms alone.
    """
    states: dict[str, dict[str, State]] = {}
    names: dict[str, str] = {}
    for v in verdicts:
        for p in v.people:
            id_ = (ids or {}).get(p.entity, p.entity)
            names[id_] = p.name
            states.setdefault(id_, {})[v.method] = State(p.removal, TONES[p.removal], person_line(p))
    own: dict[str, list[Case]] = {}
    for case in cases:
        if case.group == "forget":
            own.setdefault(case.entity, []).append(case)
    return [
        Person(
            anchor=pseudonym.anchor,
            name=pseudonym.called if redacted else names[id_],
            beside=pseudonym.hash if redacted else pseudonym.called,
            states=states[id_],
            cases=own.get(id_, ()),
        )
        for id_, pseudonym in called.items()
        if id_ in states
    ]
