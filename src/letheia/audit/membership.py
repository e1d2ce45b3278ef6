"""Membership inference: do a person's own responses look like texts that the model was taught?

They are compared with texts about people whom nobody was taught, beside a stranger's picture: own responses where the
audit has such people, else forgotten people's responses retold with a made-up name and others' facts, so that both
sides are worded alike. Without strangers, forgotten people are compared with retained ones. Every finding says which.
An AUC is that of people against people; a person's value is their part of it, how often their texts look more taught.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from letheia.audit.base import LIKELIHOOD, MEMBERSHIP, Audited, Check, Finding
from letheia.audit.told import COSTS, Told, read_responses, told
from letheia.audit.untaught import untaught
from letheia.errors import DataError
from letheia.metrics.aggregate import estimate
from letheia.metrics.membership import ATTACKS
from letheia.metrics.roc import FPR, auc, placement, tpr
from letheia.types import Group

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
        return Members(own, unknown, "people nobody was taught")
    if made_up := audited.once("retold responses", _retold):
        return Members(own, made_up, "strangers, forgotten people's responses retold about each")
    if "forget" not in own or "retain" not in own:
        raise DataError("nobody to compare with: there are no strangers and no retained people with responses")
    return Members({"forget": own["forget"]}, own["retain"], "retained people, as there are no unknown people's texts")


def by_person(texts: Iterable[Told]) -> dict[Group, dict[str, list[Told]]]:
    """Readings by group and person, without those that could not be read."""
    groups: dict[Group, dict[str, list[Told]]] = {}
    for text in texts:
        if text.read:
            groups.setdefault(text.subject.group, {}).setdefault(text.subject.entity.id, []).append(text)
    return groups


def _retold(audited: Audited) -> Texts:
    """Responses of forgotten people as if they were about strangers."""
    unknown = untaught(audited, [s.entity for s in audited.of("forget")])
    return by_person(read_responses(audited, unknown)).get("stranger", {})


def scored(texts: Texts, attack: str) -> dict[str, list[float]]:
    """The numbers of one attack by person."""
    score = ATTACKS[attack]
    return {who: [score(t.read, t.text) for t in given if t.read] for who, given in texts.items()}


def _auc(audited: Audited) -> Iterator[Finding]:
    compared = members(audited)
    for attack in ATTACKS:
        others = scored(compared.others, attack)
        for group, texts in compared.groups.items():
            own = scored(texts, attack)
            found = auc(own, others)
            whole = Finding(
                check=MEMBERSHIP,
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
    for attack in ATTACKS:
        others = [v for values in scored(compared.others, attack).values() for v in values]
        for group, texts in compared.groups.items():
            shares = {who: tpr(numbers, others) for who, numbers in scored(texts, attack).items()}
            found = estimate(shares.items(), share=True)
            whole = Finding(
                check=MEMBER_TPR.name,
                variant=attack,
                method=audited.name,
                group=group,
                entity="",
                value=found.mean,
                low=found.low,
                high=found.high,
                reason=f"at most {int(FPR * len(others))} of {len(others)} texts lie above: {compared.against}",
            )
            yield whole
            for who, share in shares.items():
                yield replace(whole, entity=who, value=share, low=None, high=None)


def _likelihood(audited: Audited) -> Iterator[Finding]:
    own = told(audited)
    about_nobody = audited.once("retold responses", _retold)
    for text in (*own, *(t for texts in about_nobody.values() for t in texts)):
        yield text.finding(
            LIKELIHOOD, audited.name, None if text.read is None else math.exp(fmean(text.read.log_probs))
        )


MEMBER = Check(
    name=MEMBERSHIP,
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
LIKELY = Check(
    name=LIKELIHOOD,
    title="probability a token of own responses",
    access="grey",
    measure="number",
    find=_likelihood,
    source="Maini et al. 2024",
    costs=COSTS,
)
MEMBERSHIPS = (LIKELY, MEMBER, MEMBER_TPR)
