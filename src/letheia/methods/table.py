"""Every method, one row each. A new method is a row here, a test and a line in the docs."""

from letheia.errors import unknown
from letheia.methods.terms import Method, Term

RETAIN = Term(loss="nll", target="retain")

_OWN = Term(loss="ascent", target="own")
_GUIDANCE = Term(loss="nll", target="reference")

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
        Method(name="bg", title="BG", terms=(_GUIDANCE, RETAIN), source="paper Table 9"),
        Method(name="pubg", title="PUBG", terms=(_OWN, _GUIDANCE, RETAIN), source="paper Eq. 3"),
        Method(
            name="bounded",
            title="Bounded",
            terms=(
                Term(loss="npo", target="own", weight=0.005),
                _GUIDANCE,
                Term(loss="nll", target="retain", weight=2.0),
            ),
            source="docs/bounded.md",
        ),
    )
}


PAPER_METHODS = ("ga", "npo", "random", "reject", "bg", "pubg")
"""The paper's methods, its ablation included."""


def method(name: str) -> Method:
    """The method of that name.

    Raises:
        ConfigError: There is none; the nearest is suggested.
    """
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]
