"""How long a server asks to wait."""

import email.utils
import time
from collections.abc import Callable

LONGEST = 120.0  # seconds; who asks for more is not waited for that long


def retry_after(value: str | None, *, now: Callable[[], float] = time.time) -> float:
    """Seconds to wait by a `Retry-After` header, a number or a date: 0 where there is none, at most `LONGEST`.

    >>> retry_after("3"), retry_after(None), retry_after("soon"), retry_after("nan"), retry_after("1e999")
    (3.0, 0.0, 0.0, 0.0, 120.0)
    >>> retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=lambda: 50.0)
    10.0
    >>> retry_after("Fri, 31 Dec 9999 23:59:59 -2359"), retry_after("Mon, 01 Jan 0001 00:00:00 +2359")
    (120.0, 0.0)
    """
    if not value:
        return 0.0
    try:
        return min(LONGEST, max(0.0, float(value)))
    except ValueError:
        pass
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    try:
        return min(LONGEST, max(0.0, date.timestamp() - now()))
    except (ValueError, OverflowError, OSError):  # a year that the system's clock can't hold
        return LONGEST if date.year > 2000 else 0.0
