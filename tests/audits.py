"""Findings and audits by hand, for tests of what is made of them."""

from letheia.audit.base import GOLD, Check, Finding
from letheia.audit.results import Audit, audit_rows, marked

GROUPS = {"f": "forget", "r": "retain", "b": "bystander", "s": "stranger"}


def check(name, *, access="black", measure="leak", chance=0.0):
    return Check(name=name, title=name.upper(), access=access, measure=measure, find=lambda _: (), chance=chance)


def found(name, method, values, *, degenerate=(), variant=""):
    """Findings from answers by person; the first letter of an id says which group."""
    return [
        Finding(
            check=name, variant=variant, method=method, group=GROUPS[who[0]], entity=who, value=value,
            degenerate=who in degenerate, question="Who?", answer=f"{who} says {value}",
        )
        for who, given in values.items()
        for value in given
    ]  # fmt: skip


def audited(checks, findings, *, models=("original", GOLD, "x"), failed=None):
    """An audit of findings, as the runner gathers it."""
    rows = [
        row
        for one in checks
        for method in models
        for row in audit_rows(one, [f for f in findings if (f.check, f.method) == (one.name, method)])
    ]
    people = {}
    for f in findings:
        if f.entity:
            people.setdefault(f.group, {})[f.entity] = None
    return Audit(
        base="m",
        models=models,
        gold=GOLD in models,
        people={group: tuple(ids) for group, ids in people.items()},
        rows=tuple(marked(rows)),
        failed=failed or {},
    )
