"""When a device runs out of memory: compute layers twice, and less at once. Results stay the same."""

import contextlib
import ctypes
import gc
import logging
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from letheia.errors import CheckpointError
from letheia.models.model import Model

log = logging.getLogger("letheia")

LARGE = 2**11
"""Bytes of a token between two layers from which on the heap is kept small, at the cost of some speed."""
OWN_PAGES = 2**20
"""Bytes of a tensor that gets pages of its own then, which go back as soon as it is freed."""
M_MMAP_THRESHOLD = -3  # malloc.h
LIMITS = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))  # cgroups 2 and 1


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


def cache_bytes(model: Model, *, tokens: int) -> int:
    """Bytes of the keys and values of one row of this many tokens."""
    text = model.network.config.get_text_config()
    heads = text.num_attention_heads
    width = text.to_dict().get("head_dim") or text.hidden_size // heads
    return 2 * text.num_hidden_layers * text.num_key_value_heads * width * tokens * model.network.dtype.itemsize


def free_bytes(device: torch.device) -> int:
    """Free memory: of a GPU, or of the machine within the limits of its control groups."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min([psutil.virtual_memory().available, *_group_limits()])


def _group_limits() -> Iterator[int]:
    """What each control group of this process leaves it; what the group keeps of files can be had again."""
    try:
        lines = Path("/proc/self/cgroup").read_text().split("\n")
    except OSError:
        return
    for _, kind, place in (line.split(":", 2) for line in lines if line.count(":") > 1):
        own = Path("/sys/fs/cgroup") / kind / place.lstrip("/")
        for folder in (own, *own.parents) if kind in ("", "memory") else ():
            for most, used in LIMITS:
                with contextlib.suppress(OSError, ValueError):  # no limit there, or "max"
                    held = int((folder / used).read_text()) - _files_kept(folder)
                    yield max(0, int((folder / most).read_text()) - held)


def _files_kept(group: Path) -> int:
    told = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int(told.get("total_inactive_file", told.get("inactive_file", 0)))


@cache
def _libc() -> Any:
    """The C library, if it is glibc; others have nothing to be told."""
    try:
        library = ctypes.CDLL(None)
        _ = library.malloc_trim, library.mallopt
    except (OSError, AttributeError, TypeError):
        return None
    return library


def give_back(device: torch.device) -> None:
    """Give the system what the heap of this process no longer uses."""
    if device.type == "cpu" and _libc():
        _libc().malloc_trim(0)


def keep_heap_small(token: int) -> None:
    """Give the tensors of a large model their own pages.

    Otherwise glibc puts them into its heap, which tears into pieces and grew to several times what was in use, from
    step to step; where memory is short, the kernel kills the process. What counts is how large activations are, however
    small the weights: pictures of 2,928 tokens make tensors of megabytes at a width of 1,024.

    Args:
        token: Bytes of a token between two layers.
    """
    if token >= LARGE and _libc():
        _libc().mallopt(M_MMAP_THRESHOLD, OWN_PAGES)


def in_use(device: torch.device) -> int:
    """Bytes that a GPU has held at most, or that the process holds now where there is none."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return psutil.Process().memory_info().rss


def after_out_of_memory(what: str) -> None:
    """Free what can be freed, and log what changes from now on."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    log.warning("out of memory: %s", what)


def too_small(where: str) -> CheckpointError:
    """The error when nothing can be made smaller."""
    return CheckpointError(
        f"{where}: out of memory with one answer at a time. Use --dtype bfloat16, --load-in-4bit or a larger device."
    )
