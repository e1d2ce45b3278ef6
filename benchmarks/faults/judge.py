"""A judge's server that fails in every way a server can, and what an LVLM judge makes of it.

Three in ten calls meet a fault. Every verdict must be the right one or none, none may be lost once the command is given
again, and no answered question may be asked twice.
"""

import hashlib
import json
import multiprocessing
import random
import socket
import struct
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
from PIL import Image

from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint
from letheia.clients.judge import LvlmJudge
from letheia.metrics.judges import VERDICTS
from letheia.metrics.scorer import Scorer
from letheia.metrics.table import Reading, no_judge
from letheia.types import Entity, Generation, People, Portrait


def right(text: str) -> int:
    """The verdict on a question."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 + 1


def reply(content, finish="stop", **message) -> dict:
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "judge-2",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content, **message},
                     "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        text = body["messages"][0]["content"][0]["text"]
        with server.lock:
            server.calls += 1
            kind = server.draw.choice(server.kinds) if server.draw.random() < server.rate else ""
            server.met[kind] += 1
        try:
            if kind:
                FAULTS[kind](self, right(text) % 5 + 1)
            else:
                self.send(200, reply(json.dumps({"score": right(text)})))
                with server.lock:
                    server.answered[text] += 1
        except OSError:
            self.close_connection = True

    def send(self, status, value, headers=None):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, said in (headers or {}).items():
            self.send_header(name, said)
        self.end_headers()
        self.wfile.write(data)

    def raw(self, data: bytes):
        self.wfile.write(data)
        self.close_connection = True


Fault = Callable[[Handler, int], object]  # the number that it is given is a wrong verdict


def status(code: int, message: object = "oops", **headers: str) -> Fault:
    said = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda h, _: h.send(code, message if isinstance(message, bytes) else {"error": {"message": message}}, said)


def says(content: Callable[[int], object], finish="stop", **message) -> Fault:
    return lambda h, wrong: h.send(200, reply(content(wrong), finish, **message))


def body(value: object) -> Fault:
    return lambda h, _: h.send(200, value)


def raw(data: bytes) -> Fault:
    return lambda h, _: h.raw(data)


def cut(head: bytes) -> Fault:
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head)


def reset(h: Handler, _: int) -> None:
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    h.connection.close()
    h.close_connection = True


def endless(h: Handler, _: int) -> None:
    h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        h.wfile.write(b" " * 65_536)


def drip(h: Handler, _: int) -> None:
    h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        h.wfile.write(b" ")
        time.sleep(0.1)


def silence(h: Handler, _: int) -> None:
    time.sleep(20)
    h.close_connection = True


FAR = "Fri, 31 Dec 9999 23:59:59 GMT"
OBJECT = '{{"score": {}}}'
FAULTS: dict[str, Fault] = {
    "429": status(429),
    "429, Retry-After 0": status(429, Retry_After="0"),
    "429, Retry-After in the year 9999": status(429, Retry_After=FAR),
    "429, Retry-After in the year 1": status(429, Retry_After="Mon, 01 Jan 0001 00:00:00 GMT"),
    "429, Retry-After of 10^400 seconds": status(429, Retry_After="9" * 400),
    "429, Retry-After -5": status(429, Retry_After="-5"),
    "503, Retry-After nonsense": status(503, Retry_After="Thu, 99 Foo 99999999 99:99:99 +9999"),
    "408": status(408),
    "409": status(409),
    "500": status(500),
    "502 with a page": status(502, b"<html><body>Bad gateway: no image, no model found</body></html>"),
    "504": status(504),
    "529": status(529, "overloaded"),
    "400 without a reason": status(400, "bad request"),
    "400 filtered": status(400, "The response was filtered: content management policy"),
    "200 with an error": body({"error": {"message": "upstream failed", "code": 502}}),
    "200 with an error among the choices": body(
        {"model": "m", "choices": [{"message": {"content": ""}, "error": {"code": 502, "message": "x"}}]}
    ),
    "closed at once": raw(b""),
    "reset": reset,
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "cut in the headers": raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "cut in the body": cut(b'Content-Length: 5000\r\n\r\n{"choices": ['),
    "a bad chunk": cut(b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n"),
    "no gzip": cut(b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
    "endless headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 30_000),
    "endless": endless,
    "a byte at a time": drip,
    "silence": silence,
    "empty": body(b""),
    "a page": body(b"<html>Sign in to the network</html>"),
    "half of the JSON": body(json.dumps(reply('{"score": 1}')).encode()[:-30]),
    "no UTF-8": body(b'{"choices": "\xff\xfe"}'),
    "a stream of events": body(b'data: {"choices": [{"delta": {"content": "1"}}]}\n\ndata: [DONE]\n\n'),
    "a number": body(5),
    "a list": body([]),
    "no choices": body({"hello": "world"}),
    "choices empty": body({"choices": []}),
    "choices null": body({"choices": None}),
    "no message": body({"choices": [{}]}),
    "content null": says(lambda _: None),
    "content blank": says(lambda _: " \n"),
    "content a number": says(lambda wrong: wrong),
    "refused": says(lambda _: None, refusal="I can't judge people."),
    "filtered at the end": says(OBJECT.format, "content_filter"),
    "cut at the length limit": says(OBJECT.format, "length"),
    "cut within its thoughts": says(lambda wrong: f'<think>maybe {{"score": {wrong}}}'),
    "thoughts apart, no answer": says(lambda _: None, reasoning_content='{"score": 1}'),
    "broken off": says(OBJECT.format, "error"),
    "prose around a number": says(lambda wrong: f'The answer quotes {{"score": {wrong}}}.'),
    "a quotation alone": says(lambda wrong: f'{{"answer": {{"score": {wrong}}}}}'),
    "two numbers": says(lambda wrong: f'{{"score": {wrong}}} {{"score": {wrong}}}'),
    "a key twice": says(lambda wrong: f'{{"score": 1, "score": {wrong}}}'),
    "a number as text": says(lambda wrong: f'{{"score": "{wrong}"}}'),
    "a number that is none": says(lambda _: '{"score": NaN}'),
    "out of range": says(lambda _: '{"score": 7}'),
    "yes": says(lambda _: '{"score": true}'),
    "5 MB": says(lambda wrong: " " * 5_000_000 + OBJECT.format(wrong)),
    "deeply nested": says(lambda wrong: "[" * 100_000),
}
SLOW = {"a byte at a time", "silence"}


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing: most faults end in a closed connection."""


