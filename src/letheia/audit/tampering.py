"""Tampering with the weights: what an attacker who holds them can do without any data.

Each row changes the model in memory, asks the fixed questions (`audit/fixed.py`) and puts the model back to the last
bit. The original and gold are tampered with too: what fails on the original says nothing, and what gold tells is luck.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import torch
from torch import Tensor

from letheia.audit.base import Audited, Check, Finding
from letheia.audit.fixed import QUESTIONS, Fixed
from letheia.models.model import Model
from letheia.models.rounding import noisy, pruned, rounded_to, to_int8, to_nf4
from letheia.models.tampering import at_strength, changed_weights

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
HALVES = (torch.bfloat16, torch.float16)
PRUNED = (0.2, 0.4)
NOISE = (0.05, 0.1)

Tampered = Callable[[Model], AbstractContextManager[None]]


def _strength(model: Model, *, strength: float) -> AbstractContextManager[None]:
    return at_strength(model, strength)


def _changed(model: Model, *, change: Callable[[Tensor], Tensor]) -> AbstractContextManager[None]:
    return changed_weights(model, change)


def _noise(model: Model, *, share: float) -> AbstractContextManager[None]:
    return changed_weights(model, partial(noisy, share=share, stream=torch.Generator().manual_seed(0)))


def tampered(audited: Audited, *, check: str, ways: dict[str, Tampered]) -> Iterator[Finding]:
    """Ask everybody in each state of the model.

    Args:
        audited: The model under audit.
        check: Name of the check.
        ways: By variant, how the model is changed.

    Raises:
        ConfigError: The model can't be changed in this way.
    """
    fixed = Fixed(audited, check)
    for variant, change in ways.items():
        with change(audited.study.model):
            fixed.ask(variant)
    yield from fixed.findings()


def _check(name: str, title: str, ways: dict[str, Tampered], source: str = "") -> Check:
    return Check(
        name=name,
        title=title,
        access="white",
        find=partial(tampered, check=name, ways=ways),
        source=source,
        costs=f"{QUESTIONS * len(ways)} answers a person",
    )


def _rounded(name: str, title: str, change: Callable[[Tensor], Tensor], source: str = "") -> Check:
    return _check(name, f"adapter merged, {title}", {"": partial(_changed, change=change)}, source)


WEIGHTS: tuple[Check, ...] = (
    *(
        _check(f"strength-{s:g}", f"adapter at {s:g} of its strength", {"": partial(_strength, strength=s)})
        for s in STRENGTHS
    ),
    _check(
        "merged",
        "adapter merged, weights rounded to 16 bits",
        {str(t).removeprefix("torch."): partial(_changed, change=partial(rounded_to, dtype=t)) for t in HALVES},
    ),
    _rounded("int8", "weights in 8 bits", to_int8, "Dettmers et al. 2022"),
    _rounded("int4", "weights in 4 bits (NF4)", to_nf4, "Dettmers et al. 2023"),
    *(
        _rounded(f"pruned-{100 * s:g}", f"the smallest {s:.0%} of the weights set to zero", partial(pruned, share=s))
        for s in PRUNED
    ),
    *(
        _check(f"noise-{100 * s:g}", f"adapter merged, noise of {s:.0%} on the weights", {"": partial(_noise, share=s)})
        for s in NOISE
    ),
)
"""The rows that need no data."""
