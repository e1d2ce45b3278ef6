"""The Wikipedia reader against a real HTTP server that plays every kind of reply."""

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from commands import letheia
from letheia.clients.cache import Cache
from letheia.clients.wikipedia import Wikipedia
from letheia.data.folder import read_people, write_people
from letheia.data.summaries import fetch_summaries
from letheia.errors import ClientError
from letheia.types import Entity, People

LEAD = "Una Varga (born 1950) is a poet."


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        title = unquote(self.path.rsplit("/", 1)[1])
        server = self.server
        server.requests.append((title, self.headers["User-Agent"], time.monotonic()))
        tries = sum(t == title for t, _, _ in server.requests)
        if title == "Varga":
            return self.reply(302, headers={"Location": "Una_Varga"})
        if title == "Mercury":
            return self.reply(200, {"type": "disambiguation", "title": "Mercury", "extract": "Mercury may be:"})
        if title == "Nobody":
            return self.reply(404, {"type": "not found"})
        if title == "Busy" and tries < 3:
            return self.reply(429, headers={"Retry-After": "7"})
        if title == "Broken" and tries < 3:
            return self.reply(500)
        if title == "Down":
            return self.reply(503)
        if title == "Slow" and tries < 2:
            time.sleep(2.5)
        if title == "Cut" and tries < 3:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"title": "Cu')
            self.close_connection = True
            return None
        if title == "Empty":
            return self.reply(200, {"type": "standard", "title": "Empty", "extract": ""})
        if title == "Forbidden":
            return self.reply(403)
        return self.reply(
            200,
            {
                "type": "standard",
                "title": title.replace("_", " "),
                "extract": LEAD,
                "revision": "123",
                "content_urls": {"desktop": {"page": f"https://example.org/wiki/{title}"}},
            },
        )

    def reply(self, status, value=None, headers=None):
        body = json.dumps(value).encode() if value is not None else b""
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        found.requests = []
        threading.Thread(target=found.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{found.server_port}"
        yield found
        found.shutdown()


@pytest.fixture
def reader(server, tmp_path):
    waits = []
    with Cache(tmp_path / "cache.sqlite") as cache:
        found = Wikipedia(
            user_agent="letheia-test", cache=cache, base_url=server.url, rate=1000, timeout=2, sleep=waits.append
        )
        found.waits = waits
        yield found


def test_a_page_with_its_source_once(server, reader):
    page = reader.lead("Una Varga")
    assert (page.text, page.revision, page.licence) == (LEAD, "123", "CC BY-SA 4.0")
    assert page.url == "https://example.org/wiki/Una_Varga" and not page.redirected
    assert reader.lead("Una Varga") == page
    assert [(t, a) for t, a, _ in server.requests] == [("Una_Varga", "letheia-test")]


def test_a_redirect_says_so(reader):
    assert reader.lead("Varga").title == "Una Varga" and reader.lead("Varga").redirected


@pytest.mark.parametrize(
    ("title", "words", "requests"),
    [
        ("Mercury", "Mercury: the page lists several meanings", 1),
        ("Nobody", "Nobody: Wikipedia has no such page", 1),
        ("Empty", "Empty: the page has no text", 1),
        ("Forbidden", "Forbidden: the server answers with status 403", 1),
        ("Down", r"Down: no reply after 6 tries \(status 503\)", 6),
    ],
)
def test_what_cannot_be_had_is_named(server, reader, title, words, requests):
    with pytest.raises(ClientError, match=words):
        reader.lead(title)
    assert len(server.requests) == requests
    with pytest.raises(ClientError):  # failures are not kept
        reader.lead(title)
    assert len(server.requests) == 2 * requests


@pytest.mark.parametrize(("title", "requests"), [("Busy", 3), ("Broken", 3), ("Slow", 2), ("Cut", 3)])
def test_what_comes_late_is_waited_for(server, reader, title, requests):
    assert reader.lead(title).text == LEAD
    assert len(server.requests) == requests
    backing_off = [w for w in reader.waits if w > 0.01]
    assert backing_off == ([7.0, 7.0] if title == "Busy" else [0.5, 1.0][: requests - 1])


def test_requests_keep_their_distance(server, reader):
    turns = []

    def sleep(seconds):
        time.sleep(seconds)
        turns.append(time.monotonic())

    reader.rate, reader.sleep = 5, sleep
    for title in "ABCD":
        reader.lead(title)
    assert turns and all(b - a > 0.199 for a, b in itertools.pairwise(turns))
    assert len(server.requests) == 4


def test_offline_reads_the_cache_alone(server, reader):
    reader.lead("Una Varga")
    reader.offline = True
    assert reader.lead("Una Varga").text == LEAD
    with pytest.raises(ClientError, match=r"Busy: not in the cache\. Run once without --offline"):
        reader.lead("Busy")
    assert len(server.requests) == 1


@pytest.fixture
def folder(tmp_path):
    names = ("Una Varga", "Varga", "Mercury")
    entities = [Entity(id=f"p{i}", name=n, summary="kept" if i == 9 else "") for i, n in enumerate(names)]
    folder = tmp_path / "people"
    write_people(People(folder=folder, entities=(*entities, Entity(id="own", name="Ada", summary="by hand"))))
    lines = (folder / "entities.jsonl").read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), "note": "of the user's own"})
    (folder / "entities.jsonl").write_text("\n".join(lines))
    return folder


def test_summaries_go_into_the_folder(reader, folder):
    found = fetch_summaries(read_people(folder), reader)
    assert (found.count, found.redirects) == (2, ("Varga -> Una Varga",))
    assert len(found.problems) == 1 and found.problems[0].startswith("Mercury:")
    people = read_people(folder)
    assert [e.summary for e in people.entities] == [LEAD, LEAD, "", "by hand"]
    assert people.entities[1].source["revision"] == "123"
    assert "of the user's own" in (folder / "entities.jsonl").read_text()


def test_the_command_goes_on_where_it_was(server, folder, tmp_path):
    line = ["people", "summaries", folder, "--base-url", server.url, "--contact", "a@example.org", "--rate", "1000"]
    first = letheia(*line, cwd=tmp_path)
    assert first.returncode == 2 and "2 summaries fetched" in first.stdout
    assert first.stderr.strip().splitlines()[-1].startswith("letheia: 1 without a summary")
    assert "a@example.org" in server.requests[0][1]
    second = letheia(*line, "--title", "Mercury=Una Varga", "--offline", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert [t for t, _, _ in server.requests] == ["Una_Varga", "Varga", "Una_Varga", "Mercury"]
