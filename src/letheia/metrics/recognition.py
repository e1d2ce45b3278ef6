"""Whom a model recognises: by its answers, never by the question, with the rate of false alarms.

A person is recognised by their name, by their labelled facts, or by an answer that fits their summary better than
chance would have it (paper C.1 takes Eq. 4 without a margin, by which any answer fits somebody best: with three
summaries it "recognises" by stop words). How often the same rule would find people in answers about others is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from letheia.metrics.chance import chance_margin, evenly
from letheia.metrics.labels import Labels, facts_in
from letheia.metrics.usr import SummaryIndex
from letheia.types import Entity, Generation

ALARMS = 1000  # answers about somebody else that are tried at most
FACTS = 2  # labelled facts that an answer must tell, or all where there is one, and more right than wrong


@dataclass(frozen=True)
class Finding:
    """Whether a person is known, and by what."""

    entity: Entity
    known: bool
    why: str


@dataclass(frozen=True)
class Recognition:
    """Who is known.

    Attributes:
        found: A finding a person.
        margin: By how much an answer must fit the own summary better than others'; None with too few people to tell.
        false_alarms: Share of answers about somebody else that would count as knowing a person; None without any.
    """

    found: tuple[Finding, ...]
    margin: float | None
    false_alarms: float | None

    @property
    def known(self) -> list[Entity]:
        """The people who are known."""
        return [f.entity for f in self.found if f.known]

    @property
    def unknown(self) -> list[Finding]:
        """The others, with why."""
        return [f for f in self.found if not f.known]

    @property
    def certain(self) -> bool:
        """Whether summaries could tell people; without them, a model that puts facts in other words is missed."""
        return self.margin is not None


def recognise(
    answers: Sequence[Generation],
    people: Sequence[Entity],
    labels: Labels,
    index: SummaryIndex,
    *,
    alarms: bool = True,
) -> Recognition:
    """Who is recognised in a model's answers, one or several per person.

    Args:
        answers: The answers.
        people: The folder's people.
        labels: Their names and facts.
        index: Their summaries.
        alarms: Whether false alarms are counted.
    """
    by_id = {e.id: e for e in people}
    asked = [a for a in answers if a.entity in by_id]
    texts = [(a.entity, a.answer) for a in asked if not index.reason(a.entity)]
    margin = chance_margin(index, texts)
    found: dict[str, Finding] = {}
    for a in asked:
        why = evidence(a, by_id[a.entity], labels, index, margin)
        if a.entity not in found or (why and not found[a.entity].known):
            found[a.entity] = Finding(by_id[a.entity], bool(why), why or _nothing(by_id[a.entity], index, margin))
    pairs = [(a, by_id[i]) for a in asked for i in found if alarms and i != a.entity]
    wrong = [bool(evidence(a, e, labels, index, margin, about=by_id[a.entity])) for a, e in evenly(pairs, ALARMS)]
    return Recognition(tuple(found.values()), margin, sum(wrong) / len(wrong) if wrong else None)


def evidence(
    answer: Generation,
    entity: Entity,
    labels: Labels,
    index: SummaryIndex,
    margin: float | None,
    *,
    about: Entity | None = None,
) -> str:
    """What in an answer shows that a person is known; empty where nothing does.

    Args:
        answer: The answer.
        entity: The person.
        labels: The folder's names and facts.
        index: Its summaries.
        margin: By how much the own summary must fit better than others'.
        about: Whom the answer is about, if somebody else; their summary is not compared.
    """
    facts = facts_in(answer.answer, entity, labels, asked=answer.question)
    if facts.named:
        return "the name"
    told = len(facts.own)
    if entity.facts and told >= min(FACTS, len(entity.facts)) and told > len(facts.wrong):
        return f"facts: {', '.join(facts.own)}"
    if margin is None or index.reason(entity.id):
        return ""
    fit = index.precision(answer.answer, entity.id) - index.best(answer.answer, {entity.id, about.id if about else ""})
    return f"the summary fits better by {fit:.2f} (chance: {margin:.2f})" if fit > margin else ""


def _nothing(entity: Entity, index: SummaryIndex, margin: float | None) -> str:
    lacking = "the name or enough of the facts" if entity.facts else "the name"
    reason = index.reason(entity.id) or ("" if margin is not None else "too few people to tell by the summary")
    return f"no answer has {lacking}; {reason or 'none fits the summary more than chance has it'}"
