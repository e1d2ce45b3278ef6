"""What to do when a device runs out of memory: recompute, and compute less at once. Results stay the same."""

import contextlib
import gc
import logging
from collections.abc import Iterator

import torch

from letheia.errors import CheckpointError
from letheia.models.loading import Model

log = logging.getLogger("letheia")


@contextlib.contextmanager
def recomputing(model: Model, on: bool = True) -> Iterator[None]:
    """Inside, the language model's layers keep their inputs alone and are computed again for the gradient.

    transformers checkpoints a layer only while it trains. The flag is set on the layers themselves and not below them,
    so that no dropout inside is switched on and the gradient is what it is without.
    """
    if not on:
        yield
        return
    layers = list(model.language_model.layers)
    model.network.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    before = [layer.training for layer in layers]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer, training in zip(layers, before, strict=True):
            layer.training = training
        model.network.gradient_checkpointing_disable()


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
