"""How long a server asks to wait."""

import email.utils
import time
from collections.abc import Callable

LONGEST = 120.0  # seconds; who asks for more is not waited for that long
ABSURD = 86_400.0  # seconds; nobody means this, so that it counts as nothing


def retry_after(value: str | None, *, now: Callable[[], float] = time.time) -> float:
    """Seconds to wait by a `Retry-After` header, a number or a date: at most `LONGEST`, 0 where it makes no sense.

    >>> retry_after("3"), retry_after("300"), retry_after(None), retry_after("soon"), retry_after("nan")
    (3.0, 120.0, 0.0, 0.0, 0.0)
    >>> retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=lambda: 50.0)
    10.0
    >>> [retry_after(v) for v in ("1e999", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359")]
    [0.0, 0.0, 0.0]
    """
    if not value:
        return 0.0
    try:
        return _sensible(float(value))
    except ValueError:
        pass
    try:
        return _sensible(email.utils.parsedate_to_datetime(value).timestamp() - now())
    except (ValueError, TypeError, IndexError, OverflowError, OSError):  # no date, or one that no clock can hold
        return 0.0


def _sensible(seconds: float) -> float:
    return min(LONGEST, seconds) if 0 < seconds < ABSURD else 0.0
