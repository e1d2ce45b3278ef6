"""Asking an expert model: what it costs is said first, and what it cost at the end."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from letheia.cli.options import consent
from letheia.clients.endpoint import Endpoint
from letheia.console import TerminalBars, make_console

if TYPE_CHECKING:
    from letheia.clients.chat import Call, Reply


def ask_expert(
    name: str,
    calls: "Sequence[Call]",
    *,
    readable: "Callable[[Reply], bool]",
    cache: Path,
    concurrency: int,
    yes: bool,
    dry_run: bool,
) -> "list[Reply] | None":
    """Make calls once the user has agreed to them.

    Args:
        name: `MODEL` or `MODEL@URL`.
        calls: The questions.
        readable: Whether a reply can be used; only such are kept.
        cache: File for replies.
        concurrency: Calls at the same time.
        yes: Whether the user has agreed already.
        dry_run: Say what the calls would cost, and make none.

    Returns:
        The replies; None where only the cost was wanted.

    Raises:
        ConfigError: The name is no endpoint's, or the user declines.
        ClientError: The endpoint refuses or is not there.
    """
    from letheia.clients.cache import Cache
    from letheia.clients.chat import Chat, bill, cost_estimate

    endpoint = Endpoint.parse(name)
    if dry_run or not endpoint.third_party:
        print(f"{endpoint.model}: {cost_estimate(calls, endpoint)}", file=sys.stderr)
    if dry_run:
        return None
    consent(endpoint, calls, yes=yes)
    with Cache(cache) as kept, TerminalBars(make_console()).bar("asking the expert", len(calls)) as advance:
        chat = Chat(endpoint, kept, concurrency=concurrency)
        replies = chat.ask(calls, readable=readable, progress=lambda n: advance(n, ""))
    print(f"{endpoint.model}: {bill(replies, endpoint)}", file=sys.stderr)
    return replies
