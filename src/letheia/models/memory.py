"""What to do when a device runs out of memory: recompute, and compute less at once. Results stay the same."""

import contextlib
import gc
import logging
from collections.abc import Iterator
from functools import partial

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from letheia.errors import CheckpointError
from letheia.models.model import Model

log = logging.getLogger("letheia")


@contextlib.contextmanager
def recomputing(model: Model, on: bool = True) -> Iterator[None]:
    """Inside, the language model's layers keep their inputs alone and are computed again for the gradient."""
    layers = list(model.language_model.layers) if on else []
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def in_use(device: torch.device) -> int:
    """Bytes that a GPU has held at most, or that the process holds now where there is none."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return psutil.Process().memory_info().rss


def after_out_of_memory(what: str) -> None:
    """Free what can be freed, and say what is done differently from now on."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    log.warning("out of memory: %s", what)


def too_small(where: str) -> CheckpointError:
    """The error when nothing is left to be made smaller."""
    return CheckpointError(
        f"{where}: out of memory with one answer at a time. Use --dtype bfloat16, --load-in-4bit or a larger device."
    )
