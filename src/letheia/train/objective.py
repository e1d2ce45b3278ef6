"""A method's objective and its gradient: terms, groups of answers that share a picture, micro-batches, processes.

Micro-batches and processes share the global batch out, and every loss is divided by counts of the global batch, so
neither changes the result.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

import torch
from accelerate import Accelerator
from peft import PeftModel
from torch import Tensor

from letheia.data.split import Step
from letheia.data.targets import TARGETS, Texts, units
from letheia.methods.losses import answer_log_probs, loss_of
from letheia.methods.terms import LossInput, Method, Term
from letheia.models.adapter import original, trained_parameters
from letheia.models.lean import lean
from letheia.models.log_probs import AnswerLogProbs, encode_example, log_probs, row_tokens, shared_log_probs
from letheia.models.memory import after_out_of_memory, in_use, recomputing, too_small
from letheia.models.model import Model
from letheia.models.precision import own_precision
from letheia.models.sharding import is_sharded
from letheia.train.batches import Batches, Item, Row, UnitGroup, by_row, filled, step_units
from letheia.types import Example


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step took.

    Attributes:
        tokens: Tokens that were computed, in all processes.
        alone: Tokens that would have been, with a row for each answer.
        seconds: How long it took.
        memory: Bytes that were in use at most so far.
    """

    tokens: int
    alone: int
    seconds: float
    memory: int

    def __str__(self) -> str:
        """As a progress bar shows it."""
        return (
            f"{self.tokens / self.seconds:,.0f} tokens/s, {1 - self.tokens / self.alone:.0%} saved by sharing, "
            f"{self.memory / 2**30:.1f} GiB"
        )


MICRO_TOKENS = {"cpu": 512, "cuda": 8192}
"""Tokens computed at once: on a CPU as many as its caches hold, on a GPU as many as keep it busy."""


