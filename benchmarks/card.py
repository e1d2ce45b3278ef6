"""S6, S7 and S13: what a 7B step leaves of a card's matrix rate and memory, and what attends. All want a CUDA GPU."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from arms import Naive, shared
from measure import flops, interleave, peak, seconds, summary
from model import own_attention
from setting import Setting, distinct_step
from steps import formula, tokens
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import ProfilerActivity, profile

SKIPPED = {"skipped": "needs a CUDA GPU"}
MICRO_STEP = 8192
"""Tokens that a micro-step has at least."""


def s6(setting: Setting) -> dict[str, Any]:
    """Model FLOPs utilisation: the formula's operations a second over the measured rate of a large product."""
    if not torch.cuda.is_available():
        return SKIPPED
    one = distinct_step(setting.people("1200", 1, 1), [])
    trees = -(-MICRO_STEP // tokens(setting, one, setting.targets([one]))[1])
    step = distinct_step(setting.people("1200", trees, 1), [])
    told = setting.targets([step])
    arm = shared(setting.model, setting.adapted, told, micro_batch=2 * trees, attention=own_attention(setting.model))
    taken = interleave({"Letheia": lambda: setting.run(arm, step)}, steps=setting.steps, warm_up=2)["Letheia"]
    rate, needed = matrix_rate(setting.dtype), sum(formula(setting, step, told).values())
    return {
        "tokens": tokens(setting, step, told)[1],
        "seconds": summary(taken),
        "recomputed": arm.objective.recompute,
        "matrix_rate": rate,
        "counted": flops(lambda: setting.run(arm, step)),
        "utilisation": needed / summary(taken)["median"] / rate,
    }


def matrix_rate(dtype: torch.dtype, *, size: int = 8192, times: int = 20) -> float:
    """Operations a second of a product of two large matrices."""
    a, b = (torch.randn(size, size, device="cuda", dtype=dtype) for _ in range(2))
    a @ b

    def work() -> None:
        for _ in range(times):
            a @ b

    return 2 * size**3 * times / min(seconds(work) for _ in range(3))


def s7(setting: Setting) -> dict[str, Any]:
    """Peak memory of one picture with two answers on a prefix of 2,928 tokens, weights included."""
    if not torch.cuda.is_available():
        return SKIPPED
    step = distinct_step(setting.people("2928", 1, 1), [])
    told = setting.targets([step])
    found: dict[str, Any] = {}
    for name, arm in {
        "N0": Naive(setting.model, setting.adapted, told),
        "Letheia": shared(setting.model, setting.adapted, told, micro_batch=2, attention=own_attention(setting.model)),
        "Letheia, layers computed twice": shared(
            setting.model, setting.adapted, told, micro_batch=2, attention=own_attention(setting.model), recompute=True
        ),
    }.items():
        setting.run(arm, step)
        before = torch.cuda.memory_allocated()
        found[name] = before + (peak(lambda arm=arm: setting.run(arm, step)) or 0)
    return {"peak_bytes": found, "by_N0": {name: value / found["N0"] for name, value in found.items()}}


KERNELS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "plain": SDPBackend.MATH,
}
ANSWER = 100
"""Tokens of an answer, in what is attended over."""


def s13(setting: Setting) -> dict[str, Any]:
    """Which kernel scaled dot-product attention takes for each of our masks, its time, and that of the others."""
    if not torch.cuda.is_available():
        return SKIPPED
    return {name: attended(setting, make, backward="row" in name) for name, make in masks(setting).items()}


Made = tuple[Tensor, Tensor, Tensor, dict[str, Any]]


def masks(setting: Setting) -> dict[str, Callable[[], Made]]:
    """Queries, keys, values and mask of each thing that is computed, at a prefix of 2,928 tokens."""
    tree, grouped = 2928 + 2 * ANSWER, {"enable_gqa": True}

    def branches(kind: torch.dtype) -> Tensor:
        allowed = torch.ones(tree, tree, dtype=torch.bool, device="cuda").tril()
        allowed[-ANSWER:, -2 * ANSWER : -ANSWER] = False
        if kind == torch.bool:
            return allowed[None, None]
        return torch.zeros(tree, tree, dtype=kind, device="cuda").masked_fill(~allowed, torch.finfo(kind).min)[
            None, None
        ]

    def made(batch: int, queries: int, keys: int, *, repeated: bool = False, **options: Any) -> Made:
        width = setting.sizes.hidden // setting.sizes.heads
        groups = setting.sizes.heads if repeated else setting.sizes.groups
        shapes = [(setting.sizes.heads, queries), (groups, keys), (groups, keys)]
        q, k, v = (torch.randn(batch, h, n, width, device="cuda", dtype=setting.dtype) for h, n in shapes)
        return q, k, v, {**options, **({} if repeated else grouped)}

    def padded(batch: int, keys: int) -> Tensor:
        real = torch.ones(batch, 1, 1, keys, dtype=torch.bool, device="cuda")
        real[1:, ..., :50] = False
        return real

    return {
        "plain row, causal": lambda: made(1, tree, tree, is_causal=True),
        "tree row, dense mask": lambda: made(1, tree, tree, attn_mask=branches(setting.dtype)),
        "tree row, dense mask, keys repeated": lambda: made(
            1, tree, tree, repeated=True, attn_mask=branches(setting.dtype)
        ),
        "tree row, mask of booleans": lambda: made(1, tree, tree, attn_mask=branches(torch.bool)),
        "a token of 16 answers": lambda: made(16, 1, 2928 + ANSWER, attn_mask=padded(16, 2928 + ANSWER)),
        "a token of 16 answers, keys repeated": lambda: made(
            16, 1, 2928 + ANSWER, repeated=True, attn_mask=padded(16, 2928 + ANSWER)
        ),
    }


def attended(setting: Setting, make: Callable[[], Made], *, backward: bool) -> dict[str, Any]:
    """The kernel that is chosen, and milliseconds of the choice and of each backend by itself."""
    q, k, v, options = make()
    for each in (q, k, v):
        each.requires_grad_(backward)

    def work() -> None:
        out = scaled_dot_product_attention(q, k, v, **options)
        if backward:
            out.backward(torch.ones_like(out))

    found: dict[str, Any] = {"kernels": list(kernels(work)), "chosen_ms": milliseconds(work, nullcontext)}
    for name, backend in KERNELS.items():
        try:
            found[f"{name}_ms"] = milliseconds(work, lambda backend=backend: sdpa_kernel(backend))
        except RuntimeError as error:
            found[f"{name}_ms"] = f"refused: {str(error).splitlines()[0][:60]}"
    return found


def milliseconds(work: Callable[[], None], inside: Callable[[], Any], *, times: int = 10) -> float:
    def many() -> None:
        for _ in range(times):
            work()

    with inside():
        work()
        return min(seconds(many) for _ in range(3)) / times * 1000


def kernels(work: Callable[[], None]) -> Iterator[str]:
    """Names of the kernels that take most of the time, most first."""
    work()
    with profile(activities=[ProfilerActivity.CUDA]) as told:
        work()
        torch.cuda.synchronize()
    by_time = sorted(told.key_averages(), key=lambda event: -event.self_device_time_total)
    return (event.key[:80] for event in by_time[:3])
