"""The chat client over real HTTP: a local server in OpenAI's protocol that fails 30 times in 100."""

import threading
import time
from types import SimpleNamespace

import pytest

from chat_server import Handler, Server
from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint, bill, cost_estimate
from letheia.errors import ClientError, ConfigError, OutputError

pytestmark = pytest.mark.slow  # a server on this machine, and its time


def test_nothing_lost_doubled_or_made_up_at_30_faults_in_100(server, cache):
    server.rate = 0.3
    calls = [Call(text=f"question {i}") for i in range(1000)]
    done = []
    replies = Chat(server.endpoint, cache, wait=0.001, tries=16).ask(calls, progress=done.append)
    assert [r.text for r in replies] == [f"echo question {i}" for i in range(1000)]
    assert sorted(server.answered) == sorted(c.text for c in calls)  # each answered once and no more
    assert len(server.bodies) > 1300 and sum(done) == 1000
    asked = len(server.bodies)
    again = Chat(server.endpoint, cache).ask(calls)
    assert len(server.bodies) == asked
    assert [r.text for r in again] == [r.text for r in replies] and not any(r.paid for r in again)
    assert bill(replies, server.endpoint).startswith("1000 calls, 100,000 tokens read, 7,000 written")
    assert bill(again, server.endpoint).startswith("0 calls")


def test_many_at_once(server, cache):
    server.delay = 0.2
    Chat(server.endpoint, cache, concurrency=24).ask([Call(text=str(i)) for i in range(96)])
    assert 12 <= server.most <= 24


def test_equal_calls_are_made_once_and_draws_apart(server, cache):
    calls = [Call(text="a"), Call(text="a"), Call(text="a", sample=1), Call(text="a", temperature=1.0)]
    assert len(Chat(server.endpoint, cache).ask(calls)) == 4
    assert len(server.bodies) == 3


