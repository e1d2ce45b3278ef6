"""The paper's own numbers, to stand beside those of a study."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from letheia.methods.paper import PAPER_MODELS
from letheia.metrics.results import Place
from letheia.types import PLAIN

PAPERS = {
    "mistral": "mistral",
    "llama": "llama",
    **{Path(preset.model).name: preset.text_model for preset in PAPER_MODELS.values()},
}
"""Which of the paper's two models, in its numbers, a base model is compared with: the world's by the type of the text
model (Vicuna is a Llama). Others have no numbers to stand beside."""


@cache
def paper_tables() -> Mapping[str, Any]:
    """Each of the paper's tables by its number."""
    return json.loads((files("letheia.report") / "paper.json").read_text(encoding="utf-8"))


def paper_number(table: str, model: str, method: str, place: Place) -> float | None:
    """The paper's number for a cell, if it has one; the paper asks its own question only.

    Args:
        table: The number of the paper's table; it has none called "".
        model: The base model.
        method: The method.
        place: Where the number stands.
    """
    if place.asked != PLAIN:
        return None
    wanted = [PAPERS.get(model), method, place.people, place.pictures, place.metric]
    return next((value for *key, value in paper_tables().get(table, ()) if key == wanted), None)
