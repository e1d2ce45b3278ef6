"""From a question and an answer to token ids, by the checkpoint's own chat template.

Only the answer and its end token are trained on; where the template writes none, the tokenizer's follows the answer.
The whole conversation is tokenised at once, so that no token boundary differs from what the model sees when it answers;
that the prompt is a prefix of it is checked, not assumed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from letheia.errors import DataError
from letheia.models.templates import Turns, frame


@dataclass(frozen=True)
class Encoded:
    """Token ids of a conversation; the answer with its end token is `ids[answer_start:]`."""

    ids: tuple[int, ...]
    answer_start: int

    @property
    def prompt(self) -> tuple[int, ...]:
        """The ids before the answer."""
        return self.ids[: self.answer_start]

    @property
    def answer(self) -> tuple[int, ...]:
        """The ids that are trained on."""
        return self.ids[self.answer_start :]


def render(processor: Any, question: str, answer: str | None = None, *, image: bool = True, turns: Turns = ()) -> str:
    """The conversation as text, ready for the answer when there is none.

    Args:
        processor: The checkpoint's processor; its chat template is used.
        question: What the user says.
        answer: What the assistant says.
        image: Whether the question comes with a picture.
        turns: Earlier questions and answers, in front of which the picture stands.
    """
    around = frame(processor, image=image)
    return around.prompt(question, turns) if answer is None else around.told(question, answer) + around.after


def encode(
    processor: Any,
    question: str,
    answer: str,
    *,
    picture: str = "",
    ends: Collection[int] | None = None,
    finished: bool = True,
    prefix: str = "",
) -> Encoded:
    """Encode a question with its answer.

    Args:
        processor: The checkpoint's processor.
        question: What the user says.
        answer: What the assistant says.
        picture: The text that stands for the picture, as `Picture.text`; empty for a question without a picture.
        ends: Ids that end an answer (`Model.ends`); the tokenizer's end of sequence if left out.
        finished: Whether the answer ends here; one that was cut gets no end token.
        prefix: What the answer begins with that counts as the prompt.

    Raises:
        DataError: A special token stands in the texts, or the template rewrites the prompt once there is an answer.
        CheckpointError: The template knows no such conversation.
    """
    prompt = encode_prompt(processor, question, picture=picture, prefix=prefix)
    told = frame(processor, image=bool(picture)).told(question, answer)
    full = _tokens(processor, render(processor, question, answer, image=bool(picture)), picture)
    ends = ends or (processor.tokenizer.eos_token_id,)
    if full[: len(prompt)] != prompt:
        raise DataError(f"the chat template changes the prompt when an answer follows: {question[:60]!r}.")
    end = next((i for i in range(len(prompt), len(full)) if full[i] in ends), None)
    if end is None or not finished:  # a template may leave the end to the tokenizer, as LLaVA-1.5's does
        said = _tokens(processor, told, picture)
        return Encoded((*said, next(iter(ends))) if finished else said, len(prompt))
    return Encoded(full[: end + 1], len(prompt))


def encode_prompt(
    processor: Any, question: str, *, picture: str = "", prefix: str = "", turns: Turns = ()
) -> tuple[int, ...]:
    """Token ids up to where the answer starts, or up to the end of a prefix that it is made to begin with."""
    image = bool(picture)
    if prefix:
        return _tokens(processor, frame(processor, image=image).told(question, prefix, turns), picture)
    return _tokens(processor, render(processor, question, image=image, turns=turns), picture)


def _tokens(processor: Any, text: str, picture: str) -> tuple[int, ...]:
    """Tokenise with the placeholder replaced by what stands for the picture, as the checkpoint's own processor does.

    A template that writes the start token itself gets no second one, and a language model's template says it all.
    """
    tokenizer, token = processor.tokenizer, processor.image_token
    if token:
        inner = tokenizer.convert_ids_to_tokens(feature_token(processor))
        for mark, expected in {inner: 0, token: int(bool(picture))}.items():  # mostly one and the same
            if text.count(mark) != expected:
                raise DataError(f"a text contains the model's picture token {mark!r}: remove it.")
        text = text.replace(token, picture)
    started = bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token)
    ids = tokenizer(text, add_special_tokens=bool(token) and not started).input_ids
    if ids and ids[-1] == tokenizer.eos_token_id and not text.endswith(tokenizer.eos_token):
        ids = ids[:-1]  # a tokenizer that ends every text would end the prompt before the answer
    return tuple(ids)


def feature_token(processor: Any) -> int:
    """Id of the token that picture features replace; the template's placeholder may differ (Gemma 3)."""
    return processor.image_token_ids[0]


def grid_positions(ids: Sequence[int], image_token: int, grid: tuple[int, int] | None) -> Int[Tensor, "axes tokens"]:
    """Positions of tokens: along one axis, or with a grid along time, row and column (M-RoPE, Qwen2-VL).

    A picture's tokens share a time and have a row and a column; the text after them goes on behind the larger of both.

    Args:
        ids: Token ids; a picture's tokens stand together.
        image_token: Id of a picture's tokens.
        grid: Rows and columns of the picture; none where a token is just the next.

    >>> grid_positions([7, 0, 0, 0, 0, 0, 0, 8], 0, (2, 3)).tolist()
    [[0, 1, 1, 1, 1, 1, 1, 4], [0, 1, 1, 1, 2, 2, 2, 4], [0, 1, 2, 3, 1, 2, 3, 4]]
    """
    if grid is None:
        return torch.arange(len(ids))[None]
    start = ids.index(image_token)
    rows, columns = grid
    size = rows * columns
    row = torch.arange(rows).repeat_interleave(columns)
    column = torch.arange(columns).repeat(rows)
    after = torch.arange(len(ids) - start - size) + max(grid)
    axes = [torch.cat([torch.arange(start), start + torch.cat([at, after])]) for at in (row * 0, row, column)]
    return torch.stack(axes)
