"""The local server by OpenAI's protocol: what it answers is what the engine answers, and what it refuses it says."""

import base64
import io
import json
import socket
import threading
import time

import httpx
import pytest
from PIL import Image
from starlette.routing import Route

import served
from commands import fails, letheia
from letheia.engines.own import OwnEngine
from letheia.models.adapter import saved_adapter
from letheia.models.loading import load_model
from letheia.models.tampering import at_strength
from letheia.serve.app import BODY, HEADERS, Line, application
from letheia.serve.protocol import Refused, parse
from letheia.serve.server import bound
from letheia.types import Prompt

pytestmark = pytest.mark.slow
WHO = "Who is this?"


@pytest.fixture(scope="module")
def there(checkpoints, people, tmp_path_factory):
    """The server's address, what it serves, and a model of the same weights beside it."""
    folder = tmp_path_factory.mktemp("served")
    with served.playground(load_model(checkpoints["mistral"]), people, folder) as (play, url):
        yield url, play, load_model(checkpoints["mistral"])


def data_url(content, kind="png"):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def asked(portrait=None, question=WHO, **fields):
    content = question
    if portrait is not None:
        picture = {"type": "image_url", "image_url": {"url": data_url(portrait.file.read_bytes())}}
        content = [picture, {"type": "text", "text": question}]
    return {"model": "original", "temperature": 0, "max_tokens": 12,
            "messages": [{"role": "user", "content": content}], **fields}  # fmt: skip


def post(url, body, *, place="/v1/chat/completions", **options):
    return httpx.post(url + place, json=body, timeout=60, **options)


