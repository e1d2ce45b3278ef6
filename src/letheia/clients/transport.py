"""One request to an endpoint: bounded in time and size whatever the server does, and silent about keys."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from letheia.clients.endpoint import Endpoint, scrubbed
from letheia.clients.faults import Answer, Fault
from letheia.errors import ConfigError

LARGEST = 1_000_000  # bytes of an answer; a reply has some thousand
TO_CONNECT = 10.0  # seconds
LOGGERS = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
PERMANENT = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL")


class _Hide(logging.Filter):
    """Takes secrets out of what the HTTP library logs, which are whole addresses and headers."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._hide = hide

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrubbed(self._hide(record.getMessage())), ()
        return True


@asynccontextmanager
async def connected(endpoint: Endpoint, *, timeout: float, most: int) -> AsyncIterator[httpx.AsyncClient]:
    """A client for one endpoint; while it is open, logs hold none of its secrets.

    Args:
        endpoint: The endpoint.
        timeout: Seconds that an answer may take.
        most: Connections at once.

    Raises:
        ConfigError: The environment's settings for proxies or certificates can't be used.
    """
    hider = _Hide(endpoint.hide())
    loggers = [logging.getLogger(name) for name in LOGGERS]
    try:
        client = httpx.AsyncClient(
            headers={**endpoint.headers(), "Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(timeout, connect=min(TO_CONNECT, timeout)),
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most),
            trust_env=endpoint.third_party,  # what is meant for this machine goes to no proxy
        )
    except (ValueError, ImportError, OSError) as error:
        reason = scrubbed(str(error))
        raise ConfigError(f"HTTPS_PROXY, SSL_CERT_FILE or the like: can't be used ({reason}).") from None
    for logger in loggers:
        logger.addFilter(hider)
    try:
        async with client:
            yield client
    finally:
        for logger in loggers:
            logger.removeFilter(hider)


def get(client: httpx.Client, url: str, *, timeout: float) -> Answer:
    """Fetch a page, with no more time and no more bytes than a question gets.

    Raises:
        httpx.HTTPError: It can't be fetched, or takes too long or too much.
    """
    body, until = bytearray(), time.monotonic() + timeout
    with client.stream("GET", url) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise httpx.ReadError(f"the answer is larger than {LARGEST:,} bytes")
            if time.monotonic() > until:
                raise httpx.ReadTimeout(f"no whole answer in {timeout:g} s")
        return Answer(status=response.status_code, headers=response.headers, body=bytes(body))


async def post(client: httpx.AsyncClient, endpoint: Endpoint, value: Mapping[str, Any], *, timeout: float) -> Answer:
    """Send one request.

    Raises:
        Fault: Nothing came, or not all of it, or too much.
    """
    return await _whole(client, "POST", endpoint.url, json.dumps(value).encode(), timeout)


async def fetch(client: httpx.AsyncClient, url: str, *, timeout: float) -> Answer:
    """Ask for what lies at an address.

    Raises:
        Fault: Nothing came, or not all of it, or too much.
    """
    return await _whole(client, "GET", url, None, timeout)


async def _whole(client: httpx.AsyncClient, method: str, url: str, content: bytes | None, timeout: float) -> Answer:
    body = bytearray()
    try:
        async with asyncio.timeout(timeout), client.stream(method, url, content=content) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise Fault("passing", f"the answer is larger than {LARGEST:,} bytes")
            return Answer(status=response.status_code, headers=response.headers, body=bytes(body))
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
        raise Fault("slow", f"no whole answer in {timeout:g} s") from None
    except httpx.ConnectTimeout:
        raise Fault("unreached", "nobody answers there") from None
    except httpx.ConnectError as error:
        reason = str(error) or type(error).__name__
        if any(word in reason for word in PERMANENT):
            raise Fault("stop", f"no safe connection ({reason}). Check https:// and SSL_CERT_FILE.") from None
        raise Fault("unreached", reason) from None
    except httpx.HTTPError as error:  # cut off, or no HTTP
        raise Fault("passing", str(error) or type(error).__name__) from None
    except httpx.InvalidURL as error:
        raise Fault("stop", f"the address can't be used ({error})") from None
