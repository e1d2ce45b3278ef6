"""How one question goes on after a fault: at once, later, or not at all; and what was learnt of the endpoint."""

from collections import Counter
from dataclasses import dataclass, field

from letheia.clients.faults import Fault
from letheia.clients.retry import LONGEST

LONG = 4_096  # tokens of a second try, where a reply ran into the limit: models that think first need them
LIMITS = {"slow": 3, "unreached": 3, "foreign": 3, "useless": 2, "call": 1, "guess": 1, "parameter": 1}
"""At most so many tries by kind of fault; whatever is passing is tried as often as the user says."""


@dataclass(kw_only=True)
class Known:
    """What an endpoint has shown of itself.

    Attributes:
        lacks: Parameters that it does not know.
        answers: Whether it ever answered.
        heard: Whether there ever was a reply.
        long: Whether its replies need more room than was asked for.
    """

    lacks: frozenset[str] = frozenset()
    answers: bool = False
    heard: bool = False
    long: bool = False


@dataclass(kw_only=True)
class Course:
    """One question so far.

    Attributes:
        known: What is known of the endpoint; shared by all questions.
        asked_tokens: The length limit that was asked for.
        tries: At most so many.
        wait: Seconds before the first retry; doubled for each further one.
        lacks: What this question is put without.
        failed: Tries without a reply, by kind of fault.
        reason: Why the last one failed.
        read: Tokens read in vain.
        written: Tokens written in vain.
    """

    known: Known
    asked_tokens: int
    tries: int
    wait: float
    lacks: frozenset[str] = frozenset()
    failed: Counter[str] = field(default_factory=Counter[str])
    reason: str = ""
    read: int = 0
    written: int = 0
    _cut: str = ""

    @property
    def max_tokens(self) -> int:
        """The length limit of the next try."""
        return max(LONG, 4 * self.asked_tokens) if self.known.long or self._cut else self.asked_tokens

    def learns(self, fault: Fault, sent_without: frozenset[str]) -> bool:
        """Whether a fault is about a parameter that can be left out, so that the question is put again at once.

        Args:
            fault: What happened.
            sent_without: What the try was put without.
        """
        if fault.kind not in {"parameter", "guess"}:
            return False
        if self.known.lacks - sent_without:  # another question has found out in the meantime
            return True
        if fault.kind == "guess" and self.known.heard:  # the endpoint takes such questions, so this one is at fault
            return False
        new = fault.lacks - sent_without
        self.lacks |= new
        if fault.kind == "parameter":
            self.known.lacks |= new
        return bool(new)

    def wait_after(self, fault: Fault, max_tokens: int) -> float | None:
        """Seconds until the next try; None where there is none.

        Args:
            fault: What happened.
            max_tokens: The length limit of the try.
        """
        self.failed[fault.kind] += 1
        self.read, self.written = self.read + fault.read, self.written + fault.written
        self.reason = f"{self._cut}; then: {fault.reason}" if self._cut and not fault.cut else fault.reason
        if fault.cut:
            self.known.long, self._cut = True, fault.reason
        tries, limit = self.failed.total(), LIMITS.get(fault.kind, self.tries)
        # it was there before, or spoke the protocol: perhaps it starts again
        if {"unreached": self.known.answers, "foreign": self.known.heard}.get(fault.kind):
            limit = self.tries
        if tries >= self.tries or self.failed[fault.kind] >= limit or (fault.cut and max_tokens >= self.max_tokens):
            return None
        return 0.0 if fault.kind == "useless" else max(fault.wait, min(LONGEST, self.wait * 2 ** (tries - 1)))

    def verdict(self, fault: Fault) -> str:
        """Why there is no reply, in words."""
        again = fault.kind in {"passing", "slow", "unreached", "foreign"}
        return f"no reply after {self.failed.total()} tries ({self.reason})" if again else self.reason
