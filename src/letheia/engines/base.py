"""Whoever answers prompts, by one small contract: a model in this process, a server, or a rule in a test."""

from collections.abc import Callable, Sequence
from typing import Protocol

from letheia.types import Answer, Generation, Group, Portrait, Prompt

MAX_NEW_TOKENS = 96
"""Length limit of an answer where nothing else is said; enough for the built-in models."""


class Engine(Protocol):
    """Answers prompts.

    All that is asked stands in the prompts, so that a new way of asking is a field of `Prompt` and no other call.
    """

    def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        sample: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answer each prompt; one prompt's answer does not depend on the others.

        Args:
            prompts: What is asked.
            max_new_tokens: Length limit; an answer that runs into it is not finished.
            sample: Draw at each prompt's temperature, by its seed, instead of taking the likeliest token.
            progress: Called with the number of answers that have been added.

        Returns:
            The answers, in the order of the prompts.

        Raises:
            LetheiaError: A prompt can't be answered.
        """
        ...


def as_generations(
    answers: Sequence[Answer],
    portraits: Sequence[Portrait],
    question: str,
    *,
    method: str,
    model: str = "",
    group: Group = "forget",
) -> list[Generation]:
    """Answers with what they are about, ready to be scored.

    Args:
        answers: Answers.
        portraits: The picture of each.
        question: What was asked.
        method: Which method had been applied.
        model: Which base model answered.
        group: Whether the people were forgotten, retained or are strangers.
    """
    return [
        Generation(
            model=model,
            method=method,
            portrait=p.id,
            entity=p.entity,
            group=group,
            role=p.role,
            question=question,
            answer=a.text,
            finished=a.finished,
        )
        for a, p in zip(answers, portraits, strict=True)
    ]
