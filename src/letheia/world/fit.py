"""One training loop for the world's models: seeded by step, so that a resumed run equals an uninterrupted one."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from letheia.train.checkpoint import load_state, save_state

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How long and how fast a stage of the world's training runs."""

    name: str
    steps: int
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.05
    save_every: int = 200
    seed: int = 0


def fit(
    module: nn.Module,
    loss: Callable[[int], tuple[Tensor, str]],
    config: FitConfig,
    *,
    folder: Path,
    progress: Progress,
) -> float:
    """Train `module` with AdamW and a warm-up, then cosine schedule, in bfloat16 autocast.

    Args:
        module: What is trained; parameters with `requires_grad` off stay.
        loss: Step to loss and a short note for the progress line. It seeds itself from the step.
        config: Length and rates.
        folder: Where the state is kept; a state of the same stage there is resumed.
        progress: Called with stage name, step, steps and note.

    Returns:
        Seconds spent in this call.
    """
    parameters: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
    )
    state, key = folder / f"{config.name}.safetensors", repr(config)
    start = load_state(state, parameters, optimizer, key=key).step
    began = time.monotonic()
    for step in range(start, config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config)
        with torch.autocast("cpu", torch.bfloat16):
            value, note = loss(step)
        value.backward()
        nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        progress(config.name, step + 1, config.steps, note)
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            save_state(state, parameters, optimizer, step=step + 1, key=key)
    return time.monotonic() - began


def _schedule(step: int, config: FitConfig) -> float:
    if step < config.warmup:
        return (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
