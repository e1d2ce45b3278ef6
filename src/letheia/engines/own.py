"""Answers: greedy for evaluation, sampled for o*.

Every answer has its own random stream, so a draw does not depend on what else is in the batch. Answers to one prompt
are computed in one row, as branches of it: the prompt, its keys and its values are there once, however many draws.
Prompts on one picture stand together, so that it is read once for all of them (`models/reading.py`).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from letheia.engines.base import MAX_NEW_TOKENS
from letheia.errors import DataError
from letheia.models.answering import answering
from letheia.models.cache import with_room
from letheia.models.masks import additive
from letheia.models.memory import after_out_of_memory, cache_bytes, free_bytes, give_back, too_small
from letheia.models.model import Model, evaluating
from letheia.models.precision import own_precision
from letheia.models.reading import begun_tokens, encoded_prompt, read_prompts
from letheia.models.sharding import is_sharded
from letheia.types import Answer, Prompt

ROWS = 64
"""Rows at once where nothing else is said."""


@dataclass(frozen=True)
class OwnEngine:
    """Answers with a model in this process, its adapter on or off as it is; an `Engine`.

    Attributes:
        model: The model.
        rows: Rows at once, fewer where their keys and values would take half of a machine's free memory; halved when
            memory runs out. No answer changes by it.
    """

    model: Model
    rows: int = ROWS

    def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        sample: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answer each prompt (`Engine.answer`); they are read in batches of similar length.

        Raises:
            CheckpointError: One answer alone takes more memory than there is.
            DataError: A prompt leaves no room for an answer in the model's context.
        """
        model = self.model
        give_back(model.device)  # what training has left in the heap
        model.load_pictures([p.portrait for p in prompts if p.portrait])
        encoded = [_encoded(model, p) for p in prompts]
        tokens = max(map(len, encoded), default=0) + max_new_tokens
        rows = rows_within(model, self.rows, tokens, free_bytes(model.device))
        order = _order(encoded, prompts)
        answers: dict[int, Answer] = {}
        with evaluating(model.network), own_precision(model), answering(model):
            while len(answers) < len(order):
                part = order[len(answers) : len(answers) + rows]
                try:
                    ids = _generate_batch(
                        model, [encoded[i] for i in part], [prompts[i] for i in part], max_new_tokens, sample=sample
                    )
                except torch.OutOfMemoryError:
                    if len(part) == 1 or is_sharded(model):  # sharded: the other processes would wait for ever
                        raise too_small(model.name) from None
                    rows = len(part) // 2
                    after_out_of_memory(f"{rows} answers at once from here on.")
                    continue
                limits = [_limit(model, encoded[i], max_new_tokens) for i in part]
                begun = [begun_tokens(model, prompts[i]) for i in part]
                answers |= {
                    i: _decode(model, row[:n], start) for i, row, n, start in zip(part, ids, limits, begun, strict=True)
                }
                if progress:
                    progress(len(part))
        give_back(model.device)
        return [answers[i] for i in range(len(prompts))]

    def tell(
        self, prompt: Prompt, *, max_new_tokens: int, sample: bool = False, heard: Callable[[str], None]
    ) -> Answer:
        """Answer one prompt, and say at each token what the answer is so far: for whoever reads along.

        Args:
            prompt: What is asked.
            max_new_tokens: Length limit.
            sample: Draw instead of taking the likeliest token.
            heard: Called with the answer so far; what it raises ends the answer.

        Raises:
            CheckpointError: It takes more memory than there is.
            DataError: The prompt leaves no room for an answer in the model's context.
        """
        model = self.model
        encoded, begun = _encoded(model, prompt), begun_tokens(model, prompt)
        said: list[Tensor] = []

        def hear(token: Int[Tensor, " answers"]) -> None:
            said.append(token)
            heard(_decode(model, torch.cat(said), begun).text)

        try:
            with evaluating(model.network), own_precision(model):
                (ids,) = _generate_batch(model, [encoded], [prompt], max_new_tokens, sample=sample, hear=hear)
        except torch.OutOfMemoryError:
            raise too_small(model.name) from None
        return _decode(model, ids[: _limit(model, encoded, max_new_tokens)], begun)


def generate(
    model: Model,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int = MAX_NEW_TOKENS,
    sample: bool = False,
    batch: int = ROWS,
    progress: Callable[[int], None] | None = None,
) -> list[Answer]:
    """Answer each prompt with a model in this process; for users of the library, `OwnEngine` in a call.

    Args:
        model: The model, adapter on or off as it is.
        prompts: What is asked.
        max_new_tokens: Length limit; an answer also ends where the model's context does.
        sample: Draw at each prompt's temperature, by its seed, instead of taking the likeliest token.
        batch: Rows at once, at most.
        progress: Called with the number of answers that have been added.

    Returns:
        The answers, in the order of the prompts.

    Raises:
        CheckpointError: One answer alone takes more memory than there is.
        DataError: A prompt leaves no room for an answer in the model's context.
    """
    return OwnEngine(model, batch).answer(prompts, max_new_tokens=max_new_tokens, sample=sample, progress=progress)


def _encoded(model: Model, prompt: Prompt) -> tuple[int, ...]:
    """Token ids of a prompt.

    Raises:
        DataError: It leaves no room for an answer.
    """
    ids = encoded_prompt(model, prompt)
    if len(ids) >= model.context:
        raise DataError(
            f"{prompt.question[:60]!r}: picture and question take {len(ids)} tokens, "
            f"the model reads {model.context} with its answer. Shorten the question."
        )
    return ids


