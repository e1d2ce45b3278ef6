"""Every method, one row each. A new method is a row here, a test and a line in the docs."""

from letheia.errors import unknown
from letheia.methods.terms import Method, Term
from letheia.methods.variants import BOUNDED, GUIDANCE, VARIANTS

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
        *VARIANTS,
    )
}


PAPER_METHODS = ("ga", "npo", "random", "reject", "bg", "pubg")
"""The paper's methods, its ablation included."""

SHOWN = (*PAPER_METHODS, BOUNDED.name)
"""Without variants."""


def method(name: str) -> Method:
    """The method of that name.

    Raises:
        ConfigError: There is none; the nearest is suggested.
    """
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]
