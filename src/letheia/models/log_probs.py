"""Log-probabilities of answers, at answer tokens only."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from letheia.errors import DataError
from letheia.models.encoding import Encoded, encode
from letheia.models.loading import Model
from letheia.types import Example


@dataclass(frozen=True)
class AnswerLogProbs:
    """Log-probabilities of a batch of answers.

    Attributes:
        log_probs: log p(token | everything before it), at least float32, answers one after the other.
        answer: Which answer each token belongs to.
    """

    log_probs: Float[Tensor, " tokens"]
    answer: Int[Tensor, " tokens"]


def encode_example(model: Model, example: Example) -> Encoded:
    """Token ids of an example.

    Raises:
        DataError: It does not fit into the model's context; answers are never cut.
    """
    encoded = encode(
        model.processor, example.question, example.answer, image_tokens=len(model.picture(example.portrait))
    )
    limit = model.network.config.get_text_config().max_position_embeddings
    if len(encoded.ids) > limit:
        raise DataError(
            f"{example.portrait.file}: picture, question and answer take {len(encoded.ids)} tokens, "
            f"the model reads {limit}. Shorten the response."
        )
    return encoded


def log_probs(model: Model, examples: Sequence[Example]) -> AnswerLogProbs:
    """Log-probabilities of each example's answer, end token included; differentiable.

    Args:
        model: The model, adapter on or off as it is.
        examples: At least one example.
    """
    encoded = [encode_example(model, e) for e in examples]
    pad = model.processor.tokenizer.pad_token_id
    length = max(len(e.ids) for e in encoded)
    ids = torch.tensor([[*e.ids, *[pad] * (length - len(e.ids))] for e in encoded], device=model.device)
    mask = torch.tensor([[1] * len(e.ids) + [0] * (length - len(e.ids)) for e in encoded], device=model.device)
    hidden = model.language_model(
        inputs_embeds=embed(model, ids, examples),
        attention_mask=mask,
        position_ids=torch.arange(length, device=model.device)[None],
        use_cache=False,
    ).last_hidden_state
    trained = [(r, i) for r, e in enumerate(encoded) for i in range(e.answer_start, len(e.ids))]
    row, at = torch.tensor(trained, device=model.device).unbind(1)
    logits = model.network.lm_head(hidden[row, at - 1])
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return AnswerLogProbs(-cross_entropy(logits, ids[row, at], reduction="none"), row)


def embed(model: Model, ids: Int[Tensor, "rows seq"], examples: Sequence[Example]) -> Float[Tensor, "rows seq hidden"]:
    """Token embeddings with each row's picture put in place of its placeholders."""
    embeddings = model.network.get_input_embeddings()(ids)
    pictures = torch.cat([model.picture(e.portrait) for e in examples]).to(embeddings.dtype)
    place = (ids == model.processor.image_token_id)[..., None]
    return embeddings.masked_scatter(place, pictures)
