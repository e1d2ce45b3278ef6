"""Membership inference: do texts about a person look like texts that the model was taught?

They are compared with texts about people whom nobody was taught: responses, where the audit has such people's; else
summaries, those of the folder's people without pictures beside a stranger's picture. Where there are neither, forgotten
people are compared with retained ones. Every finding says which. An AUC is that of people against people; a person's
value is their part of it, how often their texts look more taught than the others'.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from letheia.attacks.base import Subject
from letheia.audit.base import Audited, Check, Finding
from letheia.audit.told import COSTS, Told, read_texts, told
from letheia.errors import DataError
from letheia.metrics.membership import MEMBERSHIP
from letheia.metrics.roc import FPR, auc, placement, tpr
from letheia.types import Entity, Group

Texts = Mapping[str, Sequence[Told]]
"""Readings by person."""


@dataclass(frozen=True)
class Members:
    """Whose texts are compared.

    Attributes:
        groups: The readings of those who may have been taught, by group and person.
        others: Of those whom they are compared with.
        against: Who these are, in words.
    """

    groups: Mapping[Group, Texts]
    others: Texts
    against: str


def members(audited: Audited) -> Members:
    """Forgotten, retained and other known people against people nobody was taught, else forgotten against retained.

    Raises:
        DataError: There is nobody to compare with.
    """
    own = by_person(told(audited))
    unknown = own.pop("stranger", {})
    if unknown:
        return Members(own, unknown, "people nobody was taught, by their responses")
    outside = audited.once("summaries", _summaries)
    if "forget" in outside and "stranger" in outside:
        unknown = outside["stranger"]
        known: dict[Group, Texts] = {group: texts for group, texts in outside.items() if group != "stranger"}
        return Members(known, unknown, "people of the folder without pictures, by their summaries")
    if "forget" not in own or "retain" not in own:
        raise DataError("nobody to compare with: no texts about unknown people, and no retained people's responses.")
    return Members({"forget": own["forget"]}, own["retain"], "retained people, as there are no unknown people's texts")


def by_person(texts: Iterable[Told]) -> dict[Group, dict[str, list[Told]]]:
    """Readings by group and person, without those that could not be read."""
    groups: dict[Group, dict[str, list[Told]]] = {}
    for text in texts:
        if text.read:
            groups.setdefault(text.subject.group, {}).setdefault(text.subject.entity.id, []).append(text)
    return groups


def _summaries(audited: Audited) -> Mapping[Group, Texts]:
    """Summaries of those who are asked about, and of the folder's people without pictures, beside strangers' ones."""
    known = [s for s in audited.subjects if s.group != "stranger"]
    pictures = [p for s in audited.of("stranger") for p in s.portraits[:1]]
    asked = {s.entity.id for s in known}
    outside = [e for e in audited.study.people.entities if e.summary and not e.portraits and e.id not in asked]
    beside = zip(outside, itertools.cycle(pictures), strict=False)
    unknown = [Subject(entity=e, group="stranger", portraits=(p,)) for e, p in beside]
    return by_person(read_texts(audited, (*known, *unknown), _summary)) if unknown else {}


def _summary(entity: Entity) -> tuple[str, ...]:
    return (entity.summary,)


def scored(texts: Texts, attack: str) -> dict[str, list[float]]:
    """The numbers of one attack by person."""
    score = MEMBERSHIP[attack]
    return {who: [score(t.read, t.text) for t in given if t.read] for who, given in texts.items()}


def _auc(audited: Audited) -> Iterator[Finding]:
    compared = members(audited)
    for attack in MEMBERSHIP:
        others = scored(compared.others, attack)
        for group, texts in compared.groups.items():
            own = scored(texts, attack)
            found = auc(own, others)
            whole = Finding(
                check=MEMBER.name,
                variant=attack,
                method=audited.name,
                group=group,
                entity="",
                value=found.mean,
                low=found.low,
                high=found.high,
                reason=f"against {len(others)} {compared.against}",
            )
            yield whole
            for who, numbers in own.items():
                yield replace(whole, entity=who, value=placement(numbers, others), low=None, high=None)


def _tpr(audited: Audited) -> Iterator[Finding]:
    compared = members(audited)
    for attack in MEMBERSHIP:
        others = [v for values in scored(compared.others, attack).values() for v in values]
        for group, texts in compared.groups.items():
            for who, numbers in scored(texts, attack).items():
                yield Finding(
                    check=MEMBER_TPR.name,
                    variant=attack,
                    method=audited.name,
                    group=group,
                    entity=who,
                    value=tpr(numbers, others),
                    reason=f"at most {int(FPR * len(others))} of {len(others)} texts of {compared.against} lie above",
                )


MEMBER = Check(
    name="membership",
    title="membership of own responses, AUC",
    access="grey",
    measure="number",
    find=_auc,
    source="Yeom et al. 2018; Carlini et al. 2021; Shi et al. 2024; Zhang et al. 2024",
    costs=COSTS,
)
MEMBER_TPR = Check(
    name="membership-tpr",
    title=f"membership of own responses, TPR at {FPR:.0%} FPR",
    access="grey",
    measure="number",
    find=_tpr,
    source="Carlini et al. 2022",
    costs=COSTS,
)
MEMBERSHIPS = (MEMBER, MEMBER_TPR)