@dataclass(kw_only=True)
class Objective:
    """A method's objective on an adapted model.

    Attributes:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        method: The row of terms.
        texts: Where targets come from.
        micro_batch: Answers computed at once, by tokens if left out; halved when memory runs out.
        micro_tokens: Tokens computed at once where it is left out; what suits the device if left out too; halved too.
        answers_a_row: Answers on one picture computed at once, all if left out; fewer when memory still runs out.
        engine: Whether answers on one picture share it.
        recompute: Whether layers are computed again for the gradient; switched on when memory runs out.
        accelerator: The processes that share the work.
        originals: l_original by (picture id, question, prefix, answer, whether it ends), filled on demand for NPO.
    """

    model: Model
    adapted: PeftModel
    method: Method
    texts: Texts
    micro_batch: int | None = None
    micro_tokens: int | None = None
    answers_a_row: int | None = None
    engine: Literal["shared", "plain"] = "shared"
    recompute: bool = False
    accelerator: Accelerator = field(default_factory=lambda: Accelerator())
    originals: dict[tuple[str, str, str, str, bool], float] = field(
        default_factory=dict[tuple[str, str, str, str, bool], float]
    )

    def backward(self, step: Step) -> dict[str, float]:
        """Leave the gradient of one step in the adapter's weights.

        When memory runs out, the step is begun anew: with smaller micro-batches down to the largest row, then with
        layers computed twice, then with that row in pieces.

        Returns:
            The weighted value of each term, by its name.

        Raises:
            CheckpointError: One answer alone is too much.
        """
        while True:
            try:
                with own_precision(self.model), lean(self.model), recomputing(self.model, self.recompute):
                    return self._backward(step)
            except torch.OutOfMemoryError:
                for p in trained_parameters(self.adapted).values():
                    p.grad = None
                self._take_less(step)

    def work(self, step: Step, seconds: float) -> Work:
        """What a step took, given its seconds."""
        rows = self.batches(step).rows
        return Work(
            tokens=sum(row.tokens for row in rows),
            alone=sum(len(encode_example(self.model, item.example).ids) for row in rows for item in row.items),
            seconds=seconds,
            memory=in_use(self.model.device),
        )

    def batches(self, step: Step) -> Batches:
        """How a step is computed, with what is known of memory so far."""
        groups = self._groups(step)
        return Batches(groups, [[Row(row, self._tokens(row)) for row in part] for part in self._parts(groups)])

    def _take_less(self, step: Step) -> None:
        """Compute less at once: first fewer rows, then layers twice, then fewer answers a row."""
        if is_sharded(self.model):  # the other processes wait for this one and know nothing of it
            raise too_small(self.model.name) from None
        batches = self.batches(step)
        sizes = [[len(row.items) if self.micro_batch else row.tokens for row in part] for part in batches.parts]
        most, largest = max(map(sum, sizes)), max(map(max, sizes))
        answers = max(len(row.items) for row in batches.rows)
        if most > largest and self.micro_batch:
            self.micro_batch = max(largest, most // 2)
            after_out_of_memory(f"{self.micro_batch} answers at once from here on.")
        elif most > largest:
            self.micro_tokens = max(largest, most // 2)
            after_out_of_memory(f"{self.micro_tokens:,} tokens at once from here on.")
        elif not self.recompute:
            self.recompute = True
            after_out_of_memory("layers are computed twice from here on, which takes about a third longer.")
        elif answers > max(len(unit) for group in batches.groups for unit in group):
            self.answers_a_row = answers // 2
            # the pieces, put together again, are to be no larger than the row was
            if self.micro_batch:
                self.micro_batch = self.answers_a_row
            else:
                self.micro_tokens = most
            after_out_of_memory(f"{self.answers_a_row} answers on one picture at once from here on.")
        else:
            raise too_small(self.model.name) from None

    def _backward(self, step: Step) -> dict[str, float]:
        batches = [units(step, term, self.texts) for term in self.method.terms]
        tokens = [sum(len(encode_example(self.model, e).answer) for unit in batch for e in unit) for batch in batches]
        groups = self._groups(step)
        everywhere: set[int] = set()  # terms that ask the original beside every micro-batch: all processes have to
        if is_sharded(self.model):
            self._originals_of(batches)
            everywhere = {i for i, term in enumerate(self.method.terms) if _asks_beside(term)}
        totals = torch.zeros(len(batches), dtype=torch.float64, device=self.model.device)
        every, states = (any(getattr(loss_of(t), n) for t in self.method.terms) for n in ("vocabulary", "states"))
        share = list(self._share(groups, self.accelerator.process_index))
        for part in share:
            items = [item for group in part for item in group]
            examples = [[item.example for item in group] for group in part]
            current = self._log_probs(examples, every=every, states=states)
            losses: dict[int, Tensor] = {}
            for i in sorted({item.term for item in items}):
                mine = [n for n, item in enumerate(items) if item.term == i]
                values = current.of(mine)
                chosen = [items[n].example for n in mine]
                losses[i] = self._loss(self.method.terms[i], values, chosen, len(batches[i]), tokens[i])
                totals[i] += losses[i].detach()
            self._ask(examples[0][0], times=len(everywhere - {item.term for item in items}))
            self.accelerator.backward(torch.stack(list(losses.values())).sum())
        if is_sharded(self.model):
            self._keep_up(groups, len(everywhere), done=len(share))
        if self.accelerator.num_processes > 1:
            for p in trained_parameters(self.adapted).values():
                gradient = torch.zeros_like(p) if p.grad is None else p.grad
                p.grad = reduce_sum(self.accelerator, gradient)
        summed = reduce_sum(self.accelerator, totals).tolist()
        names = [term.name for term in self.method.terms]
        return {name: value for name, value, batch in zip(names, summed, batches, strict=True) if batch}

    def _groups(self, step: Step) -> list[UnitGroup]:
        """What is computed in one row each, short rows first, so that rows computed at once need little padding."""
        groups = by_row(self.model, step_units(step, self.method, self.texts), self.engine)
        return sorted(groups, key=lambda group: self._tokens([item for unit in group for item in unit]))

    def _parts(self, groups: Sequence[UnitGroup]) -> Iterator[list[list[Item]]]:
        """Cut into micro-batches."""
        if self.micro_batch:
            most = min(self.micro_batch, self.answers_a_row or self.micro_batch)
            return filled(groups, len, self.micro_batch, most=most)
        limit = self.micro_tokens or MICRO_TOKENS.get(self.model.device.type, MICRO_TOKENS["cuda"])
        return filled(groups, self._tokens, limit, most=self.answers_a_row)

    def _tokens(self, row: Sequence[Item]) -> int:
        """Tokens of a row."""
        encoded = [encode_example(self.model, item.example) for item in row]
        return row_tokens(encoded) if self.engine == "shared" else sum(len(e.ids) for e in encoded)

    def _share(self, groups: Sequence[UnitGroup], process: int) -> Iterator[list[list[Item]]]:
        """The micro-batches of one process."""
        return self._parts(groups[process :: self.accelerator.num_processes])

    def _keep_up(self, groups: Sequence[UnitGroup], asked: int, *, done: int) -> None:
        """Compute as often as the busiest process: each layer wants all processes to gather its weights."""
        example = groups[0][0][0].example
        processes = range(self.accelerator.num_processes)
        most = max(sum(1 for _ in self._share(groups, process)) for process in processes)
        for _ in range(most - done):
            nothing = self._log_probs([[example]]).log_probs.sum() * 0
            self._ask(example, times=asked)
            self.accelerator.backward(nothing)

    def _ask(self, example: Example, *, times: int) -> None:
        """Ask the original about any example, as another process does about its own."""
        for _ in range(times):
            self._frozen([example])

    def _log_probs(
        self, groups: Sequence[Sequence[Example]], *, every: bool = False, states: bool = False
    ) -> AnswerLogProbs:
        if self.engine == "plain":
            flat = [example for group in groups for example in group]
            return log_probs(self.model, flat, every=every, states=states)
        return shared_log_probs(self.model, groups, every=every, states=states)

    def _loss(self, term: Term, current: AnswerLogProbs, part: Sequence[Example], answers: int, tokens: int) -> Tensor:
        """The share of one term's loss that a part of the global batch has."""
        loss = loss_of(term)
        frozen = None
        if loss.vocabulary:
            frozen = self._distributions(term, part) if loss.original else None
        elif loss.states:
            frozen = self._frozen(part, states=True)
        elif loss.original:
            frozen = current.log_probs.new_tensor(self._original(part))
        given = LossInput(
            log_probs=current.log_probs,
            answer=current.answer,
            here=len(part),
            original=frozen,
            every=current.every if loss.vocabulary else None,
            states=current.states if loss.states else None,
            beta=term.beta,
            reduction=self.method.reduction,
            answers=answers,
            tokens=tokens,
        )
        return term.weight * loss.value(given)

    def _originals_of(self, batches: Sequence[Sequence[tuple[Example, ...]]]) -> None:
        """Compute what terms need of the original once, in all processes alike, before they go their own ways."""
        for term, batch in zip(self.method.terms, batches, strict=True):
            loss = loss_of(term)
            if loss.original and not _asks_beside(term):
                rows = by_row(self.model, [(Item(0, e),) for unit in batch for e in unit], self.engine)
                for part in self._parts(rows):
                    self._original([item.example for row in part for item in row])

    def _original(self, part: Sequence[Example]) -> list[float]:
        """l_original of each answer, computed once; the adapter is off meanwhile."""
        new = list({_key(e): e for e in part if _key(e) not in self.originals}.values())
        if new:
            groups = self._rows(new)
            flat = [example for group in groups for example in group]
            with original(self.adapted), torch.no_grad():
                frozen = self._log_probs(groups)
            sums = answer_log_probs(frozen.log_probs, frozen.answer, len(flat)).tolist()
            self.originals |= {_key(e): value for e, value in zip(flat, sums, strict=True)}
        return [self.originals[_key(e)] for e in part]

    def _distributions(self, term: Term, part: Sequence[Example]) -> Tensor:
        """What the original would say at every token of the answers, asked as for them: for o* under guidance."""
        if TARGETS[term.target].drawn and not TARGETS[term.target].guided:
            part = [replace(e, question=self.texts.prompts.with_guidance(e.question, e.portrait)) for e in part]
        return self._frozen(part, every=True)

    def _frozen(self, part: Sequence[Example], *, every: bool = False, states: bool = False) -> Tensor:
        """The original's log-probabilities, those of the whole vocabulary, or its states, at every token of answers."""
        groups = self._rows(part)
        with original(self.adapted), torch.no_grad():
            frozen = self._log_probs(groups, every=every, states=states)
        found = frozen.every if every else frozen.states if states else frozen.log_probs
        assert found is not None
        tokens = found.split(frozen.answer.bincount().tolist())
        by_answer = dict(zip([id(e) for group in groups for e in group], tokens, strict=True))
        return torch.cat([by_answer[id(e)] for e in part])

    def _rows(self, examples: Sequence[Example]) -> list[list[Example]]:
        groups = by_row(self.model, [(Item(0, e),) for e in examples], self.engine)
        return [[item.example for unit in group for item in unit] for group in groups]


def largest_micro_batch(
    model: Model, adapted: PeftModel, step: Step, method: Method, texts: Texts, *, device: torch.device
) -> tuple[int, list[list[Example]]]:
    """The micro-batch of a step with the most tokens on a device: how many, and examples grouped by their prompt."""
    tokens = MICRO_TOKENS.get(device.type, MICRO_TOKENS["cuda"])
    objective = Objective(model=model, adapted=adapted, method=method, texts=texts, micro_tokens=tokens)
    batches = objective.batches(step)
    largest = max(batches.parts, key=lambda part: sum(row.tokens for row in part))
    return batches.most_tokens, [[item.example for item in row.items] for row in largest]


def _asks_beside(term: Term) -> bool:
    """Whether a term asks the original beside every micro-batch, in a forward pass of its own."""
    loss = loss_of(term)
    return loss.states or (loss.original and loss.vocabulary)


def _key(example: Example) -> tuple[str, str, str, str, bool]:
    return example.portrait.id, example.question, example.prefix, example.answer, example.finished


def reduce_sum(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The sum of a tensor over processes."""
    if accelerator.num_processes == 1:
        return value
    return cast("Tensor", accelerator.reduce(value, "sum"))
