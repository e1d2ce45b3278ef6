"""Learning rates by model and method: what the searches found, and the paper's."""

from collections.abc import Mapping

from letheia.methods.variants import with_variants

WORLD_RATES: dict[str, dict[str, float]] = {
    "mistral": with_variants(
        {
            "ga": 2e-3,
            "npo": 5e-3,
            "random": 5e-4,
            "reject": 5e-3,
            "bg": 5e-4,
            "pubg": 5e-4,
            "bounded": 2e-3,
            "thorough": 3e-3,
        }
    ),
    "llama": with_variants(
        {
            "ga": 2e-3,
            "npo": 5e-3,
            "random": 5e-4,
            "reject": 2e-3,
            "bg": 5e-4,
            "pubg": 5e-4,
            "bounded": 2e-3,
            "thorough": 3e-3,
        }
    ),
}
"""Learning rates for the built-in models, found by `letheia rates`; LOG.md has the search."""

PAPER_RATES: Mapping[str, dict[str, float]] = {
    "mistral": with_variants(
        {"ga": 3e-5, "npo": 1e-4, "random": 1e-4, "reject": 1e-5, "bg": 2e-5, "pubg": 2e-5, "bounded": 8e-5}
    ),
    "llama": with_variants(
        {"ga": 1e-4, "npo": 5e-4, "random": 1e-4, "reject": 1e-4, "bg": 3e-5, "pubg": 3e-5, "bounded": 1.2e-4}
    ),
}
"""Table 6 by the type of the text model (llama is Vicuna); BG, which it has none for, has
PUBG's, and Bounded four times that, as in the built-in world."""

GRID = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3)
"""Rates that a search on the built-in world tries."""
FACTORS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Rates that a search on a people folder tries, as multiples of the one that the model's removals start with."""


def rates_for(text_model: str) -> dict[str, float]:
    """Learning rates for a type of text model; those of Mistral where the paper has none.

    >>> rates_for("llama")["pubg"], rates_for("qwen2")["pubg"]
    (3e-05, 2e-05)
    """
    return PAPER_RATES.get(text_model, PAPER_RATES["mistral"])
