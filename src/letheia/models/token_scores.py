"""Texts as a model reads them token by token: the numbers behind extraction and membership inference.

Texts that are answers to one question about one picture share a row.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from letheia.errors import DataError
from letheia.metrics.membership import TokenScores
from letheia.models.encoding import Encoded
from letheia.models.log_probs import AnswerLogProbs, encode_example, row_tokens, shared_log_probs
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
    encoded = {i: read for i, e in enumerate(texts) if (read := _encoded(model, e))}
    model.load_pictures([texts[i].portrait for i in encoded])
    rows: dict[tuple[str, str], list[int]] = {}
    for i in encoded:
        rows.setdefault((texts[i].portrait.id, texts[i].question), []).append(i)
    found: list[TokenScores | None] = [None] * len(texts)
    with evaluating(model.network), own_precision(model):
        for part in _parts(model, list(rows.values()), encoded):
            read = shared_log_probs(model, [[texts[i] for i in row] for row in part], every=True)
            for n, i in enumerate(i for row in part for i in row):
                found[i] = _scores(read, n)
    return found


def _encoded(model: Model, example: Example) -> Encoded | None:
    if not example.answer.strip():
        return None
    try:
        return encode_example(model, example)
    except DataError:
        return None


def _parts(model: Model, rows: Sequence[list[int]], encoded: dict[int, Encoded]) -> list[list[list[int]]]:
    """Rows of similar length together, as many as may be computed at once."""
    places = NUMBERS // model.network.config.get_text_config().vocab_size
    parts: list[list[list[int]]] = []
    tokens = answers = 0
    for row in sorted(rows, key=lambda row: row_tokens([encoded[i] for i in row])):
        longest = row_tokens([encoded[i] for i in row])
        answers += (own := sum(len(encoded[i].answer) for i in row))
        tokens += longest
        if not parts or tokens > TOKENS or answers > places:
            parts.append([])
            tokens, answers = longest, own
        parts[-1].append(row)
    return parts


def _scores(read: AnswerLogProbs, text: int) -> TokenScores:
    assert read.every is not None
    mine = read.answer == text
    own, every = read.log_probs[mine], read.every[mine]
    probabilities = every.exp()
    seen = torch.where(probabilities > 0, every, 0.0)  # 0 times minus infinity is none
    mean = (probabilities * seen).sum(1)
    deviation = (probabilities * (seen - mean[:, None]) ** 2).sum(1).sqrt()
    right = own == every.max(1).values
    return TokenScores(*(tuple(values.tolist()) for values in (own, mean, deviation, right)))
