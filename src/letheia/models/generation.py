"""Answers: greedy for evaluation, sampled at temperature 1 for o*.

Every row has its own random stream, so a draw does not depend on what else is in the batch.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad as pad_left
from transformers import DynamicCache

from letheia.errors import DataError
from letheia.models.encoding import encode_prompt
from letheia.models.loading import Model, evaluating
from letheia.models.masks import row_mask
from letheia.models.memory import after_out_of_memory, too_small
from letheia.models.precision import own_precision
from letheia.types import Generation, Group, Portrait


@dataclass(frozen=True)
class Prompt:
    """A question about a picture, or about nothing; `seed` starts the row's random stream when sampling."""

    question: str
    portrait: Portrait | None = None
    seed: int = 0


@dataclass(frozen=True)
class Answer:
    """A generated text; `finished` tells whether it ended by itself."""

    text: str
    finished: bool


def generate(
    model: Model,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int = 96,
    sample: bool = False,
    batch: int = 64,
    progress: Callable[[int], None] | None = None,
) -> list[Answer]:
    """Answer each prompt.

    Args:
        model: The model, adapter on or off as it is.
        prompts: What is asked; answered in batches of similar length, returned in order.
        max_new_tokens: Length limit.
        sample: Draw at temperature 1 instead of taking the likeliest token.
        batch: Rows at once; halved when memory runs out, which changes no answer.
        progress: Called with the number of answers that have been added.

    Raises:
        CheckpointError: One answer alone takes more memory than there is.
        DataError: A prompt leaves no room for an answer in the model's context.
    """
    model.load_pictures([p.portrait for p in prompts if p.portrait])
    encoded = [
        encode_prompt(model.processor, p.question, picture=model.picture(p.portrait).text if p.portrait else "")
        for p in prompts
    ]
    for prompt, ids in zip(prompts, encoded, strict=True):
        if len(ids) >= model.context:
            raise DataError(
                f"{prompt.question[:60]!r}: picture and question take {len(ids)} tokens, "
                f"the model reads {model.context} with its answer. Shorten the question."
            )
    order = sorted(range(len(prompts)), key=lambda i: len(encoded[i]))
    answers: dict[int, Answer] = {}
    with evaluating(model.network), own_precision(model):
        while len(answers) < len(order):
            part = order[len(answers) : len(answers) + batch]
            try:
                ids = _generate_batch(
                    model, [encoded[i] for i in part], [prompts[i] for i in part], max_new_tokens, sample=sample
                )
            except torch.OutOfMemoryError:
                if len(part) == 1:
                    raise too_small(model.name) from None
                batch = len(part) // 2
                after_out_of_memory(f"{batch} answers at once from here on.")
                continue
            answers |= {i: _decode(model, row) for i, row in zip(part, ids, strict=True)}
            if progress:
                progress(len(part))
    return [answers[i] for i in range(len(prompts))]


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


def _generate_batch(
    model: Model, encoded: list[tuple[int, ...]], prompts: list[Prompt], max_new_tokens: int, *, sample: bool
) -> Int[Tensor, "rows new"]:
    tokenizer = model.processor.tokenizer
    pad, ends = tokenizer.pad_token_id, torch.tensor(model.ends, device=model.device)
    length = max(len(e) for e in encoded)
    ids = torch.tensor([[*[pad] * (length - len(e)), *e] for e in encoded], device=model.device)
    mask = torch.tensor([[0] * (length - len(e)) + [1] * len(e) for e in encoded], device=model.device)
    embeddings = model.network.get_input_embeddings()(ids)
    embeddings = model.with_pictures(embeddings, ids, [p.portrait for p in prompts if p.portrait])
    streams = [torch.Generator().manual_seed(p.seed) for p in prompts]
    cache = DynamicCache(config=model.network.config.get_text_config())
    done = torch.zeros(len(prompts), dtype=torch.bool, device=model.device)
    own = [model.positions(e, p.portrait) for e, p in zip(encoded, prompts, strict=True)]
    positions = torch.stack([pad_left(row, (length - row.shape[1], 0)) for row in own], 1).to(model.device)
    new: list[Tensor] = []
    seen = row_mask(model, embeddings, ids, mask)
    while len(new) < max_new_tokens and not done.all():
        hidden = model.language_model(
            inputs_embeds=embeddings,
            attention_mask=seen,
            position_ids=positions if len(positions) > 1 else positions[0],
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        logits = model.network.lm_head(hidden[:, -1]).float()
        token = _draw(logits, streams) if sample else logits.argmax(1)
        token = token.masked_fill(done, pad)
        new.append(token)
        done |= torch.isin(token, ends)
        seen = mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        positions = positions[:, :, -1:].amax(0, keepdim=True).expand(len(positions), -1, 1) + 1
        embeddings = model.network.get_input_embeddings()(token[:, None])
    return torch.stack(new, 1)


def _draw(logits: Float[Tensor, "rows vocab"], streams: list[torch.Generator]) -> Int[Tensor, " rows"]:
    """One token a row by inverting the cumulative distribution at the row's own uniform number."""
    uniform = torch.stack([torch.rand((), generator=s, dtype=torch.float64) for s in streams]).to(logits.device)
    cumulative = logits.double().softmax(1).cumsum(1)
    return (
        torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:]).squeeze(1).clamp(max=logits.shape[1] - 1)
    )


def _decode(model: Model, ids: Int[Tensor, " new"]) -> Answer:
    tokens, ends = ids.tolist(), model.ends
    said = list(itertools.takewhile(lambda token: token not in ends, tokens))
    text = model.processor.tokenizer.decode(said, skip_special_tokens=True).strip()
    return Answer(text, len(said) < len(tokens))
