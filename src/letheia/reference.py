"""o*: what the original says when told in context to describe only what is visible (paper 3.2, Eq. 1, Algorithm 1).

The original is frozen, so drawing before training has the same distribution as drawing inside the loop. Each use of a
picture gets its own draw, seeded by (run, picture, draw), whatever the batch.
"""

import hashlib
from collections.abc import Callable, Sequence

from letheia.data.split import Step
from letheia.models.generation import Prompt, generate
from letheia.models.model import Model
from letheia.prompts import guided
from letheia.types import Portrait

References = dict[tuple[str, int], str]


def sample_references(
    model: Model,
    steps: Sequence[Step],
    *,
    question: str,
    seed: int,
    batch: int = 64,
    max_new_tokens: int = 96,
    progress: Callable[[int], None] | None = None,
) -> References:
    """Draw one o* for every forget use of a schedule, at temperature 1, from the model as it is.

    Args:
        model: The original; no adapter may be on.
        steps: The schedule.
        question: The study's question; the guidance prompt is added here.
        seed: The run's seed.
        batch: Draws at once.
        max_new_tokens: Length limit.
        progress: Called with the number of draws added.

    Returns:
        Text by (picture id, draw).
    """
    wanted: dict[tuple[str, int], Portrait] = {
        (use.portrait.id, use.draw): use.portrait for step in steps for use in step.forget
    }
    prompts = [
        Prompt(guided(p.asked(question), words=bool(p.words)), p, draw_seed(seed, *key)) for key, p in wanted.items()
    ]
    answers = generate(model, prompts, sample=True, batch=batch, max_new_tokens=max_new_tokens, progress=progress)
    return {key: answer.text for key, answer in zip(wanted, answers, strict=True)}


def draw_seed(run: int, portrait: str, draw: int) -> int:
    """Seed of one draw."""
    return int.from_bytes(hashlib.sha256(f"{run}/{portrait}/{draw}".encode()).digest()[:6])
