"""How many questions are on the way at once: as many as the server can answer in time.

A server of one's own (llama.cpp, Ollama) mostly answers one at a time, and what waits there waits against the clock.
So a few questions are sent first, more as long as answers come fast, and fewer once they come late or not at all.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

START = 4  # questions on the way at first
EASY = 0.125  # share of the time limit within which an answer lets one more question out
LATE = 0.5  # share beyond which an answer lets one fewer out


class Pace:
    """Turns at one endpoint; what was learnt of it is kept from round to round.

    Attributes:
        limit: So many may be on the way now.
    """

    def __init__(self, most: int, timeout: float) -> None:
        """Begin with a few.

        Args:
            most: Never more than this.
            timeout: Seconds after which an answer counts as none.
        """
        self.limit = min(START, most)
        self._most, self._timeout = most, timeout
        self.begin()

    def begin(self) -> None:
        """Start a round, in an event loop of its own."""
        self._here, self._freed = 0, asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and learn from how long it takes."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._here < self.limit)
            self._here += 1
        began, sent_with = time.monotonic(), self.limit
        try:
            yield
        finally:
            self._learn((time.monotonic() - began) / self._timeout, sent_with)
            self._here -= 1
            async with self._freed:
                self._freed.notify(max(0, self.limit - self._here))

    def _learn(self, share: float, sent_with: int) -> None:
        """What a turn tells that took this share of the time limit, and was begun when so many were let out."""
        if share < EASY:
            self.limit = min(self._most, self.limit + 1)
        elif share >= 1:
            self.limit = max(1, min(self.limit, sent_with // 2))  # those that were sent together halve it once
        elif share > LATE:
            self.limit = max(1, min(self.limit, sent_with - 1))
