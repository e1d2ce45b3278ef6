"""What `bounded` was compared with: the same recipe with one thing changed (docs/bounded.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from letheia.methods.terms import Method, Recipe, Term

GUIDANCE = Term(loss="nll", target="reference")
LONG = Recipe(step_factor=2, all_pictures=True, decay=True, hard_negatives=True)


def pull(weight: float) -> Term:
    """NPO on own responses: it fades once a response is unlikely."""
    return Term(loss="npo", target="own", weight=weight)


def keep(weight: float = 2.0) -> Term:
    """The likelihood of retained people's responses."""
    return Term(loss="nll", target="retain", weight=weight)


def _row(name: str, title: str, terms: Sequence[Term], recipe: Recipe = LONG) -> Method:
    return Method(name=name, title=title, terms=tuple(terms), recipe=recipe, source="docs/bounded.md")


BOUNDED = _row("bounded", "Bounded", (pull(0.005), GUIDANCE, keep()))

THOROUGH = Method(
    name="thorough",
    title="Thorough",
    terms=(pull(0.05), GUIDANCE, keep(4.0), Term(loss="anchor", target="kept", weight=80.0)),
    recipe=replace(LONG, step_factor=3, ways=("open", "specific", "claims", "names", "begun")),
    source="docs/thorough.md",
)
"""`bounded` in many ways of asking, with the hidden states of what is kept held."""

VARIANTS = (
    _row("bounded-short", "Bounded, 30 constant steps", BOUNDED.terms, replace(LONG, step_factor=1, decay=False)),
    _row("bounded-one", "Bounded, one picture", BOUNDED.terms, replace(LONG, all_pictures=False)),
    _row("bounded-none", "Bounded, no pull", (GUIDANCE, keep())),
    _row("bounded-strong", "Bounded, pull 0.02", (pull(0.02), GUIDANCE, keep())),
    _row("bounded-ascent", "Bounded, ascent", (Term(loss="ascent", target="own", weight=0.1), GUIDANCE, keep())),
    _row("bounded-dpo", "Bounded, DPO", (Term(loss="dpo", target="reference", over="own"), GUIDANCE, keep())),
    _row("bounded-kl", "Bounded, KL guidance", (pull(0.005), Term(loss="kl", target="reference"), keep())),
    _row(
        "bounded-kl-retain",
        "Bounded, KL retain",
        (pull(0.005), GUIDANCE, Term(loss="kl", target="retain", weight=2.0)),
    ),
    _row("bounded-described", "Bounded, descriptions", (*BOUNDED.terms, Term(loss="nll", target="described"))),
    _row("bounded-altered", "Bounded, altered copies", BOUNDED.terms, replace(LONG, augmented=1)),
    _row("bounded-random", "Bounded, whoever is kept", BOUNDED.terms, replace(LONG, hard_negatives=False)),
    _row("bounded-checked", "Bounded, o* checked", BOUNDED.terms, replace(LONG, checked=True)),
)


def with_variants(rates: Mapping[str, float]) -> dict[str, float]:
    """Learning rates by method, where variants that have none of their own start with that of `bounded`."""
    return {**{row.name: rates[BOUNDED.name] for row in (THOROUGH, *VARIANTS)}, **rates}
