"""Every method, one row each. A new method is a row here, a test and a line in the docs."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast, get_args

from letheia.errors import ConfigError, unknown
from letheia.extensions import IN_FILE, Origin, check_name, code_of, from_file, from_package, packaged
from letheia.methods.terms import Loss, LossName, Method, Recipe, Reduction, TargetName, Term
from letheia.methods.variants import BOUNDED, GUIDANCE, THOROUGH, VARIANTS

RETAIN = Term(loss="nll", target="retain")

_OWN = Term(loss="ascent", target="own")

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(name="ga", title="GA", terms=(_OWN, RETAIN), source="paper Eq. 11; Liu et al. 2022"),
        Method(
            name="npo",
            title="NPO",
            terms=(Term(loss="npo", target="own"), RETAIN),
            source="Zhang et al. 2024",
        ),
        Method(
            name="random",
            title="RANDOM",
            terms=(_OWN, Term(loss="nll", target="random"), RETAIN),
            source="paper C.2; Yao et al. 2024",
        ),
        Method(
            name="reject",
            title="REJECT",
            terms=(Term(loss="nll", target="refusal"), RETAIN),
            source="Maini et al. 2024",
        ),
        Method(name="bg", title="BG", terms=(GUIDANCE, RETAIN), source="paper Table 9"),
        Method(name="pubg", title="PUBG", terms=(_OWN, GUIDANCE, RETAIN), source="paper Eq. 3"),
        BOUNDED,
        THOROUGH,
        *VARIANTS,
        Method(
            name="gold",
            title="Gold",
            terms=(RETAIN,),
            recipe=Recipe(step_factor=10, all_pictures=True, decay=True),
            source="retraining without the people to forget, Maini et al. 2024",
            rate=2e-4,
        ),
    )
}


PAPER_METHODS = ("ga", "npo", "random", "reject", "bg", "pubg")
"""The paper's methods, its ablation included."""

SHOWN = (*PAPER_METHODS, BOUNDED.name, THOROUGH.name)
"""Without variants."""


BUILT_IN = frozenset(METHODS)
PACKAGES = "letheia.methods"
"""The group of entry points by which an installed package brings methods."""
RESERVED = ("original", "people", "features", "altered", "blends", "probe", "tried")
"""Names of a run's other folders."""
EXAMPLE = "letheia.Method(name=…, title=…, terms=(letheia.Term(loss=…, target=…), …))"


def method(name: str) -> Method:
    """The method of that name: Letheia's own, one that was registered, or an installed package's.

    Raises:
        ConfigError: There is none; the nearest is suggested.
    """
    if name in METHODS:
        return METHODS[name]
    names = packaged(PACKAGES)
    if name not in names:
        raise unknown("method", name, [*METHODS, *names])
    row, origin = from_package(name, PACKAGES, Method, "method")
    return add_method(replace(row, name=name, origin=origin))


def method_named(text: str) -> Method:
    """The method that a command line names: by its name, or as `FILE.py:NAME`, which executes the file.

    Raises:
        ConfigError: There is none, or it can't be used.
    """
    if not IN_FILE.fullmatch(text):
        return method(text)
    row, origin = from_file(text, Method, "method", EXAMPLE)
    return add_method(replace(row, origin=origin))


def add_method(row: Method) -> Method:
    """Take a method up into the table.

    Raises:
        ConfigError: Its name is taken, or a term has no such loss or target.
    """
    place = row.origin.text if row.origin and row.origin.text else f"method {row.name!r}"
    check_name(row.name, "method", place)
    if row.name in BUILT_IN or row.name in RESERVED:
        raise ConfigError(f"{place}: the name '{row.name}' is one of Letheia's own. Choose another.")
    terms = cast("Any", row.terms)  # as somebody else wrote it
    if not isinstance(terms, tuple) or not terms or {type(t) for t in cast("tuple[Any, ...]", terms)} != {Term}:
        raise ConfigError(
            f"{place}: terms must be a tuple of one or more letheia.Term; one alone is written (Term(…),)."
        )
    for term in row.terms:
        _check(term, place)
    for what, number in [("rate", row.rate), *(("weight", term.weight) for term in row.terms)]:
        if number is not None and (isinstance(number, (bool, str)) or not math.isfinite(number)):
            raise ConfigError(f"{place}: {what} must be a number (got {number!r}).")
    if row.reduction not in get_args(Reduction):
        raise unknown("reduction", row.reduction, get_args(Reduction), place=place)
    if row.origin is None:
        losses = [term.loss for term in row.terms if isinstance(term.loss, Loss)]
        row = replace(row, origin=Origin("", " ".join(code_of(loss.value) for loss in losses)))
    known = METHODS.setdefault(row.name, row)
    if known != row:
        other = (known.origin.text if known.origin else "") or "another row"
        raise ConfigError(f"{place}: the name '{row.name}' is taken by {other}. Choose another.")
    return known


def _check(term: Term, place: str) -> None:
    if not isinstance(term.loss, Loss) and term.loss not in get_args(LossName):
        raise unknown("loss", term.loss, get_args(LossName), place=place)
    for target in term.targets:
        if target not in get_args(TargetName):
            raise unknown("target", target, get_args(TargetName), place=place)


def in_order(names: Iterable[str]) -> list[str]:
    """Names of methods in the order of the table; those that it has not, as of a package that is not here, last."""
    order = {name: i for i, name in enumerate(METHODS)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))
