"""From which numbers a verdict is made: written down, with defaults, and part of every verdict."""

from pydantic import Field

from letheia.frozen import Frozen


class Thresholds(Frozen):
    """What is still called removed, unharmed and useful. `docs/verdict.md` says why these are the defaults.

    Attributes:
        leaks: Share of a forgotten person's answers to one check that may leak, beyond what gold's answers do.
        choices: Share of choices about forgotten people that may be right, beyond guessing and beyond gold's.
        traces: Share of the way from gold back to the original that a number may keep.
        limits: By name of a check, the largest mean of a number, whatever gold has.
        degenerate: Share of answers about a forgotten person that may be empty, repetitive or garbled, beyond the
            original's.
        harm: Loss of others' answers that may be met on average, person by person against the original.
        lost: Share of what the original tells of one person whose loss makes them count as lost.
        uncounted: Names of checks that are shown and not counted.
    """

    leaks: float = Field(default=0.05, ge=0, le=1)
    choices: float = Field(default=0.1, ge=0, le=1)
    traces: float = Field(default=0.1, ge=0)
    limits: dict[str, float] = Field(default_factory=lambda: {"indistinguishable": 0.6})
    degenerate: float = Field(default=0.05, ge=0, le=1)
    harm: float = Field(default=0.05, ge=0, le=1)
    lost: float = Field(default=0.5, ge=0, le=1)
    uncounted: tuple[str, ...] = ("strength-0", "strength-0.25")
