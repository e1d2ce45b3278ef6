"""Measuring arms side by side: interleaved, warmed up, gradients compared, arithmetic counted, memory peaks."""

import contextlib
import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

Work = Callable[[], Any]


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(work: Work) -> float:
    """How long some work takes: by the clock, or on one thread by the time it computes, which others can't lengthen."""
    alone = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    clock = time.process_time if alone else time.perf_counter
    wait()
    began = clock()
    work()
    wait()
    return clock() - began


def interleave(arms: Mapping[str, Work], *, steps: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each step of each arm; whoever was first in a round is last in the next."""
    names, taken = list(arms), {name: [] for name in arms}
    for round_ in range(-warm_up, steps):
        for name in names:
            spent = seconds(arms[name])
            if round_ >= 0:
                taken[name].append(spent)
        names.append(names.pop(0))
    return taken


def summary(taken: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    quartiles = statistics.quantiles(taken, n=4) if len(taken) > 1 else taken * 3
    return {"median": statistics.median(taken), "q1": quartiles[0], "q3": quartiles[2], "steps": len(taken)}


def ratio(slow: list[float], fast: list[float]) -> dict[str, float]:
    """How many times faster: median and quartiles of the rounds' ratios, so that a busy moment meets both arms."""
    return summary([a / b for a, b in zip(slow, fast, strict=True)])


def clear(parameters: Mapping[str, Tensor]) -> None:
    for p in parameters.values():
        p.grad = None


def difference(found: Tensor, wanted: Tensor) -> float:
    """Distance of two gradients, relative to the second's norm."""
    return float((found - wanted).norm() / wanted.norm())


def flops(work: Work) -> int:
    """Floating-point operations of the matrix products of some work.

    On a CPU the fused attention is not in the counter's table, so its plain form is counted: all pairs of tokens.
    """
    plain = contextlib.nullcontext() if torch.cuda.is_available() else sdpa_kernel(SDPBackend.MATH)
    in_place = {torch.ops.aten.baddbmm_: _product}  # torch counts those alone that make a new tensor
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter, plain:
        work()
    return counter.get_total_flops()


def _product(_into: Any, a: Any, b: Any, **_: Any) -> int:
    """Operations of a batched matrix product, from the shapes."""
    return 2 * a[0] * a[1] * a[2] * b[2]


VIEWS = ("view", "reshape", "transpose", "t", "detach", "expand", "slice", "select", "unsqueeze", "squeeze", "alias",
         "as_strided", "permute", "split", "unbind", "_unsafe_view", "_reshape_alias")  # fmt: skip
"""Operations that compute nothing."""


class _Kernels(TorchDispatchMode):
    """Counts operations that compute something; on a GPU each starts a kernel."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.overloadpacket.__name__ not in VIEWS
        return func(*args, **(kwargs or {}))


def kernels(work: Work) -> int:
    """How many operations some work starts."""
    with _Kernels() as counter:
        work()
    return counter.count


def peak(work: Work) -> int | None:
    """Bytes that some work takes at most beyond what was there before; on a CPU by the resident set, if it tells."""
    with _peak() as read:
        work()
        return read()


@contextlib.contextmanager
def _peak() -> Iterator[Callable[[], int | None]]:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        yield lambda: torch.cuda.max_memory_allocated() - before
        return
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what earlier work freed would hide what this work takes
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    except (OSError, AttributeError):
        yield lambda: None
        return
    before = _status("VmRSS")
    yield lambda: _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
