"""Calls to a judge, many at once against one by one, at 200 ms a call. The server is a process of its own.

Then the same from a server that answers one at a time, as llama.cpp and Ollama mostly do; the limit is 25 calls long.

python benchmarks/concurrent_calls.py
"""

import contextlib
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint

CALLS, DELAY, ROUNDS = 320, 0.2, 3
PATIENCE = 25 * DELAY


TURN = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with TURN if self.path.startswith("/one") else contextlib.nullcontext():
            time.sleep(DELAY)
        with self.server.answered.get_lock():
            self.server.answered.value += 1
        message = {"role": "assistant", "content": '{"score": 3}'}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = json.dumps({"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # nobody waits for it any more
            self.wfile.write(body.encode())


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def serve(port, answered):
    with Server(("127.0.0.1", 0), Handler) as server:
        server.answered, port.value = answered, server.server_port
        server.serve_forever()


def rate(url, concurrency, calls, timeout=300.0):
    """Calls a second, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder) / "cache.sqlite") as cache:
        chat = Chat(Endpoint(model="m", base_url=url), cache, concurrency=concurrency, timeout=timeout)
        began = time.monotonic()
        replies = chat.ask([Call(text=str(i)) for i in range(calls)])
        assert not any(reply.error for reply in replies)
        return calls / (time.monotonic() - began)


def main():
    context = multiprocessing.get_context("spawn")
    port, answered = context.Value("i", 0), context.Value("i", 0)
    server = context.Process(target=serve, args=(port, answered), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.05)
    url = f"http://127.0.0.1:{port.value}/v1"
    rate(url, 4, 8)  # imports and connections
    one = statistics.median(rate(url, 1, 15) for _ in range(ROUNDS))
    print(f"one by one: {one:.1f} calls a second")
    found = {"one": one}
    for concurrency in (8, 32, 64):
        many = statistics.median(rate(url, concurrency, CALLS) for _ in range(ROUNDS))
        found[str(concurrency)] = many
        print(f"{concurrency:>3} at once: {many:.1f} calls a second, {many / one:.1f} times as fast")
    answered.value = 0
    found["one at a time"] = rate(url.replace("/v1", "/one"), 32, 100, timeout=PATIENCE)
    time.sleep(PATIENCE)  # what was given up is still answered
    print(f"a server that answers one at a time: {found['one at a time']:.1f} a second, {answered.value} of 100 made")
    print(json.dumps(found))
    server.terminate()


if __name__ == "__main__":
    main()