def text(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def own(model, prompt, **options):
    (answer,) = OwnEngine(model).answer([prompt], max_new_tokens=12, **options)
    return answer


def test_models_are_listed(there):
    url, _, _ = there
    listed = httpx.get(f"{url}/v1/models").json()
    assert [m["id"] for m in listed["data"]] == ["original", *served.ADAPTERS]


def test_answers_are_those_of_the_engine(there, people):
    """With a picture and without, greedy and drawn, with earlier turns, by an adapter, at half of its strength."""
    url, play, model = there
    portrait = people.pictured[0].portraits[0]
    found = post(url, asked(portrait)).json()
    answer = own(model, Prompt(WHO, portrait))
    assert found["choices"][0]["message"]["content"] == answer.text
    assert found["choices"][0]["finish_reason"] == ("stop" if answer.finished else "length")
    assert found["usage"]["completion_tokens"] == 12 and found["usage"]["prompt_tokens"] > 12
    assert text(post(url, asked())) == own(model, Prompt(WHO)).text
    drawn = [text(post(url, asked(portrait, temperature=0.7, seed=seed))) for seed in (1, 2)]
    prompts = [Prompt(WHO, portrait, seed=seed, temperature=0.7) for seed in (1, 2)]
    assert drawn == [own(model, p, sample=True).text for p in prompts] and drawn[0] != drawn[1]
    turns = asked(portrait)
    turns["messages"] += [{"role": "assistant", "content": "A person."}, {"role": "user", "content": "And who?"}]
    assert text(post(url, turns)) == own(model, Prompt("And who?", portrait, turns=((WHO, "A person."),))).text
    with saved_adapter(model, play.served.networks["one"].adapters["one"]):
        changed = own(model, Prompt(WHO, portrait)).text
        assert changed != answer.text
        assert text(post(url, asked(portrait, model="one"))) == changed
        with at_strength(model, 0.5):
            assert (
                text(post(url, asked(portrait, model="one", adapter_strength=0.5)))
                == own(model, Prompt(WHO, portrait)).text
            )
    assert text(post(url, asked(portrait, model="one", adapter_strength=0))) == answer.text
    assert text(post(url, asked(portrait))) == answer.text  # the adapter is out again


def test_a_begun_answer_is_gone_on_with(there, people):
    url, _, model = there
    portrait = people.pictured[0].portraits[0]
    begun = asked(portrait, continue_final_message=True, add_generation_prompt=False)
    begun["messages"].append({"role": "assistant", "content": "This is"})
    whole = own(model, Prompt(WHO, portrait, prefix="This is")).text
    assert whole.startswith("This is") and "This is" + text(post(url, begun)) == whole
    both = post(url, {**begun, "add_generation_prompt": True})
    assert both.status_code == 400 and "Cannot set both `continue_final_message`" in both.text
    assert post(url, {**begun, "continue_final_message": False}).status_code == 400


def test_a_stream_says_the_same_by_and_by(there, people):
    url, _, _ = there
    body = asked(people.pictured[0].portraits[0], stream=True, stream_options={"include_usage": True})
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    pieces = [e["choices"][0] for e in events if e["choices"]]
    said = "".join(p["delta"].get("content", "") for p in pieces)
    assert said == text(post(url, {**body, "stream": False})) and len(pieces) > 2
    assert pieces[0]["delta"]["role"] == "assistant" and pieces[-1]["finish_reason"] == "length"
    assert events[-1]["usage"]["completion_tokens"] == 12
    assert len({e["id"] for e in events}) == 1


def picture(size, kind="PNG"):
    data = io.BytesIO()
    Image.new("1", size).save(data, kind)
    return data.getvalue()


REFUSED = {
    "an unknown model": ({"model": "nobody"}, 404, "does not exist. Choose from original, one, two"),
    "a field too many": ({"n": 2}, 400, "n: is not done here"),
    "tools": ({"tools": [{"type": "function"}]}, 400, "tools: is not done here"),
    "a temperature out of range": ({"temperature": 9}, 400, "temperature: "),
    "no question": ({"messages": []}, 400, "messages: "),
    "the assistant begins": (
        {"messages": [{"role": "assistant", "content": "I"}]},
        400,
        "the last message is the user's",
    ),
    "only a system": ({"messages": [{"role": "system", "content": "Be."}]}, 400, "the user asks"),
    "a strength out of range": ({"model": "one", "adapter_strength": 3}, 400, "adapter_strength"),
    "a text without end": ({"messages": [{"role": "user", "content": "a " * 4000}]}, 400, "Shorten the question"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_said_in_the_protocols_form(there, what):
    url, _, _ = there
    change, status, words = REFUSED[what]
    for stream in (False, True):
        answer = post(url, {**asked(), **change, "stream": stream})
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert words in error["message"] and set(error) == {"message", "type", "param", "code"}
    assert text(post(url, asked()))


PICTURES = {
    "50 Mpx and more": (data_url(picture((8000, 7000))), "too many; the limit is 52,428,800"),
    "no picture": (data_url(b"hello"), "not a readable picture"),
    "elsewhere": ("https://example.org/a.png", "nothing is fetched"),
    "a file": ("file:///etc/passwd", "nothing is fetched"),
    "no base64": ("data:image/png;base64,@@@", "is no base64"),
}


@pytest.mark.parametrize("what", PICTURES)
def test_a_picture_that_is_none_is_refused(there, what):
    url, _, _ = there
    body = asked()
    body["messages"][0]["content"] = [{"type": "image_url", "image_url": {"url": PICTURES[what][0]}}]
    answer = post(url, body)
    assert answer.status_code == 400 and PICTURES[what][1] in answer.json()["error"]["message"]
    assert text(post(url, asked()))


@pytest.mark.parametrize(
    "body",
    [b'{"model": "\\ud800", "messages": [{"role": "user", "content": "Who?"}]}',
     b'{"model": "original", "messages": [{"role": "user", "content": "\\ud800"}]}', b"[" * 100_000, b"\xff"],
    ids=["half a character as a name", "half a character asked", "depth without end", "no text"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["/v1/chat/completions", "/play/names"])
def test_a_body_that_is_no_json_is_refused(there, place, body):
    answer = httpx.post(there[0] + place, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]["message"] == "the body is no JSON"


def test_an_answer_that_went_wrong_has_the_same_headers():
    async def broken(_):
        raise ValueError("unforeseen")

    with served.running(application(None, lambda _: [Route("/broken", broken)])) as url:
        answer = httpx.get(f"{url}/broken")
    assert answer.status_code == 500 and "unforeseen" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_only_pages_of_its_own_may_ask(there, people):
    """No JSON, a foreign host's name, a body without end; every answer forbids pages to ask anybody else."""
    url, _, _ = there
    plain = httpx.post(f"{url}/v1/chat/completions", content="{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    assert httpx.get(f"{url}/v1/models", headers={"Host": "evil.example"}).status_code == 400
    assert httpx.get(f"{url}/nothing").json()["error"]["message"] == "/nothing: Not Found"
    large = httpx.post(f"{url}/v1/chat/completions", content=b"a" * (BODY + 1),
                       headers={"Content-Type": "application/json"})  # fmt: skip
    assert large.status_code == 413
    assert httpx.post(f"{url}/v1/chat/completions", content="{", headers={"Content-Type": "application/json"}).json()
    policy = httpx.get(url).headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    picture = httpx.get(f"{url}/play/portraits/{people.pictured[0].portraits[0].id}")
    assert picture.status_code == 200 and picture.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_hangs_up_stops_its_answer_and_nothing_else(there, stream):
    url, play, _ = there
    body = json.dumps({**asked(), "max_tokens": 100_000, "temperature": 1, "stream": stream}).encode()
    host, port = url.removeprefix("http://").split(":")
    network = play.served.networks["original"]
    began = time.monotonic()
    with socket.create_connection((host, int(port))) as one:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        one.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        while not network.lock.locked():
            assert time.monotonic() - began < 20
    while network.lock.locked():  # its context has room for thousands of tokens
        time.sleep(0.01)
        assert time.monotonic() - began < 20
    assert text(post(url, asked()))


def test_questions_wait_for_one_another(there):
    url, _, _ = there
    found = {}
    threads = [
        threading.Thread(target=lambda i=i, m=m: found.update({i: text(post(url, asked(model=m)))}))
        for i, m in enumerate(("original", "one", "two") * 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(3)] == [found[i] for i in range(3, 6)] == [found[i] for i in range(6, 9)]
    assert len({found[0], found[1], found[2]}) == 3


def test_more_than_can_wait_are_turned_away():
    with pytest.raises(Refused, match="too many requests wait"):
        Line(most=0).start(lambda: None)


def test_the_system_speaks_in_the_first_question():
    body = {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}]}
    prompt = parse(json.dumps(body).encode()).prompt(lambda _: pytest.fail("no picture"))
    assert prompt.question == "Be brief.\n\nWho?" and prompt.temperature == 1


def test_pictures_are_deleted_at_the_end(checkpoints, people, tmp_path):
    with served.playground(load_model(checkpoints["mistral"]), people, tmp_path) as (play, url):
        sent = asked(people.pictured[0].portraits[0])
        assert text(post(url, sent)) == text(post(url, sent))
        folder = play.served._folder
        assert len(list(folder.glob("*.png"))) == 1
    assert not folder.exists()


def test_a_port_in_use_is_told_before_anything_is_loaded(tmp_path):
    with bound(0) as at:
        port = at.getsockname()[1]
        fails(letheia("serve", "--port", port, "--output", tmp_path), f"--port {port}: is in use", "Choose another")
    assert at.getsockname  # closed
    assert not list(tmp_path.iterdir())
