"""Metrics of metrics: how well a check tells a model that knows people from one that was never taught them.

A check that can't tell the original from gold says nothing about a removal. By the same measure, a removal is complete
where nothing tells the unlearned model from gold. The unit is the person: the same forgotten people under two models.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from letheia.audit.base import GOLD, LIKELIHOOD, MEMBERSHIP, Finding
from letheia.metrics.roc import auc, privleak
from letheia.types import ORIGINAL

REFERENCE = "membership against gold"


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well one check tells a model from gold.

    Attributes:
        check: Name of the check.
        method: The model that is compared with gold: `original`, or the adapter's name.
        people: Forgotten people with a number under both.
        auc: How often a person's number under the model is larger than one under gold; .5 tells nothing.
        low: Lower end of its 95 % interval over people.
        high: Upper end.
        tells: Whether the interval leaves .5 out; None where there is no interval.
        reason: Why there is no number or no interval.
    """

    check: str
    method: str
    people: int
    auc: float | None
    low: float | None
    high: float | None
    tells: bool | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far a model's membership AUC is from gold's.

    Attributes:
        attack: The attack: `loss`, `zlib`, `min-k`, `min-k++`.
        method: The model.
        auc: Its AUC.
        gold: Gold's AUC.
        privleak: The distance in percent; None where gold's AUC is 1.
    """

    attack: str
    method: str
    auc: float
    gold: float
    privleak: float | None


def separations(findings: Iterable[Finding]) -> tuple[Separation, ...]:
    """Every check's rows: the original against gold first, then each other model.

    A person's value is the mean over all variants of a check. The last rows are membership inference with gold
    as reference: the likelihood of own responses beside gold's, against the same of texts nobody was taught.

    Args:
        findings: Of all checks and models; nothing comes of them without gold.
    """
    found = list(findings)
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    for f in found:
        if f.group == "forget" and f.entity and f.value is not None:
            people = values.setdefault(f.check, {}).setdefault(f.method, {})
            people.setdefault(f.entity, []).append(f.value)
    rows: list[Separation] = []
    for check, models in values.items():
        gold = models.get(GOLD, {})
        for method in sorted(models, key=lambda m: m != ORIGINAL):
            own = {who: v for who, v in models[method].items() if who in gold}
            if method != GOLD and own:
                rows.append(_row(check, method, own, {who: gold[who] for who in own}))
    return (*rows, *_references(found))


def distances(findings: Iterable[Finding]) -> tuple[Distance, ...]:
    """The distance to gold of every model and membership attack; nothing without gold."""
    found = {
        (f.variant, f.method): f.value
        for f in findings
        if f.check == MEMBERSHIP and f.group == "forget" and not f.entity and f.value is not None
    }
    return tuple(
        Distance(attack=attack, method=method, auc=value, gold=gold, privleak=privleak(value, gold))
        for (attack, method), value in found.items()
        if method != GOLD and (gold := found.get((attack, GOLD))) is not None
    )


def separation_rows(found: Sequence[Separation]) -> list[tuple[str, ...]]:
    """Lines of a table: check, model, AUC with its interval, and whether it tells the model from gold."""
    return [
        (
            s.check,
            s.method,
            "–" if s.auc is None else f"{s.auc:.2f}",
            "–" if s.low is None or s.high is None else f"{s.low:.2f} to {s.high:.2f}",
            {True: "tells", False: "can't tell", None: s.reason}[s.tells],
        )
        for s in found
    ]


def _row(
    check: str, method: str, own: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> Separation:
    """A person counts once, with the mean of their values."""
    found = auc({who: [fmean(v)] for who, v in own.items()}, {who: [fmean(v)] for who, v in other.items()})
    tells = None if found.low is None or found.high is None else not found.low <= 0.5 <= found.high
    return Separation(
        check=check,
        method=method,
        people=len(own),
        auc=found.mean,
        low=found.low,
        high=found.high,
        tells=tells,
        reason=found.reason,
    )


def _references(findings: Sequence[Finding]) -> list[Separation]:
    """Membership by the ratio of likelihoods, for each model that gold can be the reference of."""
    read: dict[str, dict[tuple[str, str], list[float]]] = {}
    for f in findings:
        if f.check == LIKELIHOOD and f.group in ("forget", "stranger") and f.value:
            read.setdefault(f.method, {}).setdefault((f.group, f.entity), []).append(math.log(f.value))
    gold = read.pop(GOLD, {})
    rows: list[Separation] = []
    for method, people in read.items():
        ratios = {who: [fmean(own) - fmean(gold[who])] for who, own in people.items() if who in gold}
        groups = [{who: v for (g, who), v in ratios.items() if g == group} for group in ("forget", "stranger")]
        if all(groups):
            rows.append(_row(REFERENCE, method, *groups))
    return rows
