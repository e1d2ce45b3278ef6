"""Pushing an adapter, against a local server that speaks the Hub's protocol."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from commands import fails, letheia
from letheia.errors import OutputError
from letheia.models.saving import push_adapter


class Hub(BaseHTTPRequestHandler):
    """Makes repositories and takes commits; refuses those of other tokens."""

    asked: ClassVar[list[tuple[str, dict]]] = []
    files: ClassVar[dict[str, bytes]] = {}

    def log_message(self, *_):
        pass

    def _reply(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self._reply({"id": "team/adapter", "sha": "0" * 40, "siblings": [], "name": "team", "type": "user"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers.get("Authorization") != "Bearer hf_test":
            return self._reply({"error": "no access"}, 401)
        if self.path == "/api/repos/create":
            Hub.asked.append((self.path, json.loads(body)))
            return self._reply({"url": "http://127.0.0.1/team/adapter", "id": "team/adapter"})
        if self.path.endswith("/preupload/main"):
            wanted = json.loads(body)["files"]
            return self._reply({"files": [{**f, "uploadMode": "regular", "shouldIgnore": False} for f in wanted]})
        if "/commit/main" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    Hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return self._reply(
                {"commitUrl": f"http://{self.headers['Host']}/team/adapter/commit/1", "commitOid": "1" * 40}
            )
        return self._reply({"message": "ok"})


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Hub.asked.clear()
    Hub.files.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("card")
    return folder


def test_everything_is_pushed_to_a_private_repository(hub, adapter):
    assert push_adapter(adapter, "team/adapter", endpoint=hub, token="hf_test") == f"{hub}/team/adapter"
    (_, made), *_ = Hub.asked
    assert (made["name"], made["organization"], made["visibility"]) == ("adapter", "team", "private")
    assert Hub.files == {f.name: f.read_bytes() for f in adapter.iterdir()}


def test_a_refusal_is_told_and_nothing_is_lost(hub, adapter):
    with pytest.raises(OutputError, match=r"team/adapter: not pushed .*The adapter is in"):
        push_adapter(adapter, "team/adapter", endpoint=hub, token="hf_other")
    with pytest.raises(OutputError, match="not pushed"):
        push_adapter(adapter, "team/adapter", endpoint="http://127.0.0.1:9", token="hf_test")
    assert (adapter / "adapter_model.safetensors").exists() and not Hub.files


def test_it_asks_before_the_work(people, tmp_path):
    """Nobody answers here, so nothing is done."""
    name = people.pictured[0].name
    run = ("unlearn", "--people", people.folder, "--forget", name, "--output", tmp_path / "x", "--push-to-hub", "a/b")
    result = letheia(*run)
    assert result.returncode == 130 and "Push the adapter to a/b" in result.stdout + result.stderr
    assert not (tmp_path / "x").exists()
    fails(letheia(*run, "--method", "pubg", "--method", "ga"), "--push-to-hub", "one method")