@contextmanager
def serving(kinds, *, rate=0.3, seed=0):
    with Server(("127.0.0.1", 0), Handler) as server:
        server.lock, server.draw, server.kinds, server.rate = threading.Lock(), random.Random(seed), list(kinds), rate
        server.calls, server.met, server.answered = 0, Counter(), Counter()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def a_folder(place: Path, count=6) -> People:
    entities = []
    for i in range(count):
        Image.new("RGB", (16, 16), (40 * i, 90, 200)).save(place / f"p{i}.png")
        picture = Portrait(id=f"p{i}", file=place / f"p{i}.png", entity=f"p{i}", role="unseen")
        name = f"Una Varga-{i}"
        entities.append(Entity(id=f"p{i}", name=name, summary=f"{name} is a poet born in {1950 + i}.",
                               portraits=(picture,)))  # fmt: skip
    return People(folder=place, entities=tuple(entities))


def readings_of(people: People, given: list[Generation]) -> list[Reading]:
    """What a judge is handed."""
    caught: list[Reading] = []

    def judge(readings):
        caught.extend(readings)
        return no_judge(readings)

    Scorer(people, judge=judge).score(given)
    return caught


def judged(kinds, *, answers=500, timeout=8.0, again=6) -> dict[str, int]:
    """Verdicts wrong, lost and doubled, and questions asked, on so many answers with all three rubrics."""
    with tempfile.TemporaryDirectory() as folder, serving(kinds) as server:
        people = a_folder(Path(folder))
        given = [
            Generation(model="m", method="x", portrait=f"p{i % 6}", entity=f"p{i % 6}", group="forget", role="unseen",
                       question="?", answer=f"Answer number {i} about somebody.")
            for i in range(answers)
        ]  # fmt: skip
        readings = readings_of(people, given)
        endpoint = Endpoint(model="judge", base_url=f"http://127.0.0.1:{server.server_port}/v1")
        wrong: set[tuple[int, str]] = set()
        for _ in range(again):  # the same command, given again
            with Cache(Path(folder) / "chat.sqlite") as cache:
                judge = LvlmJudge(Chat(endpoint, cache, wait=0.001, timeout=timeout))
                verdicts = judge(readings)
                values = {
                    (i, name): (verdicts[i][name].value, right(judge.call(reading, name).text))
                    for i, reading in enumerate(readings)
                    for name in VERDICTS
                }
            wrong |= {place for place, (value, true) in values.items() if value not in (None, true)}
            lost = [place for place, (value, _) in values.items() if value is None]
            if not lost:
                break
        return {
            "verdicts": len(values),
            "calls": server.calls,
            "wrong": len(wrong),
            "lost": len(lost),
            "doubled": sum(n > 1 for n in server.answered.values()),
        }


