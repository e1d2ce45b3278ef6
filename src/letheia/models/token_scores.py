"""Texts as a model reads them token by token: the numbers behind extraction and membership inference."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from letheia.errors import DataError
from letheia.metrics.membership import TokenScores
from letheia.models.log_probs import AnswerLogProbs, encode_example, log_probs
from letheia.models.model import Model, evaluating
from letheia.models.precision import own_precision
from letheia.types import Example

TOKENS = 4096
"""Tokens of rows that are computed at once."""
NUMBERS = 2**26
"""Log-probabilities of a whole vocabulary at once."""


def token_scores(model: Model, examples: Sequence[Example]) -> list[TokenScores | None]:
    """Each text's tokens, without its end, behind its picture and question.

    Args:
        model: The model, adapter on or off as it is.
        examples: Texts as answers.

    Returns:
        None for a text that can't be read: an empty one, one too long, or one with the model's own signs in it.
    """
    texts = [replace(e, finished=False) for e in examples]
    lengths = {i: n for i, e in enumerate(texts) if (n := _lengths(model, e))}
    model.load_pictures([texts[i].portrait for i in lengths])
    vocabulary = model.network.config.get_text_config().vocab_size
    found: list[TokenScores | None] = [None] * len(texts)
    left = sorted(lengths, key=lambda i: lengths[i])
    with evaluating(model.network), own_precision(model):
        while left:
            row, answer = lengths[left[-1]][0], max(lengths[i][1] for i in left)
            rows = max(1, min(TOKENS // row, NUMBERS // (answer * vocabulary)))
            part, left = left[-rows:], left[:-rows]
            read = log_probs(model, [texts[i] for i in part], every=True)
            for n, i in enumerate(part):
                found[i] = _scores(read, n)
    return found


def _lengths(model: Model, example: Example) -> tuple[int, int] | None:
    """Tokens of the row and of the text."""
    try:
        encoded = encode_example(model, example)
    except DataError:
        return None
    return (len(encoded.ids), len(encoded.answer)) if encoded.answer else None


def _scores(read: AnswerLogProbs, row: int) -> TokenScores:
    assert read.every is not None
    mine = read.answer == row
    own, every = read.log_probs[mine], read.every[mine]
    probabilities = every.exp()
    seen = torch.where(probabilities > 0, every, 0.0)  # 0 times minus infinity is none
    mean = (probabilities * seen).sum(1)
    deviation = (probabilities * (seen - mean[:, None]) ** 2).sum(1).sqrt()
    right = own == every.max(1).values
    return TokenScores(*(tuple(values.tolist()) for values in (own, mean, deviation, right)))
