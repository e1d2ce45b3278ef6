"""Questions with pictures to any endpoint that speaks OpenAI's chat protocol: many at once, each paid for once."""

import asyncio
import base64
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from letheia.clients.cache import Cache
from letheia.clients.retry import LONGEST, retry_after
from letheia.data.pictures import read_image
from letheia.errors import ClientError, ConfigError
from letheia.files import sha256

PRICES: Mapping[str, tuple[float, float]] = {
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
}
"""US dollars for a million tokens read and written, by model; list prices of April 2025."""
PICTURE_TOKENS = 1_600  # at most, for pictures scaled down to SIDE
SIDE = 768  # pixels; larger pictures are scaled down before they are sent


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model and where it answers.

    Attributes:
        model: Its name there.
        base_url: The endpoint; OpenAI's if empty.
    """

    model: str
    base_url: str = ""

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Read `MODEL` or `MODEL@URL`.

        >>> Endpoint.parse("judge@http://127.0.0.1:8000/v1")
        Endpoint(model='judge', base_url='http://127.0.0.1:8000/v1')

        Raises:
            ConfigError: It is neither.
        """
        model, sign, url = text.partition("@")
        if not model or (sign and not url.startswith(("http://", "https://"))):
            raise ConfigError(f"'{text}': write an endpoint as MODEL or MODEL@http://…")
        return cls(model=model, base_url=url)

    def cost(self, read: int, written: int) -> float | None:
        """US dollars for so many tokens; None where the price is not known."""
        price = None if self.base_url else PRICES.get(self.model)
        return price and (read * price[0] + written * price[1]) / 1e6


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question.

    Attributes:
        text: What is asked.
        picture: A picture that goes with it.
        schema: JSON schema of the reply, where the endpoint can keep to one.
        temperature: Of sampling.
        max_tokens: Length limit of the reply.
        sample: Number of the draw: calls that differ in it alone are made separately.
    """

    text: str
    picture: Path | None = None
    schema: Mapping[str, Any] | None = None
    temperature: float = 0.0
    max_tokens: int = 64
    sample: int = 0

    @property
    def most_tokens(self) -> tuple[int, int]:
        """About how many tokens are read and at most written."""
        return len(self.text) // 3 + PICTURE_TOKENS * (self.picture is not None), self.max_tokens


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back; `error` where nothing did, after all tries.

    Attributes:
        text: The reply.
        model: The model as the endpoint names it.
        read: Tokens read.
        written: Tokens written.
        paid: Whether the endpoint was asked now, rather than the cache.
        error: Why there is no reply.
    """

    text: str = ""
    model: str = ""
    read: int = 0
    written: int = 0
    paid: bool = True
    error: str = ""


