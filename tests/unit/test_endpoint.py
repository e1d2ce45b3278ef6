"""Addresses and keys: what is asked, what is shown, and that nothing secret is in what is written or logged."""

import json
import logging
import os
import pty
import random
import string
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from commands import fails, letheia, process
from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint
from letheia.clients.endpoint import scrubbed
from letheia.data.folder import read_people
from letheia.data.responses import write_responses
from letheia.errors import ClientError, ConfigError


@pytest.mark.parametrize(
    ("text", "model", "url"),
    [
        ("judge@http://h:1/v1", "judge", "http://h:1/v1"),
        ("claude-3@20240620@https://h/v1", "claude-3@20240620", "https://h/v1"),
        ("@cf/meta/llama@http://h/v1", "@cf/meta/llama", "http://h/v1"),
        ("org/model:free@HTTPS://h/v1", "org/model:free", "HTTPS://h/v1"),
        (" judge@http://[::1]:1/v1/ ", "judge", "http://[::1]:1/v1/"),
        ("@cf/meta/llama", "@cf/meta/llama", "https://api.openai.com/v1"),
        ("claude-3@20240620", "claude-3@20240620", "https://api.openai.com/v1"),
        ("gpt-4.1", "gpt-4.1", "https://api.openai.com/v1"),
    ],
)
def test_models_and_addresses(text, model, url, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    endpoint = Endpoint.parse(text)
    assert (endpoint.model, endpoint.base_url) == (model, url)


@pytest.mark.parametrize(
    "text",
    ["", "@", "judge@", "@http://h/v1", "judge@ftp://h", "http://h/v1", "judge@http://", "judge@http://h:port/v1",
     "judge@http://h:99999/v1", "judge@http://a b/v1", "judge@localhost:8000/v1", "judge@my.host.org", "j@localhost"],
)  # fmt: skip
def test_what_is_neither_is_told(text):
    with pytest.raises(ConfigError):
        Endpoint.parse(text)


def test_where_questions_go(monkeypatch):
    def url(base, model="gpt-4"):
        return Endpoint(model=model, base_url=base).url

    assert url("http://h:1/v1/") == url("http://h:1/v1") == url("http://h:1/v1/chat/completions")
    assert url("http://una:pw@h/v1?key=k") == "http://h/v1/chat/completions?key=k"
    azure = "https://x.openai.azure.com"
    assert url(azure) == f"{azure}/openai/deployments/gpt-4/chat/completions?api-version=2024-10-21"
    assert url(f"{azure}/openai/deployments/d?api-version=1") == (
        f"{azure}/openai/deployments/d/chat/completions?api-version=1"
    )
    assert url(f"{azure}/openai/v1/") == f"{azure}/openai/v1/chat/completions"
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert Endpoint(model="m", base_url=azure).headers() == {"api-key": "k"}
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:5/v1")
    assert Endpoint.parse("gpt-4.1").url == "http://127.0.0.1:5/v1/chat/completions"
    assert Endpoint.parse("gpt-4.1").cost(10, 10) is None and not Endpoint.parse("gpt-4.1").third_party
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert Endpoint.parse("gpt-4.1").cost(1_000_000, 0) == 2.0 and Endpoint.parse("gpt-4.1").third_party


@pytest.mark.parametrize(
    "key", [" sk-key1\n", "sk-key1\r\n", '"sk-key1"', "\tsk-key1 ", "\ufeffsk-key1", "sk-key1\u200b"]
)
def test_keys_with_white_space_around(server, tmp_path, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert server.endpoint.headers() == {"Authorization": "Bearer sk-key1"}
    with Cache(tmp_path / "c.sqlite") as cache:
        assert Chat(server.endpoint, cache).ask([Call(text="a")])[0].text == "echo a"


@pytest.mark.parametrize("key", ["sk-one sk-two", "sk-one\nsk-two", "sk-кey", "sk-\u200bone"])
def test_keys_that_are_none(server, tmp_path, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with Cache(tmp_path / "c.sqlite") as cache, pytest.raises(ConfigError, match="OPENAI_API_KEY") as error:
        Chat(server.endpoint, cache)
    assert key not in str(error.value)


def test_what_is_taken_out_of_a_text():
    for text, shown in (
        ("j@http://u:p@h/v1", "j@http://***@h/v1"),
        ("http://u:p/a@ss@h/v1", "http://***@h/v1"),
        ("http://token@h:8000/v1?a=b&api-version=2&c", "http://***@h:8000/v1?a=***&api-version=2&***"),
        ("http://h/v1?email=a@b.org#frag", "http://h/v1?email=***#***"),
        ("http://h/0123456789abcdef0123456789abcdef/v1", "http://h/***/v1"),
        ("Bearer abcdef123456", "Bearer ***"),
        ("key sk-proj-abcdefghijkl, hf_abcdefghijklmnop", "key ***, ***"),
        ("http://[::1]:80/v1 http://h/ a@b.org", "http://[::1]:80/v1 http://h/ a@b.org"),
    ):
        assert scrubbed(text) == shown


def secrets(rng, count):
    letters = string.ascii_letters + string.digits
    return ["S3c" + "".join(rng.choices(letters, k=rng.randrange(6, 20))) + rng.choice(["", "/x", "%40y", "+z", "."])
            for _ in range(count)]  # fmt: skip


def places(one, two):
    """Where users put passwords and keys in an address."""
    quoted = urllib.parse.quote(one, safe="%")
    return [
        (f"http://{quoted}:{urllib.parse.quote(two, safe='%')}@HOST/v1", ""),
        (f"http://{quoted}@HOST/v1?token={two}", ""),
        (f"http://HOST/v1?key={one}&api_key={two}", ""),
        (f"http://HOST/v1?{one}", two),
        ("http://HOST/v1", f"{one} \n".replace("%40", "").replace("/", "")),
    ]


@pytest.mark.slow
def test_thirty_secrets_are_nowhere(server, tmp_path, monkeypatch, caplog, capsys):
    """The server says back all that it was sent, in replies, in headers and in errors; logs are at DEBUG."""
    caplog.set_level(logging.DEBUG)
    rng, planted = random.Random(0), []
    for number in range(15):
        one, two = secrets(rng, 2)
        url, key = places(one, two)[number % 5]
        monkeypatch.setenv("OPENAI_API_KEY", key)
        planted += [one, two]
        endpoint = Endpoint.parse("judge@" + url.replace("HOST", f"127.0.0.1:{server.server_port}"))
        sent = json.dumps([endpoint.url, endpoint.headers(), endpoint.base_url])
        for status in (200, 401, 400, 503):
            server.answer = lambda text, body, status=status, sent=sent: (status, f"you sent {sent}")
            with Cache(tmp_path / "c.sqlite") as cache:
                logging.getLogger("httpx").info("HTTP Request: POST nothing")
                try:
                    chat = Chat(endpoint, cache, wait=0.001, tries=2)
                    print(chat.ask([Call(text=f"{number} {status}")]), endpoint, scrubbed(f"letheia --judge j@{url}"))
                except ClientError as error:
                    print(error)
    seen = capsys.readouterr().out + caplog.text + (tmp_path / "c.sqlite").read_bytes().decode(errors="replace")
    assert "HTTP Request" in caplog.text and "***" in seen
    forms = [form for s in planted for form in (s, urllib.parse.unquote(s), urllib.parse.quote(s, safe=""))]
    assert len(planted) == 30 and [s for s in forms if s in seen] == []


@pytest.mark.slow
def test_a_command_leaves_no_secret(server, poets_folder):
    server.answer = lambda text, body: (200, '{"score": 2}')
    judge = f"judge@http://una:S3cretPass@127.0.0.1:{server.server_port}/v1?key=S3cretKey"
    line = ["evaluate", "--people", poets_folder, "--model", "mistral", "--judge", judge]
    more = ("--output", poets_folder / "run", "--cache", poets_folder / "run.sqlite")
    done = process(*line, *more, cwd=poets_folder, OPENAI_API_KEY="S3cretEnv", OPENAI_LOG="debug")
    assert done.returncode == 0, done.stderr
    files = [f for f in poets_folder.rglob("*") if f.is_file()]
    assert {"judge.json", "provenance.json", "report.html", "run.sqlite"} <= {f.name for f in files}
    assert [f for f in files if b"S3cret" in f.read_bytes()] == [] and "S3cret" not in done.stdout + done.stderr
    page = (poets_folder / "run" / "report-operator.html").read_text()
    assert "Answers judged by judge@http://***@127.0.0.1" in page
    assert json.loads((poets_folder / "run" / "judge.json").read_text())["base_url"].startswith("http://***@127.0.0.1")
    fails(letheia(*line[:5], "--judge", "j@http://una:S3cretPass@h:x/v1", "--output", "o", cwd=poets_folder), "***@h:x")


def test_nothing_is_sent_elsewhere_unasked(poets_folder):
    """A judge and an expert at an address that is not this machine: no terminal, no --yes, so nothing is sent."""
    there = "m@http://192.0.2.1:9/v1"
    expert = ["people", "responses", poets_folder, "--expert", there]
    what = "names, texts and photographs go to m at http://192.0.2.1:9/v1"
    fails(letheia(*expert, cwd=poets_folder), what, "10 calls", "--yes")
    judged = ["evaluate", "--people", poets_folder, "--model", "mistral", "--output", poets_folder / "run"]
    judged += ["--judge", there]
    fails(letheia(*judged, cwd=poets_folder), what, "calls", "--yes")


@pytest.mark.parametrize("command", ["evaluate", "unlearn"])
def test_consent_is_asked_before_weights_are_loaded(poets_folder, command, monkeypatch):
    found = read_people(poets_folder)
    write_responses(found, {e.id: [f"{e.name} is a poet."] for e in found.entities})
    monkeypatch.setattr("letheia.models.loading.load_model", lambda *_, **__: pytest.fail("weights are loaded"))
    line = [command, "--people", poets_folder, "--output", poets_folder / "run", "--judge", "m@http://192.0.2.1:9/v1"]
    more = ["--forget", found.entities[0].name, "--no-retain"] if command == "unlearn" else []
    fails(letheia(*line, *more), "--yes")


@pytest.mark.slow
@pytest.mark.parametrize(("word", "sent"), [("n\n", False), ("y\n", True)])
def test_a_word_at_the_prompt(poets_folder, word, sent):
    """A real terminal, by a pseudo-terminal; a name that is never resolved stands for the third party."""
    main, child = pty.openpty()
    asks = ("people", "responses", poets_folder, "--expert", "m@http://x.invalid/v1")
    command = [sys.executable, "-m", "letheia", *asks]
    with subprocess.Popen(command, stdin=child, stdout=-1, stderr=-1, text=True, cwd=poets_folder) as asking:
        told = ""
        while "Send them?" not in told and (letter := asking.stderr.read(1)):
            told += letter
        settings = Path(f"/proc/{asking.pid}/environ")  # those of the process image that took over
        if settings.exists():
            assert {b"PYTHONSAFEPATH=1", b"MALLOC_TRIM_THRESHOLD_=4294967296"} <= {*settings.read_bytes().split(b"\0")}
        os.write(main, word.encode())
        told += asking.communicate(timeout=120)[1]
    os.close(main)
    os.close(child)
    assert "Send them?" in told and asking.returncode == 2
    assert ("nothing has been sent" in told) != sent and ("without a reply" in told) == sent
