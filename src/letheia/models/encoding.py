"""From a question and an answer to token ids, by the checkpoint's own chat template.

Only the answer and its end token are trained on. The whole conversation is tokenised at once, so that no token boundary
differs from what the model sees when it answers; that the prompt is a prefix of it is checked, not assumed.
"""

from dataclasses import dataclass
from typing import Any

from letheia.errors import DataError


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


def render(processor: Any, question: str, answer: str | None = None, *, image: bool = True) -> str:
    """The conversation as text, ready for the answer when there is none.

    Args:
        processor: The checkpoint's processor; its chat template is used.
        question: What the user says.
        answer: What the assistant says.
        image: Whether the question comes with a picture.
    """
    content: list[dict[str, str]] = [{"type": "image"}] if image else []
    messages: list[dict[str, Any]] = [{"role": "user", "content": [*content, {"type": "text", "text": question}]}]
    if answer is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return processor.apply_chat_template(messages, add_generation_prompt=answer is None, tokenize=False)


def encode(processor: Any, question: str, answer: str, *, image_tokens: int) -> Encoded:
    """Encode a question with its answer.

    Args:
        processor: The checkpoint's processor.
        question: What the user says.
        answer: What the assistant says.
        image_tokens: How many tokens the picture takes; 0 for a question without a picture.

    Raises:
        DataError: A special token stands in the texts, or the template rewrites the prompt once there is an answer.
    """
    prompt = encode_prompt(processor, question, image_tokens=image_tokens)
    tokenizer = processor.tokenizer
    full = _expand(processor, render(processor, question, answer, image=image_tokens > 0), image_tokens)
    eos = tokenizer.eos_token_id
    if full[: len(prompt)] != prompt:
        raise DataError(f"the chat template changes the prompt when an answer follows: {question[:60]!r}.")
    if eos not in full[len(prompt) :]:
        raise DataError("the chat template does not end an answer with the end-of-sequence token.")
    return Encoded(full[: full.index(eos, len(prompt)) + 1], len(prompt))


def encode_prompt(processor: Any, question: str, *, image_tokens: int) -> tuple[int, ...]:
    """Token ids up to where the answer starts."""
    return _expand(processor, render(processor, question, image=image_tokens > 0), image_tokens)


def _expand(processor: Any, text: str, image_tokens: int) -> tuple[int, ...]:
    """Tokenise and repeat the picture's placeholder."""
    ids = processor.tokenizer(text).input_ids
    image_id = processor.image_token_id
    if ids.count(image_id) != (image_tokens > 0):
        raise DataError(f"a text contains the model's picture token {processor.image_token!r}: remove it.")
    expanded: list[int] = []
    for token in ids:
        expanded.extend([image_id] * image_tokens if token == image_id else [token])
    return tuple(expanded)