class Chat:
    """Asks one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        *,
        concurrency: int = 32,
        tries: int = 8,
        timeout: float = 60.0,
        wait: float = 0.5,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint: Whom to ask. The key is in the environment: OPENAI_API_KEY.
            cache: Where replies are kept.
            concurrency: Questions on the way at once.
            tries: At most so many a question.
            timeout: Seconds that a reply may take.
            wait: Seconds before the first retry; doubled for each further one.

        Raises:
            ConfigError: OpenAI's own endpoint without a key.
        """
        self.endpoint, self.cache = endpoint, cache
        self._key = os.environ.get("OPENAI_API_KEY", "")
        if not endpoint.base_url and not self._key:
            raise ConfigError("OPENAI_API_KEY: is not set. Set it, or name an endpoint of your own: MODEL@URL.")
        self._concurrency, self._tries, self._timeout, self._wait = concurrency, tries, timeout, wait
        self._structured = True

    def ask(self, calls: Sequence[Call], *, progress: Callable[[int], None] = lambda _: None) -> list[Reply]:
        """Answer each call; equal ones are made once, and what the cache has is not made.

        Raises:
            ClientError: The endpoint refuses the key, the model or the question.
        """
        return asyncio.run(self._all(calls, progress))

    async def _all(self, calls: Sequence[Call], progress: Callable[[int], None]) -> list[Reply]:
        import openai

        gate = asyncio.Semaphore(self._concurrency)
        keys = [self._cache_key(call) for call in calls]
        pending: dict[str, asyncio.Task[Reply]] = {}
        async with openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self.endpoint.base_url or None,
            max_retries=0,  # retries are ours: the library's give up on replies that are cut off
            timeout=self._timeout,
        ) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    for call, key in zip(calls, keys, strict=True):
                        name = json.dumps(key, sort_keys=True)
                        if name not in pending:
                            pending[name] = group.create_task(self._one(client, call, key, gate))
                            pending[name].add_done_callback(lambda _: progress(1))
                        else:
                            progress(1)
            except* ClientError as errors:
                raise errors.exceptions[0] from None
        return [pending[json.dumps(key, sort_keys=True)].result() for key in keys]

    async def _one(self, client: Any, call: Call, key: Any, gate: asyncio.Semaphore) -> Reply:
        kept = self.cache.get(key)
        if kept:
            return Reply(**{**kept, "paid": False})
        async with gate:
            reply = await self._patiently(client, call)
        if not reply.error:
            self.cache.put(key, asdict(reply))
        return reply

    async def _patiently(self, client: Any, call: Call) -> Reply:
        import httpx
        import openai

        content: list[dict[str, Any]] = [{"type": "text", "text": call.text}]
        if call.picture:
            content.append({"type": "image_url", "image_url": {"url": _data_url(call.picture)}})
        reason = ""
        for attempt in range(self._tries):
            wait = min(LONGEST, self._wait * 2**attempt)
            try:
                extra = {"response_format": _schema(call.schema)} if call.schema and self._structured else {}
                found = await client.chat.completions.create(
                    model=self.endpoint.model,
                    messages=[{"role": "user", "content": content}],
                    temperature=call.temperature,
                    max_tokens=call.max_tokens,
                    **extra,
                )
                text = found.choices[0].message.content
                if not isinstance(text, str):
                    raise ValueError("the reply has no text")
                usage = found.usage
                return Reply(
                    text=text,
                    model=str(found.model),
                    read=usage.prompt_tokens if usage else 0,
                    written=usage.completion_tokens if usage else 0,
                )
            except openai.RateLimitError as error:
                reason, wait = "status 429", max(wait, _asked_wait(error))
            except openai.InternalServerError as error:
                reason, wait = f"status {error.status_code}", max(wait, _asked_wait(error))
            except openai.BadRequestError as error:
                if not (call.schema and self._structured):
                    raise ClientError(
                        f"{self.endpoint.model}: the endpoint refuses a call ({error.message})."
                    ) from None
                self._structured = False  # an endpoint without structured output: plain JSON is asked for anyway
                continue
            except openai.APIStatusError as error:
                hint = "Check OPENAI_API_KEY, the model's name and the address."
                raise ClientError(f"{self.endpoint.model}: status {error.status_code}. {hint}") from None
            except (openai.APIError, httpx.HTTPError, ValueError, TypeError, AttributeError, IndexError) as error:
                reason = str(error) or type(error).__name__  # unreachable, slow, cut off, or not what the protocol says
            if attempt + 1 < self._tries:
                await asyncio.sleep(wait)
        return Reply(error=f"no reply after {self._tries} tries ({reason})")

    def _cache_key(self, call: Call) -> dict[str, Any]:
        """Everything that can change the reply."""
        picture = sha256(call.picture) if call.picture else None
        return {**asdict(self.endpoint), **asdict(call), "picture": picture}


def bill(replies: Sequence[Reply], endpoint: Endpoint) -> str:
    """What was asked now and what it cost, in a line."""
    paid = {id(r): r for r in replies if r.paid and not r.error}.values()
    read, written = sum(r.read for r in paid), sum(r.written for r in paid)
    return f"{len(paid)} calls, {read:,} tokens read, {written:,} written" + _dollars(endpoint.cost(read, written))


def estimate(calls: Sequence[Call], endpoint: Endpoint) -> str:
    """What calls will at most cost, in a line, before the first one is made."""
    read, written = (sum(c.most_tokens[i] for c in calls) for i in (0, 1))
    return f"{len(calls)} calls, about {read:,} tokens to read, at most {written:,} to write" + _dollars(
        endpoint.cost(read, written)
    )


def _dollars(cost: float | None) -> str:
    return "; the price is not known" if cost is None else f"; about ${cost:.2f}"


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(schema)}}


def _asked_wait(error: Any) -> float:
    return retry_after(error.response.headers.get("Retry-After"))


def _data_url(file: Path) -> str:
    picture = read_image(file)
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
