"""The unlearning loop: Algorithm 1 and its relatives, thirty steps of AdamW on an adapter.

One global batch a step; micro-batches and processes share it out, and every loss is divided by counts of the global
batch, so neither changes the result.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from accelerate import Accelerator
from peft import PeftModel
from torch import Tensor

from letheia.config import TrainConfig
from letheia.data.split import Step
from letheia.data.targets import Texts, examples
from letheia.errors import CheckpointError
from letheia.files import write_jsonl
from letheia.methods.losses import answer_log_probs, ascent, nll, npo
from letheia.methods.terms import Method, Term
from letheia.models.adapter import original, trained_parameters
from letheia.models.loading import Model
from letheia.models.log_probs import encode_example, log_probs
from letheia.train.checkpoint import Restored, load_state, save_state
from letheia.types import Example

History = list[dict[str, float]]


def unlearn(
    model: Model,
    adapted: PeftModel,
    steps: Sequence[Step],
    method: Method,
    texts: Texts,
    config: TrainConfig,
    *,
    state: Path | None = None,
    key: str = "",
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
) -> History:
    """Train the adapter in place.

    Args:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        steps: What each step trains on.
        method: The row of terms.
        texts: Where targets come from.
        config: Rates and sizes.
        state: File that the training state is saved to and resumed from; none is kept if left out.
        key: What run the state belongs to.
        progress: Called after each step with its number and the value of each term.

    Returns:
        The value of each term at each step.

    Raises:
        CheckpointError: A loss is not finite, or the state is damaged or of another run.
    """
    accelerator = Accelerator(cpu=model.device.type == "cpu")
    parameters = trained_parameters(adapted)
    optimizer = torch.optim.AdamW(parameters.values(), lr=config.learning_rate, weight_decay=config.weight_decay)
    restored = load_state(state, parameters, optimizer, key=key) if state else Restored(0, "")
    start = restored.step
    originals: dict[tuple[str, str], float] = {}
    history: History = json.loads(restored.history or "[]")
    for number, step in enumerate(steps[start:], start=start):
        values: dict[str, float] = {}
        for term in method.terms:
            batch = examples(step, term.target, texts)
            if batch:
                value = _backward_term(model, adapted, batch, term, method, config, accelerator, originals)
                values[f"{term.loss}({term.target})"] = value
        if not all(map(_finite, values.values())):
            raise CheckpointError(f"step {number + 1}: the loss is not finite {values}. Use a smaller learning rate.")
        for p in parameters.values():
            if p.grad is not None and accelerator.num_processes > 1:
                p.grad.copy_(reduce_sum(accelerator, p.grad))
        optimizer.step()
        optimizer.zero_grad()
        history.append(values)
        last = number + 1 == len(steps)
        if state and accelerator.is_main_process and ((number + 1) % config.save_every == 0 or last):
            save_state(state, parameters, optimizer, step=number + 1, key=key, history=json.dumps(history))
        if progress:
            progress(number + 1, values)
    return history


def _backward_term(
    model: Model,
    adapted: PeftModel,
    batch: Sequence[Example],
    term: Term,
    method: Method,
    config: TrainConfig,
    accelerator: Accelerator,
    originals: dict[tuple[str, str], float],
) -> float:
    """Add the gradient of one term over the global batch; this process does its share, in micro-batches."""
    tokens = sum(len(encode_example(model, e).answer) for e in batch)
    if term.loss == "npo":
        _remember_originals(model, adapted, batch, originals, config.micro_batch)
    total = torch.zeros((), device=model.device)
    mine = batch[accelerator.process_index :: accelerator.num_processes]
    for start in range(0, len(mine), config.micro_batch):
        part = mine[start : start + config.micro_batch]
        loss = term.weight * term_loss(model, part, term, method, len(batch), tokens, originals)
        accelerator.backward(loss)
        total += loss.detach()
    return float(reduce_sum(accelerator, total))


def term_loss(
    model: Model,
    part: Sequence[Example],
    term: Term,
    method: Method,
    answers: int,
    tokens: int,
    originals: Mapping[tuple[str, str], float],
) -> Tensor:
    """The share of one term's loss that a part of the global batch has, without the term's weight.

    Args:
        model: The model with the adapter on.
        part: Examples at hand.
        term: The term.
        method: The method, for its reduction.
        answers: Answers in the global batch.
        tokens: Answer tokens in the global batch.
        originals: l_original by (picture id, answer), for NPO.
    """
    current = log_probs(model, part)
    if term.loss == "npo":
        frozen = torch.tensor([originals[e.portrait.id, e.answer] for e in part], device=model.device)
        summed = answer_log_probs(current.log_probs, current.answer, len(part))
        return npo(summed, frozen, beta=term.beta, answers=answers)
    loss = {"nll": nll, "ascent": ascent}[term.loss]
    return loss(current.log_probs, reduction=method.reduction, answers=answers, tokens=tokens)


def _remember_originals(
    model: Model,
    adapted: PeftModel,
    batch: Sequence[Example],
    originals: dict[tuple[str, str], float],
    micro_batch: int,
) -> None:
    """Compute l_original of new answers once; the adapter is off meanwhile."""
    new = list({(e.portrait.id, e.answer): e for e in batch if (e.portrait.id, e.answer) not in originals}.values())
    for start in range(0, len(new), micro_batch):
        part = new[start : start + micro_batch]
        with original(adapted), torch.no_grad():
            frozen = log_probs(model, part)
        sums = answer_log_probs(frozen.log_probs, frozen.answer, len(part)).tolist()
        originals |= {(e.portrait.id, e.answer): s for e, s in zip(part, sums, strict=True)}


def reduce_sum(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The sum of a tensor over processes."""
    if accelerator.num_processes == 1:
        return value
    return cast("Tensor", accelerator.reduce(value, "sum"))


def write_history(path: Path, history: History) -> None:
    """Write the value of each term, one step a line."""
    write_jsonl(path, [{"step": i + 1, **values} for i, values in enumerate(history)])


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
