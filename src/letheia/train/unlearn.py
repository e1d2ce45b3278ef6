"""The unlearning loop: Algorithm 1 and its relatives, thirty steps of AdamW on an adapter."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from peft import PeftModel

from letheia.config import TrainConfig
from letheia.data.split import Step
from letheia.data.targets import Texts, examples
from letheia.errors import CheckpointError, ConfigError
from letheia.files import write_jsonl
from letheia.methods.terms import Method
from letheia.models.adapter import trained_parameters
from letheia.models.model import Model
from letheia.train.checkpoint import Restored, load_state, save_state
from letheia.train.objective import Objective, Work

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
    progress: Callable[[int, Mapping[str, float], Work], None] | None = None,
) -> History:
    """Train the adapter in place.

    A method's recipe is not looked at here: `study.plan` turns it into steps and configuration.

    Args:
        model: The model with the adapter in it.
        adapted: peft's wrapper of the same network.
        steps: What each step trains on.
        method: The row of terms.
        texts: Where targets come from.
        config: Rates and sizes.
        state: File that the training state is saved to and resumed from; none is kept if left out.
        key: What run the state belongs to.
        progress: Called after each step with its number, the value of each term and what the step took.

    Returns:
        The value of each term at each step.

    Raises:
        ConfigError: The configuration has no learning rate, other steps are given than it says, or the adapter was
            loaded to answer, not to be trained on.
        CheckpointError: A loss is not finite, or the state is damaged or of another run.
    """
    if config.learning_rate is None:
        raise ConfigError("learning_rate: is needed to train. 'letheia rates' finds one.")
    if len(steps) != config.steps:
        raise ConfigError(f"steps: {len(steps)} are planned, and the configuration says {config.steps}.")
    parameters = trained_parameters(adapted)
    if not parameters:
        raise ConfigError("the adapter has nothing to train. Load it with load_adapter(…, trainable=True).")
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
        began = time.monotonic()
        values = objective.backward(step)
        if not all(map(math.isfinite, values.values())):
            raise CheckpointError(f"step {number}: the loss is not finite {values}. Use a smaller learning rate.")
        if config.decay:
            optimizer.param_groups[0]["lr"] = config.learning_rate * (1 - (number - 1) / len(steps))
        optimizer.step()
        optimizer.zero_grad()
        history.append(values)
        wanted = number % config.save_every == 0 or number == len(steps)
        if state and wanted and objective.accelerator.is_main_process:
            save_state(state, parameters, optimizer, step=number, key=key, history=json.dumps(history))
        if progress:
            progress(number, values, objective.work(step, time.monotonic() - began))
    return history


def write_history(path: Path, history: History) -> None:
    """Write the value of each term, one step per line."""
    write_jsonl(path, [{"step": i + 1, **values} for i, values in enumerate(history)])


def write_trained(path: Path, steps: Sequence[Step], method: Method, texts: Texts) -> None:
    """Write every text that was trained on: step, loss, target, picture and answer."""
    write_jsonl(
        path,
        [
            {
                **{"step": i, "loss": t.loss_name, "target": t.target, "portrait": e.portrait.id, "answer": e.answer},
                **({} if e.finished else {"finished": False}),
            }
            for i, step in enumerate(steps, start=1)
            for t in method.terms
            for target in t.targets
            for e in examples(step, target, texts)
        ],
    )
