"""A local server in OpenAI's protocol that fails as often as is asked for, and two poets to ask about."""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from letheia.clients.cache import Cache
from letheia.clients.chat import Endpoint
from letheia.data.folder import write_people
from letheia.types import Entity, People, Portrait


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        content = body["messages"][0]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        with server.lock:
            server.bodies.append(body)
            fault = server.faults.random() < server.rate
            kind = server.faults.choice(["429", "500", "cut", "no protocol"])
            server.here += 1
            server.most = max(server.most, server.here)
        time.sleep(server.delay)
        with server.lock:
            server.here -= 1
        if fault and kind == "429":
            return self.send(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})
        if fault and kind == "500":
            return self.send(500, {"error": {"message": "oops"}})
        if fault and kind == "no protocol":
            return self.send(200, {"hello": "world"})
        if fault:
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
            return None
        status, content = server.answer(text, body)
        if status != 200:
            return self.send(status, {"error": {"message": content}})
        with server.lock:
            server.answered.append(text)
        message = {"role": "assistant", "content": content}
        finish = server.finish(body)
        return self.send(
            200,
            {
                "id": "x", "object": "chat.completion", "created": 0, "model": "judge-2",
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
            },
        )  # fmt: skip

    def send(self, status, value, headers=None):
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as found:
        found.lock, found.bodies, found.answered = threading.Lock(), [], []
        found.here = found.most = 0
        found.finish = lambda body: "stop"
        found.faults, found.rate, found.delay = random.Random(0), 0.0, 0.0
        found.answer = lambda text, body: (200, f"echo {text}")
        found.endpoint = Endpoint(model="judge", base_url=f"http://127.0.0.1:{found.server_port}/v1")
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "chat.sqlite") as found:
        yield found


@pytest.fixture
def poets(tmp_path):
    Image.new("RGB", (900, 40), "red").save(tmp_path / "una.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "bo.png")
    entities = tuple(
        Entity(
            id=i, name=name, summary=f"{name} is a poet from Norrvik.",
            portraits=(Portrait(id=i, file=tmp_path / f"{i}.png", entity=i, role="seen"),),
        )
        for i, name in (("una", "Una Varga"), ("bo", "Bo Lind"))
    )  # fmt: skip
    return People(folder=tmp_path, entities=entities)


@pytest.fixture
def poets_folder(poets, tmp_path):
    write_people(poets)
    return tmp_path