def test_two_at_once_on_one_cache_ask_each_question_once(server, tmp_path):
    """Two chats with connections of their own, as two processes have; each begins at another end."""
    server.delay = 0.05
    calls = [Call(text=f"question {i}") for i in range(60)]
    found = {}

    def judge(name, asked):
        with Cache(tmp_path / "shared.sqlite") as kept:
            found[name] = Chat(server.endpoint, kept, concurrency=4).ask(asked)

    threads = [threading.Thread(target=judge, args=(n, a)) for n, a in (("one", calls), ("other", calls[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.bodies) == len(calls) == len(set(server.answered))
    assert [r.text for r in found["one"]] == [f"echo {c.text}" for c in calls]
    assert [r.text for r in found["other"]] == [f"echo {c.text}" for c in calls[::-1]]
    assert sum(r.paid for replies in found.values() for r in replies) == len(calls)


def test_a_claim_ends_with_its_owner(tmp_path, monkeypatch):
    with Cache(tmp_path / "c.sqlite") as dead, Cache(tmp_path / "c.sqlite") as other:
        assert dead.claim(["a", "b"]) == [True, True] and other.claim(["a", "c"]) == [False, True]
        later = time.time() + 31
        monkeypatch.setattr("letheia.clients.cache.time", SimpleNamespace(time=lambda: later))
        other.renew()
        assert other.claim(["a"]) == [True] and dead.claim(["c"]) == [False]
        other.put("a", 1)
        assert dead.claim(["a"]) == [True] and dead.get("a") == 1
        other.release()
        assert dead.claim(["c"]) == [True]


def test_what_never_comes_is_told_and_not_kept(server, cache):
    server.answer = lambda text, body: (503, "down")
    reply = Chat(server.endpoint, cache, wait=0.001, tries=3).ask([Call(text="a")])[0]
    assert reply.error == "no reply after 3 tries (status 503)" and len(server.bodies) == 3
    server.answer = lambda text, body: (200, "now")
    assert Chat(server.endpoint, cache).ask([Call(text="a")])[0].text == "now"


def test_a_refused_key_stops_at_once_and_is_not_shown(server, cache, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server.answer = lambda text, body: (401, "bad key sk-secret")
    with pytest.raises(ClientError, match=r"status 401\. Check OPENAI_API_KEY") as error:
        Chat(server.endpoint, cache).ask([Call(text=str(i)) for i in range(50)])
    assert "sk-secret" not in str(error.value)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY: is not set"):
        Chat(Endpoint(model="gpt-4.1-mini"), cache)


def test_a_server_that_is_not_there_stops_all_soon(cache):
    began = time.monotonic()
    chat = Chat(Endpoint(model="judge", base_url="http://127.0.0.1:9/v1"), cache)
    with pytest.raises(ClientError, match=r"judge at http://127.0.0.1:9/v1: 6 calls in a row without a reply"):
        chat.ask([Call(text=str(i)) for i in range(800)])
    assert time.monotonic() - began < 10


def test_a_server_that_fails_for_good_stops_all(server, cache):
    server.answer = lambda text, body: (503, "down")
    with pytest.raises(ClientError, match="status 503"):
        Chat(server.endpoint, cache, wait=0.001, tries=3).ask([Call(text=str(i)) for i in range(800)])
    assert len(server.bodies) < 300


def test_a_page_instead_of_a_server_stops_all_soon(cache):
    """Any web server at the address: two seconds, not a minute."""
    with Server(("127.0.0.1", 0), Handler) as page:
        page.lock, page.bodies, page.answered, page.here, page.most = threading.Lock(), [], [], 0, 0
        page.faults = SimpleNamespace(random=lambda: 0.0, choice=lambda _: "no protocol")
        page.rate, page.delay = 1.0, 0.0
        threading.Thread(target=page.serve_forever, args=(0.02,), daemon=True).start()
        chat = Chat(Endpoint(model="judge", base_url=f"http://127.0.0.1:{page.server_port}/v1"), cache)
        began = time.monotonic()
        with pytest.raises(ClientError, match="does not speak OpenAI's chat protocol"):
            chat.ask([Call(text=str(i)) for i in range(99)])
        assert time.monotonic() - began < 15
        page.shutdown()


def test_what_was_paid_for_is_kept_when_all_stops(server, cache):
    """The 20th question finds the credit gone; the 19 that were answered before are not asked again."""
    server.answer = lambda text, body: (200, "fine") if int(text) < 19 else (402, "Insufficient Balance")
    calls = [Call(text=str(i)) for i in range(60)]
    with pytest.raises(ClientError, match="no credit"):
        Chat(server.endpoint, cache, concurrency=8).ask(calls)
    answered = len(server.answered)
    server.answer = lambda text, body: (200, "fine")
    assert all(r.text == "fine" for r in Chat(server.endpoint, cache).ask(calls))
    assert answered == 19 and len(server.answered) == len(set(server.answered)) == 60


def test_an_endpoint_without_structured_output(server, cache):
    server.answer = lambda text, body: (400, "no response_format") if "response_format" in body else (200, "{}")
    schema = {"type": "object"}
    calls = [Call(text="a", schema=schema), Call(text="b", schema=schema)]
    assert [r.text for r in Chat(server.endpoint, cache, concurrency=1).ask(calls)] == ["{}", "{}"]
    assert ["response_format" in b for b in server.bodies] == [True, False, False]


@pytest.mark.parametrize("status", [400, 404, 422, 500])
@pytest.mark.parametrize("name", ["response_format", "temperature", "max_tokens", "max_completion_tokens", "all"])
def test_parameters_that_a_server_does_not_know(server, cache, name, status):
    """By as many at once as is the default; each question is answered, and told apart from a refusal for good."""
    names = ["response_format", "temperature", "max_tokens", "max_completion_tokens"]

    def answer(text, body):
        bad = next((n for n in names if n in body and name in (n, "all")), "")
        if name == "max_completion_tokens" and "max_tokens" in body:
            bad = "max_tokens"
        return (status, f"Unsupported parameter: '{bad}' is not supported") if bad else (200, "{}")

    server.answer, server.delay = answer, 0.02
    chat = Chat(server.endpoint, cache, wait=0.001)
    calls = [Call(text=str(i), schema={"type": "object"}) for i in range(40)]
    assert {r.text for r in chat.ask(calls)} == {"{}"}
    asked = len(server.bodies)
    chat.ask([Call(text="one more", schema={"type": "object"})])
    assert len(server.bodies) == asked + 1  # what was learnt is not tried again


def test_a_server_that_wants_text_alone(server, cache):
    def answer(text, body):
        wrong = not isinstance(body["messages"][0]["content"], str)
        return (422, "messages[0].content: invalid type, expected a string") if wrong else (200, "fine")

    server.answer = answer
    assert Chat(server.endpoint, cache).ask([Call(text="a")])[0].text == "fine"


def test_one_refused_question_does_not_touch_the_others(server, cache):
    """An unexplained 400, once other questions were answered, is that question's fault, and costs one call."""
    server.answer = lambda text, body: (400, "bad request") if text == "3" else (200, "{}")
    calls = [Call(text=str(i), schema={"type": "object"}) for i in range(6)]
    replies = Chat(server.endpoint, cache, concurrency=1).ask(calls)
    assert [bool(r.error) for r in replies] == [False, False, False, True, False, False]
    assert "bad request" in replies[3].error and len(server.bodies) == 6
    assert all("response_format" in b for b in server.bodies)


def test_a_damaged_picture_leaves_its_own_question_unanswered(server, cache, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    replies = Chat(server.endpoint, cache).ask([Call(text="a", picture=tmp_path / "bad.png"), Call(text="b")])
    assert "bad.png" in replies[0].error and replies[1].text == "echo b"
    assert "gone.png" in Chat(server.endpoint, cache).ask([Call(text="a", picture=tmp_path / "gone.png")])[0].error


def test_a_cache_that_fails_while_judging_is_one_line(server, tmp_path):
    with Cache(tmp_path / "c.sqlite") as kept:
        server.answer = lambda text, body: (kept._connection.execute("DROP TABLE replies"), (200, "fine"))[1]
        with pytest.raises(OutputError, match=r"c\.sqlite"):
            Chat(server.endpoint, kept).ask([Call(text="a"), Call(text="b")])
    with Cache(tmp_path / "full.sqlite") as kept:
        kept._connection.execute("PRAGMA max_page_count = 5")  # SQLite's own full disk
        server.answer = lambda text, body: (200, "long " * 10_000)
        with pytest.raises(OutputError, match=r"full\.sqlite: can't write .* Free some space"):
            Chat(server.endpoint, kept).ask([Call(text=str(i)) for i in range(9)])
    (tmp_path / "d.sqlite").write_bytes(b"no data base at all" * 100)
    with pytest.raises(OutputError, match="Delete it or choose another"):
        Cache(tmp_path / "d.sqlite")


def test_cost_before_and_after():
    endpoint = Endpoint(model="gpt-4.1-mini")
    assert endpoint.cost(1_000_000, 1_000_000) == 2.0
    assert cost_estimate([Call(text="a" * 300, max_tokens=10)], endpoint).endswith("at most 10 to write; about $0.00")
    assert "not known" in cost_estimate([], Endpoint(model="x", base_url="http://x"))
    with pytest.raises(ConfigError, match="MODEL@http"):
        Endpoint.parse("judge@ftp://x")


def test_a_cut_reply_is_asked_for_with_more_room(server, cache):
    server.finish = lambda body: "length" if body["max_tokens"] < 1000 else "stop"
    replies = Chat(server.endpoint, cache).ask([Call(text="a"), Call(text="b", max_tokens=2000)])
    assert [r.text for r in replies] == ["echo a", "echo b"]
    assert sorted(b["max_tokens"] for b in server.bodies)[:1] == [64] and len(server.bodies) == 3
    assert replies[0].written == 14  # both are paid for


def test_two_processes_keep_one_value(tmp_path):
    """Both judges of a run with several processes put the same fence around an answer."""
    with Cache(tmp_path / "cache.sqlite") as one, Cache(tmp_path / "cache.sqlite") as other:
        assert one.keep("fence", "a") == other.keep("fence", "b") == one.get("fence") == "a"


@pytest.mark.parametrize("patience", [25, 6, 2.5])
def test_a_server_that_answers_one_at_a_time_is_not_asked_too_much(server, cache, patience):
    """32 at once would wait 32 turns for the last, which is longer than the limit; each question gets its answer."""
    began = time.monotonic()
    Chat(server.endpoint, cache, concurrency=1).ask([Call(text=f"before {i}") for i in range(6)])
    turn, seconds = threading.Lock(), max(0.04, (time.monotonic() - began) / 2)  # three calls' time on this machine
    server.bodies.clear()

    def answer(text, body):
        with turn:
            time.sleep(seconds)
        return 200, f"echo {text}"

    server.answer = answer
    calls = [Call(text=str(i)) for i in range(60)]
    replies = Chat(server.endpoint, cache, timeout=patience * seconds, wait=0.001).ask(calls)
    assert [r.text for r in replies] == [f"echo {i}" for i in range(60)]
    assert len(server.bodies) <= {25: 60, 6: 62, 2.5: 70}[patience]


def test_a_fast_server_gets_all_at_once_soon_and_stays_so(server, cache):
    server.delay = 0.3
    chat = Chat(server.endpoint, cache, concurrency=32)
    chat.ask([Call(text=str(i)) for i in range(100)])
    server.most = 0
    chat.ask([Call(text=f"more {i}") for i in range(40)])
    assert server.most >= 28
