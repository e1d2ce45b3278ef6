"""o*: what the original says when told in context to describe only what is visible (paper 3.2, Eq. 1, Algorithm 1).

The original is frozen, so drawing before training has the same distribution as drawing inside the loop. Each use of a
picture gets its own draw, seeded by (run, picture, draw), whatever the batch.

A model may tell of the person even under guidance, or babble. Draws can be checked: one that fails is drawn again, and
a stated text takes its place where the model can't do it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from letheia.data.split import Step
from letheia.engines.base import MAX_NEW_TOKENS, Engine
from letheia.engines.own import ROWS, OwnEngine
from letheia.models.model import Model
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Answer, Portrait, Prompt, Reference, References

Faults = Callable[[Sequence[Portrait], Sequence[Answer]], Sequence[str]]
"""What is wrong with answers on pictures, each in a few words; empty where nothing is."""

TRIES = 10
MORE = 2  # so many draws in all for each that is wanted: where nearly all fail, a second round says enough


def sample_references(
    model: Model,
    steps: Sequence[Step],
    *,
    prompts: PromptSet,
    seed: int,
    batch: int = ROWS,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Callable[[int], None] | None = None,
) -> References:
    """Draw one o* for every forget use of a schedule, at temperature 1, from the model as it is.

    Args:
        model: The original; no adapter may be on.
        steps: The schedule.
        prompts: The study's; its question is asked under its guidance prompt.
        seed: The run's seed.
        batch: Draws at once.
        max_new_tokens: Length limit.
        progress: Called with the number of draws added.

    Returns:
        o* by (picture id, draw).
    """
    wanted = {(use.portrait.id, use.draw): use.portrait for step in steps for use in step.forget}
    engine = OwnEngine(model, batch)
    return draw_references(engine, wanted, prompts=prompts, seed=seed, max_new_tokens=max_new_tokens, progress=progress)


def draw_references(
    engine: Engine,
    wanted: Mapping[tuple[str, int], Portrait],
    *,
    prompts: PromptSet,
    seed: int,
    max_new_tokens: int = MAX_NEW_TOKENS,
    faults: Faults | None = None,
    progress: Callable[[int], None] | None = None,
) -> References:
    """Draw an o* for each portrait and number of a draw.

    Args:
        engine: Answers with the original; no adapter may be on.
        wanted: Portrait by (picture id, draw).
        prompts: The study's; its question is asked under its guidance prompt.
        seed: The run's seed.
        max_new_tokens: Length limit.
        faults: Tells why texts must not be trained on. Such a one is drawn again, up to ten times in all and as long as
            there are no more than two draws for each that is wanted; then it is replaced (`stated`).
        progress: Called with the number of o* added.
    """
    found: References = {}
    failed: dict[tuple[str, int], list[str]] = {key: [] for key in wanted}
    left, drawn = dict(wanted), 0
    for attempt in range(TRIES if faults else 1):
        if not left or (attempt and drawn + len(left) > MORE * len(wanted)):
            break
        asked = [
            Prompt(prompts.with_guidance(p.asked(prompts.question), p), p, draw_seed(seed, *key, attempt))
            for key, p in left.items()
        ]
        answers = engine.answer(
            asked, sample=True, max_new_tokens=max_new_tokens, progress=None if faults else progress
        )
        drawn += len(left)
        wrong = faults(list(left.values()), answers) if faults else [""] * len(left)
        for key, answer, fault in zip(left, answers, wrong, strict=True):
            if fault:
                failed[key].append(fault)
            else:
                found[key] = Reference(answer, failed=tuple(failed[key]))
        if progress and faults:
            progress(sum(not fault for fault in wrong))
        left = {key: p for key, p in left.items() if key not in found}
    for key, portrait in left.items():
        found[key] = _replaced(key, portrait, found, failed[key], prompts)
    if progress and left:
        progress(len(left))
    return {key: found[key] for key in wanted}


def _replaced(
    key: tuple[str, int], portrait: Portrait, found: References, failed: Sequence[str], prompts: PromptSet
) -> Reference:
    """What stands in for an o* that the model can't give: another one of the same picture, else a stated text."""
    rng = Random(f"replaced-{key}")
    others = [r.answer for (picture, _), r in found.items() if picture == key[0] and not r.replaced]
    if others and not portrait.words:  # a description of this very picture; a text of our own can't know it
        return Reference(rng.choice(others), failed=tuple(failed), replaced=True)
    return Reference(
        Answer(rng.choice(prompts.stated(words=bool(portrait.words)))), failed=tuple(failed), replaced=True
    )


def draw_seed(run: int, portrait: str, draw: int, attempt: int = 0) -> int:
    """Seed of one draw, and of its repetitions."""
    again = f"/{attempt}" if attempt else ""
    return int.from_bytes(hashlib.sha256(f"{run}/{portrait}/{draw}{again}".encode()).digest()[:6])


@dataclass(frozen=True)
class Tally:
    """How many o* were checked, and what became of them.

    Attributes:
        count: All o*.
        again: Those that were drawn again at least once.
        replaced: Those that something else stands in for.
        cut: Those that ran into the length limit; they are trained on without an end.
        faults: Draws that failed, by what was wrong.
    """

    count: int
    again: int
    replaced: int
    cut: int
    faults: Mapping[str, int]


def tally(references: References) -> Tally:
    """Count what became of o*."""
    each = references.values()
    faults = Counter(fault for r in each for fault in r.failed)
    return Tally(
        count=len(each),
        again=sum(bool(r.failed) for r in each),
        replaced=sum(r.replaced for r in each),
        cut=sum(not r.answer.finished for r in each),
        faults=dict(faults.most_common()),
    )
