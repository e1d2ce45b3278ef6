"""The unlearning loop: Algorithm 1 and its relatives, thirty steps of AdamW on an adapter.

One global batch a step; micro-batches and processes share it out, and every loss is divided by counts of the global
batch, so neither changes the result.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

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
from letheia.models.log_probs import AnswerLogProbs, encode_example, log_probs, shared_log_probs
from letheia.models.memory import after_out_of_memory, recomputing, too_small
from letheia.models.model import Model
from letheia.models.precision import own_precision
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
    objective = Objective(
        model=model,
        adapted=adapted,
        method=method,
        texts=texts,
        micro_batch=config.micro_batch,
        engine=config.engine,
        recompute=config.recompute,
    )
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


@dataclass(frozen=True)
class Item:
    """An example with the number of the term it belongs to."""

    term: int
    example: Example


Group = list[Item]


@dataclass(kw_only=True)
class Objective:
    """A method's objective on an adapted model.

    Attributes:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        method: The row of terms.
        texts: Where targets come from.
        micro_batch: Answers computed at once; halved when memory runs out.
        engine: Whether answers on one picture share it.
        recompute: Whether layers are computed again for the gradient; switched on when memory runs out.
        accelerator: The processes that share the work.
        originals: l_original by (picture id, answer), filled on demand for NPO.
    """

    model: Model
    adapted: PeftModel
    method: Method
    texts: Texts
    micro_batch: int
    engine: Literal["shared", "plain"] = "shared"
    recompute: bool = False
    accelerator: Accelerator = field(default_factory=lambda: Accelerator())
    originals: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def backward(self, step: Step) -> dict[str, float]:
        """Leave the gradient of one step in the adapter's weights.

        When memory runs out, the step is begun anew: with smaller micro-batches down to the answers on one picture,
        then with layers computed twice, then with still smaller ones.

        Returns:
            The weighted value of each term, by its name.

        Raises:
            CheckpointError: One answer alone is too much.
        """
        while True:
            try:
                with own_precision(self.model), recomputing(self.model, self.recompute):
                    return self._backward(step)
            except torch.OutOfMemoryError:
                for p in trained_parameters(self.adapted).values():
                    p.grad = None
                self._take_less(step)

    def _take_less(self, step: Step) -> None:
        items = [Item(i, e) for i, t in enumerate(self.method.terms) for e in examples(step, t.target, self.texts)]
        on_one = max(map(len, _groups(items, self.engine)))
        if self.micro_batch > on_one or (self.recompute and self.micro_batch > 1):
            self.micro_batch = max(on_one if self.micro_batch > on_one else 1, self.micro_batch // 2)
            after_out_of_memory(f"{self.micro_batch} answers at once from here on.")
        elif not self.recompute:
            self.recompute = True
            after_out_of_memory("layers are computed twice from here on, which takes about a third longer.")
        else:
            raise too_small(self.model.name) from None

    def _backward(self, step: Step) -> dict[str, float]:
        batches = [examples(step, term.target, self.texts) for term in self.method.terms]
        tokens = [sum(len(encode_example(self.model, e).answer) for e in batch) for batch in batches]
        groups = _groups([Item(i, e) for i, batch in enumerate(batches) for e in batch], self.engine)
        totals = torch.zeros(len(batches), dtype=torch.float64, device=self.model.device)
        for part in _parts(groups[self.accelerator.process_index :: self.accelerator.num_processes], self.micro_batch):
            items = [item for group in part for item in group]
            current = self._log_probs([[item.example for item in group] for group in part])
            losses: dict[int, Tensor] = {}
            for i in sorted({item.term for item in items}):
                mine = [n for n, item in enumerate(items) if item.term == i]
                values = _select(current, mine)
                chosen = [items[n].example for n in mine]
                losses[i] = self._loss(self.method.terms[i], values, chosen, len(batches[i]), tokens[i])
                totals[i] += losses[i].detach()
            self.accelerator.backward(torch.stack(list(losses.values())).sum())
        if self.accelerator.num_processes > 1:
            for p in trained_parameters(self.adapted).values():
                gradient = torch.zeros_like(p) if p.grad is None else p.grad
                p.grad = reduce_sum(self.accelerator, gradient)
        summed = reduce_sum(self.accelerator, totals).tolist()
        names = [f"{term.loss}({term.target})" for term in self.method.terms]
        return {name: value for name, value, batch in zip(names, summed, batches, strict=True) if batch}

    def _log_probs(self, groups: Sequence[Sequence[Example]]) -> AnswerLogProbs:
        if self.engine == "plain":
            return log_probs(self.model, [example for group in groups for example in group])
        return shared_log_probs(self.model, groups)

    def _loss(self, term: Term, current: AnswerLogProbs, part: Sequence[Example], answers: int, tokens: int) -> Tensor:
        """The share of one term's loss that a part of the global batch has."""
        if term.loss == "npo":
            frozen = current.log_probs.new_tensor(self._original(part))
            summed = answer_log_probs(current.log_probs, current.answer, len(part))
            return term.weight * npo(summed, frozen, beta=term.beta, answers=answers)
        loss = {"nll": nll, "ascent": ascent}[term.loss]
        value = loss(current.log_probs, reduction=self.method.reduction, answers=answers, tokens=tokens)
        return term.weight * value

    def _original(self, part: Sequence[Example]) -> list[float]:
        """l_original of each answer, computed once; the adapter is off meanwhile."""
        new = list({_key(e): e for e in part if _key(e) not in self.originals}.values())
        if new:
            groups = [[item.example for item in group] for group in _groups([Item(0, e) for e in new], self.engine)]
            flat = [example for group in groups for example in group]
            with original(self.adapted), torch.no_grad():
                frozen = self._log_probs(groups)
            sums = answer_log_probs(frozen.log_probs, frozen.answer, len(flat)).tolist()
            self.originals |= {_key(e): value for e, value in zip(flat, sums, strict=True)}
        return [self.originals[_key(e)] for e in part]


