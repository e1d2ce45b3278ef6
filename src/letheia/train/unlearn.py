"""The unlearning loop: Algorithm 1 and its relatives, thirty steps of AdamW on an adapter.

One global batch a step; micro-batches and processes share it out, and every loss is divided by counts of the global
batch, so neither changes the result.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    parameters = trained_parameters(adapted)
    optimizer = torch.optim.AdamW(parameters.values(), lr=config.learning_rate, weight_decay=config.weight_decay)
    restored = load_state(state, parameters, optimizer, key=key) if state else Restored(0, "")
    history: History = json.loads(restored.history or "[]")
    objective = Objective(model=model, adapted=adapted, method=method, texts=texts, micro_batch=config.micro_batch)
    for number, step in enumerate(steps[restored.step :], start=restored.step + 1):
        values = objective.backward(step)
        if not all(map(math.isfinite, values.values())):
            raise CheckpointError(f"step {number}: the loss is not finite {values}. Use a smaller learning rate.")
        optimizer.step()
        optimizer.zero_grad()
        history.append(values)
        wanted = number % config.save_every == 0 or number == len(steps)
        if state and wanted and objective.accelerator.is_main_process:
            save_state(state, parameters, optimizer, step=number, key=key, history=json.dumps(history))
        if progress:
            progress(number, values)
    return history


@dataclass(kw_only=True)
class Objective:
    """A method's objective on an adapted model.

    Attributes:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        method: The row of terms.
        texts: Where targets come from.
        micro_batch: Answers computed at once.
        accelerator: The processes that share the work.
        originals: l_original by (picture id, answer), filled on demand for NPO.
    """

    model: Model
    adapted: PeftModel
    method: Method
    texts: Texts
    micro_batch: int
    accelerator: Accelerator = field(default_factory=Accelerator)
    originals: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def backward(self, step: Step) -> dict[str, float]:
        """Leave the gradient of one step in the adapter's weights.

        Returns:
            The weighted value of each term, by its name.
        """
        values: dict[str, float] = {}
        for term in self.method.terms:
            batch = examples(step, term.target, self.texts)
            if batch:
                values[f"{term.loss}({term.target})"] = self._backward_term(term, batch)
        if self.accelerator.num_processes > 1:
            for p in trained_parameters(self.adapted).values():
                if p.grad is not None:
                    p.grad.copy_(reduce_sum(self.accelerator, p.grad))
        return values

    def _backward_term(self, term: Term, batch: Sequence[Example]) -> float:
        """Add one term's gradient over the global batch; this process does its share, in micro-batches."""
        tokens = sum(len(encode_example(self.model, e).answer) for e in batch)
        total = torch.zeros((), device=self.model.device)
        mine = batch[self.accelerator.process_index :: self.accelerator.num_processes]
        for start in range(0, len(mine), self.micro_batch):
            part = mine[start : start + self.micro_batch]
            loss = term.weight * self._loss(term, part, answers=len(batch), tokens=tokens)
            self.accelerator.backward(loss)
            total += loss.detach()
        return float(reduce_sum(self.accelerator, total))

    def _loss(self, term: Term, part: Sequence[Example], *, answers: int, tokens: int) -> Tensor:
        """The share of one term's loss that a part of the global batch has."""
        if term.loss == "npo":
            frozen = torch.tensor(self._original(part), device=self.model.device)
            current = log_probs(self.model, part)
            summed = answer_log_probs(current.log_probs, current.answer, len(part))
            return npo(summed, frozen, beta=term.beta, answers=answers)
        loss = {"nll": nll, "ascent": ascent}[term.loss]
        current = log_probs(self.model, part)
        return loss(current.log_probs, reduction=self.method.reduction, answers=answers, tokens=tokens)

    def _original(self, part: Sequence[Example]) -> list[float]:
        """l_original of each answer, computed once; the adapter is off meanwhile."""
        new = list({_key(e): e for e in part if _key(e) not in self.originals}.values())
        if new:
            with original(self.adapted), torch.no_grad():
                frozen = log_probs(self.model, new)
            sums = answer_log_probs(frozen.log_probs, frozen.answer, len(new)).tolist()
            self.originals |= {_key(e): value for e, value in zip(new, sums, strict=True)}
        return [self.originals[_key(e)] for e in part]


def _key(example: Example) -> tuple[str, str]:
    return example.portrait.id, example.answer


def reduce_sum(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The sum of a tensor over processes."""
    if accelerator.num_processes == 1:
        return value
    return cast("Tensor", accelerator.reduce(value, "sum"))


def write_history(path: Path, history: History) -> None:
    """Write the value of each term, one step a line."""
    write_jsonl(path, [{"step": i + 1, **values} for i, values in enumerate(history)])