def _limit(model: Model, prompt: tuple[int, ...], max_new_tokens: int) -> int:
    """How many tokens an answer to a prompt has at most."""
    return min(max_new_tokens, model.context - len(prompt))


def rows_within(model: Model, batch: int, tokens: int, there: int) -> int:
    """How many rows of so many tokens; a GPU tells when it has had enough, a CPU's process would be killed."""
    if model.device.type == "cuda":
        return batch
    return max(1, min(batch, there // 2 // cache_bytes(model, tokens=tokens)))


def _order(encoded: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]) -> list[int]:
    """Numbers of prompts: those on one picture together, by the longest of them, so that rows need little padding."""
    about = [p.portrait.file if p.portrait and p.portrait.shown else e for e, p in zip(encoded, prompts, strict=True)]
    longest: dict[Any, int] = {}
    for ids, what in zip(encoded, about, strict=True):
        longest[what] = max(longest.get(what, 0), len(ids))
    return sorted(range(len(prompts)), key=lambda i: (longest[about[i]], *_same(encoded[i], prompts[i])))


def _same(ids: tuple[int, ...], prompt: Prompt) -> tuple[str, tuple[int, ...]]:
    """What two prompts have in common that are computed once."""
    return str(prompt.portrait.file) if prompt.portrait else "", ids


def _generate_batch(
    model: Model,
    encoded: list[tuple[int, ...]],
    prompts: list[Prompt],
    max_new_tokens: int,
    *,
    sample: bool,
    hear: Callable[[Tensor], None] = lambda _: None,
) -> Int[Tensor, "answers new"]:
    """Token ids of answers: a row a prompt, and in it a place for each answer to it; `hear` gets each as it comes."""
    rows: dict[tuple[Any, ...], list[int]] = {}
    for i, (ids, prompt) in enumerate(zip(encoded, prompts, strict=True)):
        alone = (str(i),) if model.family.bidirectional else ()
        rows.setdefault((*_same(ids, prompt), *alone), []).append(i)
    at = {i: (number, place) for number, row in enumerate(rows.values()) for place, i in enumerate(row)}
    row, place = torch.tensor([at[i] for i in range(len(prompts))], device=model.device).unbind(1)
    places = max(map(len, rows.values()))
    ends = torch.tensor(model.ends, device=model.device)
    first = [row[0] for row in rows.values()]
    hidden, begun = read_prompts(model, [encoded[i] for i in first], [prompts[i] for i in first])
    cache = with_room(begun.cache, places=places)
    positions = begun.positions.amax(0, keepdim=True).expand(len(begun.positions), -1, places)
    streams = [torch.Generator().manual_seed(p.seed) for p in prompts]
    temperature = torch.tensor([p.temperature for p in prompts], device=model.device)
    done = torch.zeros(len(prompts), dtype=torch.bool, device=model.device)
    limits = torch.tensor([_limit(model, ids, max_new_tokens) for ids in encoded], device=model.device)
    read = torch.full_like(place, -1)  # the prompt's last token predicts every answer's first
    new: list[Tensor] = []
    while True:
        logits = model.network.lm_head(hidden[row, read])[:, : model.vocabulary].float()
        token = _draw(logits / temperature[:, None], streams) if sample else logits.argmax(1)
        token = token.masked_fill(done, model.pad)
        new.append(token)
        hear(token)
        done |= torch.isin(token, ends) | (limits <= len(new))
        if done.all():
            return torch.stack(new, 1)
        ids = token.new_full((len(rows), places), model.pad)
        ids[row, place], read, positions = token, place, positions + 1
        embeddings = model.network.get_input_embeddings()(ids)
        hidden = model.language_model(
            inputs_embeds=embeddings,
            attention_mask=_seen(model, begun.real, places, len(new), embeddings.dtype),
            position_ids=positions if len(positions) > 1 else positions[0],
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state


def _seen(model: Model, prefix: Int[Tensor, "rows prefix"], places: int, new: int, dtype: torch.dtype) -> Tensor:
    """The mask of the next tokens: each place sees its row's prompt and, of the tokens behind it, those at its place.

    A family whose network makes its own masks has one place a row, and is told what is padding.
    """
    if model.family.bidirectional:
        return torch.cat([prefix, prefix.new_ones(len(prefix), new)], 1)
    own = torch.eye(places, dtype=torch.bool, device=prefix.device).repeat(1, new)
    allowed = torch.cat([prefix[:, None].bool().expand(-1, places, -1), own.expand(len(prefix), -1, -1)], 2)
    return additive(allowed[:, None], dtype)


def _draw(logits: Float[Tensor, "rows vocab"], streams: list[torch.Generator]) -> Int[Tensor, " rows"]:
    """One token a row by inverting the cumulative distribution at the row's own uniform number."""
    uniform = torch.stack([torch.rand((), generator=s, dtype=torch.float64) for s in streams]).to(logits.device)
    cumulative = logits.double().softmax(1).cumsum(1)
    return (
        torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:]).squeeze(1).clamp(max=logits.shape[1] - 1)
    )


def _decode(model: Model, ids: Int[Tensor, " new"], begun: tuple[int, ...]) -> Answer:
    tokens, ends = ids.tolist(), model.ends
    said = list(itertools.takewhile(lambda token: token not in ends, tokens))
    text = model.processor.tokenizer.decode([*begun, *said], skip_special_tokens=True).strip()
    if text.startswith("<think>"):  # an answer is what follows the thoughts; if they were cut off, there is none
        text = text.partition("</think>")[2].strip()
    return Answer(text, len(said) < len(tokens))