def ask_in_process(file: str, port: int, first: int, count: int, backwards: bool) -> int:
    """What one of two processes does: ask the same questions, from its own end; how many it got no reply to."""
    calls = [Call(text=f"question {i}") for i in range(first, first + count)]
    with Cache(Path(file)) as cache:
        chat = Chat(Endpoint(model="judge", base_url=f"http://127.0.0.1:{port}/v1"), cache, concurrency=8)
        return sum(bool(r.error) for r in chat.ask(calls[::-1] if backwards else calls))


def pairs(count=20, questions=60) -> tuple[int, int]:
    """Two processes on one cache, so many times over: questions asked twice, and questions without a reply."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, serving(["429"], rate=0.0) as server, context.Pool(2) as pool:
        lost = 0
        for i in range(count):
            given = (f"{folder}/{i}.sqlite", server.server_port, i * questions, questions)
            lost += sum(pool.starmap(ask_in_process, [(*given, False), (*given, True)], chunksize=1))
        return server.calls - count * questions, lost


def bounded(kind: str) -> bool:
    """Whether a call that meets nothing but this fault ends soon, and keeps less than 50 MB while it lasts."""
    with tempfile.TemporaryDirectory() as folder, serving([kind], rate=1.0) as server:
        with Cache(Path(folder) / "c.sqlite") as cache:
            endpoint = Endpoint(model="judge", base_url=f"http://127.0.0.1:{server.server_port}/v1")
            began, before = time.monotonic(), psutil.Process().memory_info().rss
            reply = Chat(endpoint, cache, wait=0.001, timeout=1.0).ask([Call(text="a")])[0]
            grown = psutil.Process().memory_info().rss - before
        return bool(reply.error) and time.monotonic() - began < 30 and grown < 50e6


def run() -> list[tuple[str, int, int]]:
    """What was tried, how often, and how often it failed."""
    found = judged(FAULTS)
    tried = found["verdicts"]
    what = f"a judge over HTTP, {len(FAULTS)} kinds of fault at 30 %"
    doubled, lost = pairs()
    without_end = [kind for kind in FAULTS if kind in SLOW or kind.startswith(("endless", "429, ", "503, ", "5 MB"))]
    return [
        *((f"{what}: {kind}", tried, found[kind]) for kind in ("wrong", "doubled", "lost")),
        ("20 pairs of judges on one cache: questions asked twice", 1200, doubled),
        ("20 pairs of judges on one cache: questions without a reply", 2400, lost),
        ("one call without an end, too large, or told to wait for ever", len(without_end),
         sum(not bounded(kind) for kind in without_end)),
    ]  # fmt: skip


if __name__ == "__main__":
    began = time.monotonic()
    for name, tried, failed in run():
        print(f"{name:<70} {tried:>6} {failed:>4}")
    print(f"{time.monotonic() - began:.0f} s")
