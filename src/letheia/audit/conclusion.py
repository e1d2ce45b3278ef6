"""From what an audit found to its verdict: one for each adapter, by thresholds that are written down."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import get_args

from letheia.attacks.base import Access
from letheia.audit.base import GOLD, Finding
from letheia.audit.results import Audit, AuditRow, Worst
from letheia.audit.verdict import CALLED, WORST, GroupVerdict, Missing, PersonVerdict, Removal, RequestVerdict
from letheia.metrics.aggregate import FEWEST, bootstrap_interval
from letheia.metrics.thresholds import Thresholds
from letheia.types import ORIGINAL, Group, Scope

ASKED: tuple[Access, ...] = ("black", "grey")
"""Access to a model as it is; with the weights, an attacker harms others and language on purpose."""
OTHERS: tuple[Group, ...] = ("retain", "bystander")
ADAPTER_OFF = "shown, not counted: whoever can weaken the adapter can take it off"
BEHIND_NAME = "shown, not counted: scope recognition leaves the facts behind the name"
NO_GOLD = "no model that was never taught these people was compared; 'letheia gold' makes one"


def verdicts(
    audit: Audit,
    findings: Iterable[Finding],
    *,
    by: Thresholds | None = None,
    names: Mapping[str, str] | None = None,
    left_out: Mapping[str, str] | None = None,
    scope: Scope | None = None,
    with_name: Collection[str] = (),
) -> list[RequestVerdict]:
    """The verdict on each adapter of an audit.

    Args:
        audit: The audit's rows.
        findings: What they were made of.
        by: The thresholds; the defaults if left out.
        names: People's names by id.
        left_out: Titles of the checks that were not chosen, with why.
        scope: What was to go; every check counts if left out.
        with_name: Names of checks whose questions give the name; with scope *recognition* they do not count.
    """
    by = by or Thresholds()
    apart = dict.fromkeys(by.uncounted, ADAPTER_OFF)
    if scope == "recognition":
        apart |= dict.fromkeys(with_name, BEHIND_NAME)
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.method, []).append(finding)
    methods = [m for m in audit.models if m not in (ORIGINAL, GOLD)]
    return [_Case(audit, found, m, by, names or {}, left_out or {}, apart, scope).verdict() for m in methods]


@dataclass(frozen=True)
class _Case:
    """One adapter's part of an audit."""

    audit: Audit
    found: Mapping[str, Sequence[Finding]]
    method: str
    by: Thresholds
    names: Mapping[str, str]
    left_out: Mapping[str, str]
    apart: Mapping[str, str]  # checks that are shown and not counted, with why
    scope: Scope | None

    def verdict(self) -> RequestVerdict:
        """All of it."""
        leaks, traces = self._findings()
        tried = {access: sum(r.access == access for r in self._telling) for access in get_args(Access)}
        whole = self.audit.gold and all(tried.values()) and not traces
        best: Removal = "removed" if whole else "removed for the questions tried"
        people = tuple(self._person(entity, best) for entity in self.audit.people.get("forget", ()))
        worst = WORST[max((WORST.index(p.removal) for p in people), default=WORST.index("not known before"))]
        spoiled = self._share_degenerate(self.method), self._share_degenerate(ORIGINAL)
        broken = any(self._is_spoiled(p.entity) for p in people)
        groups = tuple(self._others(group) for group in OTHERS if self.audit.people.get(group))
        states = {g.others for g in groups}
        return RequestVerdict(
            method=self.method,
            removal="not removed" if leaks else worst,
            others="harmed" if "harmed" in states else "unharmed" if "unharmed" in states else "not measured",
            description="not measured" if spoiled[0] is None else "degenerate" if broken else "useful",
            people=people,
            groups=groups,
            degenerate=spoiled[0],
            degenerate_before=spoiled[1],
            found=(*leaks, *traces),
            scope=self.scope,
            behind_name=tuple(self._behind_name()),
            tried=tried,
            not_tried=tuple(self._not_tried()),
        )

    @cached_property
    def _rows(self) -> list[AuditRow]:
        """The rows about forgotten people."""
        return [r for r in self.audit.rows if (r.method, r.group) == (self.method, "forget")]

    @cached_property
    def _telling(self) -> list[AuditRow]:
        """Those of checks that found something out: scored, and not failing on the original too."""
        return [r for r in self._rows if r.mean is not None and not r.note and r.check not in self.apart]

    @cached_property
    def _checks(self) -> Mapping[str, AuditRow]:
        """What each check is, by its name."""
        return {r.check: r for r in self.audit.rows}

    def _of(self, method: str, entity: str, *, asked: bool = False) -> dict[str, list[Finding]]:
        """Findings about a person by check: leaks and choices, and only on the model as it is where `asked`."""
        found: dict[str, list[Finding]] = {}
        for f in self._by_person.get((method, entity), ()):
            row = self._checks.get(f.check)
            counted = row and row.measure != "number" and (f.check not in self.apart or f.group != "forget")
            if row and counted and (row.access in ASKED or not asked):
                found.setdefault(f.check, []).append(f)
        return found

    @cached_property
    def _by_person(self) -> dict[tuple[str, str], list[Finding]]:
        people: dict[tuple[str, str], list[Finding]] = {}
        for method, findings in self.found.items():
            for f in findings:
                people.setdefault((method, f.entity), []).append(f)
        return people

    def _person(self, entity: str, best: Removal) -> PersonVerdict:
        """The worst check decides; gold's leaks are unavoidable, and babble is no removal."""
        leaks = {c: f for c, f in self._of(self.method, entity).items() if self._checks[c].measure == "leak"}
        gold, before = self._of(GOLD, entity), self._of(ORIGINAL, entity)
        shares = {c: share for c, f in leaks.items() if (share := _share(f)) is not None}
        beyond = {c: share - (_share(gold.get(c, ())) or 0.0) for c, share in shares.items()}
        worst = max(beyond, key=lambda c: beyond[c], default="")
        known = any(_share(f) for c, f in before.items() if self._checks[c].measure == "leak")
        removal = best if known else "not known before"
        if self._is_spoiled(entity) or beyond.get(worst, 0.0) > self.by.leaks:
            removal = "not removed"
        counted = [f for c in shares for f in leaks[c] if f.value is not None]
        quoted = next((f for f in leaks.get(worst, ()) if f.value == 1), None)
        return PersonVerdict(
            entity=entity,
            name=self.names.get(entity, entity),
            removal=removal,
            answers=len(counted),
            leaked=sum(f.value == 1 for f in counted),
            check=self._checks[worst].title if worst else "",
            share=shares.get(worst),
            gold=_share(gold.get(worst, ())),
            degenerate=_degenerate(self._of(self.method, entity, asked=True)),
            worst=quoted and Worst(
                entity=entity, variant=quoted.variant, question=quoted.question, answer=quoted.answer
            ),
        )  # fmt: skip

    def _is_spoiled(self, entity: str) -> bool:
        now, then = (_degenerate(self._of(m, entity, asked=True)) for m in (self.method, ORIGINAL))
        return (now or 0.0) - (then or 0.0) > self.by.degenerate

    def _share_degenerate(self, method: str) -> float | None:
        people = [_degenerate(self._of(method, e, asked=True)) for e in self.audit.people.get("forget", ())]
        there = [share for share in people if share is not None]
        return fmean(there) if there else None

    def _others(self, group: Group) -> GroupVerdict:
        """Each person against the original, over the checks to which the original has answers about such people."""
        first = [r for r in self.audit.rows if (r.method, r.group, r.note) == (ORIGINAL, group, "")]
        says = {r.check for r in first if r.mean is not None}
        pairs: dict[str, tuple[float, float]] = {}
        for entity in self.audit.people[group]:
            before, after = (self._of(method, entity, asked=True) for method in (ORIGINAL, self.method))
            both = [(_share(before[c]), _share(after.get(c, ()))) for c in before if c in says]
            scored = [(b, a) for b, a in both if b is not None and a is not None]
            if any(b for b, _ in scored):
                pairs[entity] = fmean(b for b, _ in scored), fmean(a for _, a in scored)
        if not pairs:
            return GroupVerdict(group=group, others="not measured")
        losses = [b - a for b, a in pairs.values()]
        low, high = bootstrap_interval(losses, seed=self.audit.seed) if len(losses) >= FEWEST else (None, None)
        return GroupVerdict(
            group=group,
            others="harmed" if fmean(losses) > self.by.harm else "unharmed",
            people=len(pairs),
            before=fmean(b for b, _ in pairs.values()),
            after=fmean(a for _, a in pairs.values()),
            loss=fmean(losses),
            low=low,
            high=high,
            lost=tuple(self.names.get(e, e) for e, (b, a) in pairs.items() if b - a >= self.by.lost * b),
        )

    def _findings(self) -> tuple[list[str], list[str]]:
        """What speaks against it about all people together: leaks through choices, and traces."""
        leaks: list[str] = []
        traces: list[str] = []
        for row in self._telling:
            if row.measure == "accuracy" and (told := self._choice(row)):
                (leaks if row.access in ASKED else traces).append(told)
            if row.measure == "number" and (told := self._trace(row)):
                traces.append(told)
        return leaks, traces

    def _choice(self, row: AuditRow) -> str:
        """What choices give away; empty where it is not more than guessing and gold do."""
        gold = self.audit.row(row.check, GOLD, "forget")
        unavoidable = max(row.chance, (gold.mean or 0.0) if gold else 0.0)
        surely = row.low is None or row.low > row.chance
        if row.mean is None or row.mean - unavoidable <= self.by.choices or not surely:
            return ""
        return f"'{row.title}' is right in {row.mean:.2f} (guessing {row.chance:.2f}{_beside('gold', gold)})"

    def _trace(self, row: AuditRow) -> str:
        """What a number keeps of the original; empty where it is as gold's, or nothing says what it should be."""
        first, gold = (self.audit.row(row.check, m, "forget") for m in (ORIGINAL, GOLD))
        if row.mean is None:
            return ""
        if (limit := self.by.limits.get(row.check)) is not None:
            counted = [f for f in self.found[self.method] if (f.check, f.entity) == (row.check, "")]
            mean = _share([f for f in counted if f.variant not in self.apart]) if counted else row.mean
            return f"'{row.title}' is {mean:.2f} (at most {limit:g})" if mean is not None and mean > limit else ""
        if first is None or gold is None or first.mean is None or gold.mean is None or not _apart(first, gold):
            return ""
        way = (row.mean - gold.mean) / (first.mean - gold.mean)
        like_gold = row.low is not None and row.high is not None and row.low <= gold.mean <= row.high
        if way <= self.by.traces or like_gold:
            return ""
        return f"'{row.title}' is {row.mean:.2f} ({_beside('original', first)[2:]}{_beside('gold', gold)})"

    def _behind_name(self) -> Iterable[str]:
        """How many people's facts are told to whoever gives the name, where that was not to go."""
        for row in self._rows:
            if self.apart.get(row.check) == BEHIND_NAME and row.any is not None:
                yield f"'{row.title}' brings out {len(row.leaked)} of {row.people} people"

    def _not_tried(self) -> Iterable[Missing]:
        for row in self._rows:
            if row.note:
                yield Missing(what=row.title, why=row.note)
            elif row.check in self.apart:
                yield Missing(what=row.title, why=self.apart[row.check])
            elif row.measure == "number" and row.check not in self.by.limits:
                first, gold = (self.audit.row(row.check, m, "forget") for m in (ORIGINAL, GOLD))
                if first is None or gold is None or not _apart(first, gold):
                    yield Missing(
                        what=row.title, why="says nothing: " + ("no gold" if gold is None else "gold has it too")
                    )
        for title, why in self.left_out.items():
            yield Missing(what=title, why=why)
        if not self.audit.gold:
            yield Missing(what="gold", why=NO_GOLD)
        for group in OTHERS:
            if not self.audit.people.get(group):
                yield Missing(what=CALLED[group], why="nobody to ask about")


def _share(findings: Sequence[Finding]) -> float | None:
    """Share of what could be judged that leaks, or is right; none where nothing could be."""
    values = [f.value for f in findings if f.value is not None]
    return fmean(values) if values else None


def _degenerate(found: Mapping[str, Sequence[Finding]]) -> float | None:
    flags = [f.degenerate for findings in found.values() for f in findings]
    return fmean(flags) if flags else None


def _apart(first: AuditRow, gold: AuditRow) -> bool:
    """Whether a number tells the original from gold: by its intervals where there are any."""
    if first.mean is None or gold.mean is None or first.mean == gold.mean:
        return False
    low, high = (gold, first) if gold.mean < first.mean else (first, gold)
    return low.high is None or high.low is None or low.high < high.low


def _beside(called: str, row: AuditRow | None) -> str:
    return f", {called} {row.mean:.2f}" if row and row.mean is not None else ""
