"""What a server of OpenAI's protocol has: which models, and whether it goes on with an answer that was begun."""

import asyncio
import re
from typing import Any

from letheia.clients.endpoint import Endpoint, scrubbed
from letheia.clients.faults import Fault, fine
from letheia.clients.protocol import put, strict_json
from letheia.clients.transport import connected, fetch, post
from letheia.errors import ClientError

SECONDS = 30.0
GOES_ON = re.compile(r"both.{0,20}continue_final_message.{0,20}add_generation_prompt", re.IGNORECASE | re.DOTALL)
"""What a server that knows both says to a request that sets both, which contradict each other."""


def models_at(endpoint: Endpoint) -> tuple[str, ...]:
    """The names of a server's models.

    Raises:
        ClientError: Nobody is there, or it has no such list.
    """
    return asyncio.run(_models(endpoint))


def goes_on(endpoint: Endpoint) -> bool:
    """Whether a server goes on with a begun answer: it refuses a request that contradicts itself about that.

    One that does not know the fields answers, or refuses them as unknown.

    Raises:
        ClientError: Nobody is there.
    """
    asked = {**put(endpoint.model, "Hello", max_tokens=1, prefix="Hello"), "add_generation_prompt": True}
    return asyncio.run(_goes_on(endpoint, asked))


async def _models(endpoint: Endpoint) -> tuple[str, ...]:
    async with connected(endpoint, timeout=SECONDS, most=1) as client:
        try:
            answer = await fetch(client, endpoint.models_url, timeout=SECONDS)
        except Fault as fault:
            raise _lost(endpoint, fault.reason) from None
    try:
        value: Any = strict_json(answer.body.decode())
        names = tuple(str(model["id"]) for model in value["data"])
    except (ValueError, RecursionError, KeyError, TypeError):
        names = ()
    if not fine(answer.status) or not names:
        raise _lost(endpoint, f"status {answer.status}, and no list of models")
    return names


async def _goes_on(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
    async with connected(endpoint, timeout=SECONDS, most=1) as client:
        try:
            answer = await post(client, endpoint, asked, timeout=SECONDS)
        except Fault as fault:
            raise _lost(endpoint, fault.reason) from None
    return not fine(answer.status) and bool(GOES_ON.search(answer.body.decode(errors="replace")))


def _lost(endpoint: Endpoint, reason: str) -> ClientError:
    hidden = endpoint.hide()(reason)
    return ClientError(
        scrubbed(f"{endpoint.shown}: {hidden}. See whether the server runs; the address mostly ends in /v1.")
    )
