"""S6 and S7: how much of a card's matrix rate a 7B step uses, and its peak memory. Both want a CUDA GPU."""

from typing import Any

import torch
from arms import Naive, shared
from measure import flops, interleave, peak, seconds, summary
from model import own_attention
from setting import Setting, distinct_step
from steps import formula, tokens

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
