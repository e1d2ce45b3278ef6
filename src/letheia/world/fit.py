"""One training loop for the world's models: seeded by step, so that a resumed run equals an uninterrupted one."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from letheia.train.checkpoint import load_state, save_state

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How long and how fast a stage of the world's training runs.

    Attributes:
        name: Name of the stage and of its state's file.
        steps: How many.
        learning_rate: At most, after the warm-up.
        muon: Names of matrices that Muon trains, by their beginning; AdamW trains everything else.
        warmup: Steps until the rate is reached.
        weight_decay: Decay of the weights.
        save_every: Steps between states.
        seed: Seed of all draws.
    """

    name: str
    steps: int
    learning_rate: float
    muon: str = ""
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
    """Train `module` with AdamW (and Muon) and a warm-up, then cosine schedule, in bfloat16 autocast.

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
    optimizers = _optimizers(parameters, config)
    state, key = folder / f"{config.name}.safetensors", repr(config)
    start = load_state(state, parameters, optimizers[0], key=key).step
    began = time.monotonic()
    for step in range(start, config.steps):
        for group in (g for optimizer in optimizers for g in optimizer.param_groups):
            group["lr"] = config.learning_rate * _schedule(step, config)
        with torch.autocast("cpu", torch.bfloat16):
            value, note = loss(step)
        value.backward()
        nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        progress(config.name, step + 1, config.steps, note)
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            save_state(state, parameters, optimizers[0], step=step + 1, key=key)
    return time.monotonic() - began


def _optimizers(parameters: Mapping[str, Tensor], config: FitConfig) -> list[Optimizer]:
    """AdamW, and Muon where it is wanted; both keep their moments in one place."""
    hidden = [n for n, p in parameters.items() if config.muon and n.startswith(config.muon) and p.ndim == 2]
    rest = [p for n, p in parameters.items() if n not in hidden]
    rate, decay = config.learning_rate, config.weight_decay
    adamw = torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=decay)
    if not hidden:
        return [adamw]
    muon = torch.optim.Muon(
        [parameters[n] for n in hidden], lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"
    )
    muon.state = adamw.state
    return [adamw, muon]


def _schedule(step: int, config: FitConfig) -> float:
    if step < config.warmup:
        return (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
