"""Questions with pictures to any endpoint that speaks OpenAI's chat protocol: many at once, each paid for once."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import httpx

from letheia.clients.cache import LEASE, Cache
from letheia.clients.calls import Call, Reply, data_url
from letheia.clients.course import Course, Known
from letheia.clients.endpoint import Endpoint, scrubbed
from letheia.clients.faults import Fault
from letheia.clients.pace import Pace
from letheia.clients.protocol import hear, put
from letheia.clients.transport import connected, post
from letheia.errors import ClientError, DataError, LetheiaError
from letheia.files import fingerprint, sha256

FEW = 6  # calls without a reply, one after the other, after which nobody seems to be there
UNREACHED = "See whether the server runs and the address is right, then run the same command again; what came is kept."
LOOK_AGAIN = 0.3  # seconds between looks at what another process is asking
AGREED = 2  # part of the cache's keys; another number where replies of before must not be used again


Readable = Callable[[Reply], bool]


class Chat:
    """Asks one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        cache: Cache,
        *,
        concurrency: int = 32,
        tries: int = 8,
        timeout: float = 300.0,
        wait: float = 0.5,
        version: str = "",
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint: Whom to ask. The key is in the environment: OPENAI_API_KEY.
            cache: Where replies are kept.
            concurrency: Questions on the way at once, at most; fewer where the server is slow.
            tries: At most so many a question.
            timeout: Seconds that a reply may take, from the question to its last byte.
            wait: Seconds before the first retry; doubled for each further one.
            version: What else of the model can change a reply, where its name does not tell.

        Raises:
            ConfigError: OpenAI's own endpoint without a key, or an impossible address.
        """
        endpoint.check()
        endpoint.key()
        self.endpoint, self.cache, self._version = endpoint, cache, version
        self.known = Known()
        self._hide = endpoint.hide()
        self._concurrency, self._tries, self._timeout, self._wait = concurrency, tries, timeout, wait
        self._pace = Pace(concurrency, timeout)
        self._begin()

    def _begin(self) -> None:
        self._in_vain = 0  # calls without a reply since the last reply
        self._stop: LetheiaError | None = None
        self._stopped = asyncio.Event()
        self._pace.begin()

    def greet(self, call: Call) -> Reply:
        """Put one question that is not kept, to learn before any work whether this endpoint answers at all.

        Raises:
            ClientError: It refuses the key, the model or the address, has no credit, or is not there.
        """
        self._begin()
        return asyncio.run(self._alone(call))

    async def _alone(self, call: Call) -> Reply:
        async with connected(self.endpoint, timeout=self._timeout, most=1) as client:
            reply = await self._patiently(client, call)
        if self._in_vain:
            raise self._error(f"{reply.error}. {UNREACHED}")
        return reply

    def ask(
        self,
        calls: Sequence[Call],
        *,
        progress: Callable[[int], None] = lambda _: None,
        readable: Readable = lambda _: True,
    ) -> list[Reply]:
        """Answer each call; equal ones are made once, and what the cache has is not made.

        Args:
            calls: The questions.
            progress: Told of each call that is done.
            readable: Whether a reply can be used; only such are kept.

        Raises:
            ClientError: The endpoint refuses the key, the model or the address, has no credit, or is not there.
            OutputError: The cache can't be written.
        """
        return asyncio.run(self._all(calls, progress, readable))

    async def _all(self, calls: Sequence[Call], progress: Callable[[int], None], readable: Readable) -> list[Reply]:
        self._begin()
        names = [self._name(call) for call in calls]
        times, open_ = Counter(names), dict(zip(names, calls, strict=True))
        done: dict[str, Reply] = {}
        async with connected(self.endpoint, timeout=self._timeout, most=self._concurrency) as client:
            while open_ and not self._stop:
                kept = {name: reply for name in open_ if (reply := self._kept(name, readable))}
                progress(sum(times[name] for name in kept))
                open_ = {name: call for name, call in open_.items() if name not in kept}
                claims = self.cache.claim(list(open_))
                mine = {n: call for (n, call), claimed in zip(open_.items(), claims, strict=True) if claimed}
                fresh = await self._round(client, mine, readable, lambda name: progress(times[name]))
                open_ = {name: call for name, call in open_.items() if name not in fresh}
                done |= kept | fresh
                if open_ and not fresh:  # somebody else is asking them
                    await asyncio.sleep(LOOK_AGAIN)
        if self._stop:
            raise self._stop
        return [done[name] for name in names]

    async def _round(
        self, client: httpx.AsyncClient, calls: Mapping[str, Call], readable: Readable, done: Callable[[str], None]
    ) -> dict[str, Reply]:
        """Ask what this process has claimed."""
        if not calls:
            return {}
        gate = asyncio.Semaphore(self._concurrency)
        alive = asyncio.create_task(self._stay_alive())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    name: group.create_task(self._one(client, call, name, gate, readable), name=name)
                    for name, call in calls.items()
                }
                for task in tasks.values():
                    task.add_done_callback(lambda task: done(task.get_name()))
        finally:
            alive.cancel()
            self.cache.release()
        return {name: task.result() for name, task in tasks.items()}

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            with contextlib.suppress(LetheiaError):  # a full disk is told where a reply is to be kept
                self.cache.renew()

    async def _one(
        self, client: httpx.AsyncClient, call: Call, name: str, gate: asyncio.Semaphore, readable: Readable
    ) -> Reply:
        """One reply. An error of all is noted and told at the end, so that what others were paid for is kept."""
        try:
            async with gate:
                # another process may have kept it between the look and the claim
                if reply := self._kept(name, readable):
                    return reply
                reply = await self._patiently(client, call)
            if not reply.error and readable(reply):
                await asyncio.to_thread(self.cache.put, name, asdict(reply))  # a slow disk holds no other reply up
            return reply
        except DataError as error:  # a picture that can't be read
            return Reply(error=str(error))
        except LetheiaError as error:
            self._stop = self._stop or error
            self._stopped.set()
            return Reply(error=str(error))

    async def _patiently(self, client: httpx.AsyncClient, call: Call) -> Reply:
        picture = await asyncio.to_thread(data_url, call.picture, call.side) if call.picture else ""
        course = Course(known=self.known, asked_tokens=call.max_tokens, tries=self._tries, wait=self._wait)
        while not self._stop:
            without, limit = self.known.lacks | course.lacks, course.max_tokens
            sent = put(
                self.endpoint.model, call.text, picture=picture, schema=call.schema, temperature=call.temperature,
                max_tokens=limit, lacks=without, turns=call.turns, prefix=call.prefix, seed=call.seed,
                picture_first=call.verbatim,
            )  # fmt: skip
            try:
                async with self._pace.turn():
                    answer = await post(client, self.endpoint, sent, timeout=self._timeout)
                self.known.answers = True
                heard = hear(answer, sent, verbatim=call.verbatim)
            except Fault as fault:
                if fault.kind == "stop":
                    raise self._error(fault.reason) from None
                if course.learns(fault, without):
                    continue
                wait = course.wait_after(fault, limit)
                if wait is None:
                    return self._given_up(fault, course)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), wait)
                continue
            self.known.lacks, self.known.heard, self._in_vain = self.known.lacks | course.lacks, True, 0
            read, written = course.read + heard.read, course.written + heard.written
            text, model = self._hide(heard.text), self._hide(heard.model)
            return Reply(text=text, finished=heard.finished, model=model, read=read, written=written)
        return Reply(error="not asked, since the endpoint had refused another")

    def _given_up(self, fault: Fault, course: Course) -> Reply:
        """What is told of a question without a reply; many of them in a row are an error of all."""
        reason = course.verdict(fault)
        # what was filtered, cut or too long has been read by somebody
        self._in_vain = 0 if fault.kind in {"call", "useless"} else self._in_vain + 1
        if self._in_vain >= FEW:
            raise self._error(f"{FEW} calls in a row without a reply, the last: {reason}. {UNREACHED}")
        return Reply(error=scrubbed(self._hide(reason)), read=course.read, written=course.written)

    def _error(self, reason: str) -> ClientError:
        return ClientError(scrubbed(self._hide(f"{self.endpoint.model} at {self.endpoint.shown}: {reason}")))

    def _kept(self, name: str, readable: Readable) -> Reply | None:
        try:
            reply = Reply(**{**(self.cache.get(name) or {"error": "none"}), "paid": False})
        except TypeError:  # damaged
            return None
        return reply if isinstance(reply.text, str) and not reply.error and readable(reply) else None

    def _name(self, call: Call) -> str:
        """A hash of everything that can change the reply."""
        picture = None
        if call.picture:
            with contextlib.suppress(OSError):  # told when it is to be sent
                picture = sha256(call.picture)
        where = [AGREED, self.endpoint.model, self.endpoint.place, *filter(None, [self._version])]
        return fingerprint([where, {**call.values(), "picture": picture or str(call.picture)}], digits=64)


def bill(replies: Sequence[Reply], endpoint: Endpoint) -> str:
    """What was asked now and what it cost, in a line."""
    paid = {id(r): r for r in replies if r.paid and (r.read or not r.error)}.values()
    read, written = sum(r.read for r in paid), sum(r.written for r in paid)
    if paid and not read:
        return f"{len(paid)} calls; the endpoint does not say how many tokens"
    return f"{len(paid)} calls, {read:,} tokens read, {written:,} written" + _dollars(endpoint.cost(read, written))


def cost_estimate(calls: Sequence[Call], endpoint: Endpoint) -> str:
    """What calls will at most cost, in a line, before the first one is made."""
    read, written = (sum(c.most_tokens[i] for c in calls) for i in (0, 1))
    return f"{len(calls)} calls, about {read:,} tokens to read, at most {written:,} to write" + _dollars(
        endpoint.cost(read, written)
    )


def _dollars(cost: float | None) -> str:
    return "; the price is not known" if cost is None else f"; about ${cost:.2f}"