def micro_batches(step: Step, method: Method, texts: Texts, config: TrainConfig) -> list[list[list[Example]]]:
    """The examples of a step as one process computes them: micro-batches of groups that share a prompt."""
    items = [Item(i, e) for i, term in enumerate(method.terms) for e in examples(step, term.target, texts)]
    parts = _parts(_groups(items, config.engine), config.micro_batch)
    return [[[item.example for item in group] for group in part] for part in parts]


def _groups(items: Sequence[Item], engine: Literal["shared", "plain"]) -> list[Group]:
    """Items that are computed in one row: all with the same picture and question, or each alone."""
    if engine == "plain":
        return [[item] for item in items]
    groups: dict[tuple[str, str], Group] = {}
    for item in items:
        groups.setdefault((item.example.portrait.id, item.example.question), []).append(item)
    return list(groups.values())


def _parts(groups: Sequence[Group], limit: int) -> Iterator[list[Group]]:
    """Cut into micro-batches of at most `limit` answers; a larger group is cut too."""
    part: list[Group] = []
    for group in (whole[i : i + limit] for whole in groups for i in range(0, len(whole), limit)):
        if part and sum(map(len, part)) + len(group) > limit:
            yield part
            part = []
        part.append(group)
    if part:
        yield part


def _select(current: AnswerLogProbs, answers: Sequence[int]) -> AnswerLogProbs:
    """The tokens of some of the answers, numbered anew."""
    number = torch.full((int(current.answer.max()) + 1,), -1, device=current.answer.device)
    number[torch.tensor(answers, device=number.device)] = torch.arange(len(answers), device=number.device)
    found = number[current.answer]
    return AnswerLogProbs(current.log_probs[found >= 0], found[found >= 0])


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


def write_trained(path: Path, steps: Sequence[Step], method: Method, texts: Texts) -> None:
    """Write every text that was trained on: step, loss, target, picture and answer."""
    write_jsonl(
        path,
        [
            {"step": i, "loss": t.loss, "target": t.target, "portrait": e.portrait.id, "answer": e.answer}
            for i, step in enumerate(steps, start=1)
            for t in method.terms
            for e in examples(step, t.target, texts)
        ],
    )
