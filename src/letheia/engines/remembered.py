"""The original's answers, asked for once: the cells of a grid differ in whom they forget, not in what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from letheia.engines.base import Engine
from letheia.models.model import Model
from letheia.types import Answer, Prompt


@dataclass(frozen=True)
class RememberingEngine:
    """Another engine that is asked nothing twice of the model without an adapter; an `Engine`.

    Attributes:
        model: The model; answers are remembered as long as no adapter is in it.
        engine: Who answers.
        known: Greedy answers by what was asked.
    """

    model: Model
    engine: Engine
    known: dict[tuple[Any, ...], Answer] = field(default_factory=dict[tuple[Any, ...], Answer])

    def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        sample: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answer each prompt (`Engine.answer`); what is known is told at once."""
        if sample or self.model.adapted is not None:
            return self.engine.answer(prompts, max_new_tokens=max_new_tokens, sample=sample, progress=progress)
        keys = [(p.portrait and p.portrait.file, p.question, p.prefix, p.turns, max_new_tokens) for p in prompts]
        new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in self.known}
        if progress and len(new) < len(prompts):
            progress(len(prompts) - len(new))
        answers = self.engine.answer(list(new.values()), max_new_tokens=max_new_tokens, progress=progress)
        self.known.update(zip(new, answers, strict=True))
        return [self.known[key] for key in keys]
