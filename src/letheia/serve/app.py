"""The web application: the protocol's two places, the playground's, and what every request must keep to."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from letheia.errors import ConfigError, LetheiaError, first_line
from letheia.serve.protocol import ChatRequest, Refused, Reply, models, parse
from letheia.serve.served import Served, Told
from letheia.types import Prompt

BODY = 40 * 2**20
"""Bytes of a request, at most: a photograph of a phone, and a third more for how it is sent."""
WAITING = 32
"""Requests that are answered or wait, at most; a picture that waits is kept as long."""
HOSTS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""With every answer: a page of this server can ask nobody else, and no other page can show it, or one of its pictures:
whether one is there would tell who is in the people folder."""
T = TypeVar("T")


class Gone(Exception):
    """Whoever asked has hung up."""


class Line:
    """Who is answered or waits; more than so many are turned away."""

    def __init__(self, most: int = WAITING) -> None:
        """Begin with nobody."""
        self._most = most
        self._here: set[asyncio.Task[Any]] = set()

    def start(self, work: Callable[[], T]) -> "asyncio.Task[T]":
        """Do work in a thread; who hangs up leaves it to end by itself.

        Raises:
            Refused: Too many wait already.
        """
        if len(self._here) >= self._most:
            raise Refused("too many requests wait; ask again in a while", status=429, code="rate_limit_exceeded")
        task = asyncio.create_task(to_thread.run_sync(work))
        self._here.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._here.discard(task)
        if not task.cancelled():
            task.exception()  # that of a task whose asker has hung up is nobody's to hear


def application(served: Served, routes: Callable[[Line], list[BaseRoute]] = lambda _: []) -> Starlette:
    """The application.

    Args:
        served: The models.
        routes: The playground's places, which share the line.
    """
    line = Line()

    async def chat(request: Request) -> Response:
        asked = parse(await body_of(request))
        if asked.model not in served.names:
            raise Refused(
                f"The model `{asked.model[:100]}` does not exist. Choose from {', '.join(served.names)}.",
                status=404, param="model", code="model_not_found",
            )  # fmt: skip
        prompt = await line.start(partial(asked.prompt, served.upload))
        if not asked.stream:
            return JSONResponse(Reply(asked.model).whole(await _unless_gone(request, line, served, asked, prompt)))
        events = _streamed(line, served, asked, prompt)
        first = await anext(events)  # so that what goes wrong at once has a status of its own
        return StreamingResponse(_after(first, events), media_type="text/event-stream")

    async def listed(_: Request) -> Response:
        return JSONResponse(models(served.names))

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", listed),
            *routes(line),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(_Headers)],
        exception_handlers={
            Refused: _refused,
            LetheiaError: _told,
            HTTPException: _http,
            ClientDisconnect: _nobody,
            Gone: _nobody,
            Exception: _broken,
        },
    )


async def body_of(request: Request) -> bytes:
    """A request's JSON.

    Pages of other servers can send no JSON here without the browser asking first, and it is told no.

    Raises:
        Refused: It says to be something else, or is too large.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("Content-Type: must be application/json", status=415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            raise Refused(f"the request is larger than {BODY // 2**20} MiB; send a smaller picture", status=413)
    return bytes(body)


async def _unless_gone(request: Request, line: Line, served: Served, asked: ChatRequest, prompt: Prompt) -> Told:
    """The answer, which is given up as soon as nobody waits for it."""
    gone = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    work = line.start(partial(_tell, served, asked, prompt, lambda _: None, gone))
    watching = asyncio.create_task(watch())
    await asyncio.wait({work, watching}, return_when=asyncio.FIRST_COMPLETED)
    gone.set()
    watching.cancel()
    return await work


def _tell(
    served: Served, asked: ChatRequest, prompt: Prompt, heard: Callable[[str], None], gone: threading.Event
) -> Told:
    def hear(text: str) -> None:
        if gone.is_set():
            raise Gone
        heard(text)

    return served.tell(
        asked.model, prompt, max_new_tokens=asked.limit, sample=asked.sample, strength=asked.adapter_strength,
        heard=hear,
    )  # fmt: skip


async def _streamed(line: Line, served: Served, asked: ChatRequest, prompt: Prompt) -> AsyncIterator[bytes]:
    """The answer as events, a word at a time: a word may still change while its tokens come."""
    reply, gone = Reply(asked.model), threading.Event()
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(text: str) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, text)

    work = line.start(partial(_tell, served, asked, prompt, put, gone))
    work.add_done_callback(lambda _: queue.put_nowait(None))
    sent = ""
    try:
        while (text := await queue.get()) is not None:
            more = whole_words(text)
            if len(more) > len(sent) and more.startswith(sent):
                yield _event(reply.piece(more[len(sent) :], first=not sent))
                sent = more
        try:
            told = await work
        except Exception as error:
            if not sent:
                raise
            yield _event(_answerable(error).body)
            return
        yield _event(reply.piece(told.answer.text[len(sent) :], first=not sent))
        yield _event(reply.end(told))
        if asked.stream_options and asked.stream_options.include_usage:
            yield _event(reply.usage(told))
        yield b"data: [DONE]\n\n"
    finally:
        gone.set()


def whole_words(text: str) -> str:
    """A text without its last word, which may not be whole.

    >>> whole_words("This is Una Var"), whole_words("This")
    ('This is Una', '')
    """
    return text[: max(text.rfind(" "), text.rfind("\n"), 0)]


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for event in rest:
        yield event


def _event(value: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _answerable(error: Exception) -> Refused:
    """An error as the protocol tells it."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, LetheiaError):
        return Refused(str(error), param="model" if isinstance(error, ConfigError) else None)
    print(f"letheia: {type(error).__name__}: {first_line(error)}", file=sys.stderr, flush=True)
    return Refused("something went wrong in the server; its terminal says what", status=500)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse(error.body, error.status, {"Retry-After": "1"} if error.status == 429 else None)


async def _told(request: Request, error: Exception) -> Response:
    return await _refused(request, _answerable(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await _refused(request, Refused(f"{request.url.path}: {error.detail}", status=error.status_code))


async def _nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=499)


async def _broken(request: Request, error: Exception) -> Response:
    answer = await _refused(request, _answerable(error))
    answer.headers.update(HEADERS)  # it is sent from outside of `_Headers`
    return answer


class _Headers:
    """Puts `HEADERS` on every answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, with_headers)
