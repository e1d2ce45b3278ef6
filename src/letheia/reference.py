"""o*: what the original says when told in context to describe only what is visible (paper 3.2, Eq. 1, Algorithm 1).

The original is frozen, so drawing before training has the same distribution as drawing inside the loop. Each use of a
picture gets its own draw, seeded by (run, picture, draw), whatever the batch.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from letheia.data.split import Step
from letheia.data.targets import with_guidance
from letheia.errors import DataError
from letheia.models.generation import Prompt, generate
from letheia.models.model import Model
from letheia.types import Portrait

References = dict[tuple[str, int], str]
TRIES = 10


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
    wanted = {(use.portrait.id, use.draw): use.portrait for step in steps for use in step.forget}
    return draw_references(
        model, wanted, question=question, seed=seed, batch=batch, max_new_tokens=max_new_tokens, progress=progress
    )


def draw_references(
    model: Model,
    wanted: Mapping[tuple[str, int], Portrait],
    *,
    question: str,
    seed: int,
    batch: int = 64,
    max_new_tokens: int = 96,
    leaks: Callable[[Portrait, str], bool] | None = None,
    progress: Callable[[int], None] | None = None,
) -> References:
    """Draw an o* for each portrait and number of a draw.

    Args:
        model: The original; no adapter may be on.
        wanted: Portrait by (picture id, draw).
        question: The study's question; the guidance prompt is added here.
        seed: The run's seed.
        batch: Draws at once.
        max_new_tokens: Length limit.
        leaks: Tells whether a text must not be trained on; such a one is drawn again, up to ten times.
        progress: Called with the number of draws added.

    Raises:
        DataError: A picture's draws all leak.
    """
    found: References = {}
    left = dict(wanted)
    for attempt in range(TRIES if leaks else 1):
        prompts = [
            Prompt(with_guidance(p.asked(question), p), p, draw_seed(seed, *key, attempt)) for key, p in left.items()
        ]
        answers = generate(
            model,
            prompts,
            sample=True,
            batch=batch,
            max_new_tokens=max_new_tokens,
            progress=None if leaks else progress,
        )
        texts = {key: answer.text for key, answer in zip(left, answers, strict=True)}
        kept = {key: text for key, text in texts.items() if not (leaks and leaks(left[key], text))}
        found |= kept
        left = {key: p for key, p in left.items() if key not in kept}
        if progress and leaks:
            progress(len(kept))
        if not left:
            return {key: found[key] for key in wanted}
    portrait = next(iter(left.values()))
    raise DataError(
        f"{portrait.file}: the original tells of the person even under the guidance prompt, {TRIES} times of {TRIES}. "
        "Use another picture or another model."
    )


def draw_seed(run: int, portrait: str, draw: int, attempt: int = 0) -> int:
    """Seed of one draw, and of its repetitions."""
    again = f"/{attempt}" if attempt else ""
    return int.from_bytes(hashlib.sha256(f"{run}/{portrait}/{draw}{again}".encode()).digest()[:6])
