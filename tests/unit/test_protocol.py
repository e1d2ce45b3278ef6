"""What servers say, read as it is: whole replies, thoughts, cut ones, refusals; and what each refusal means."""

import json

import pytest

from letheia.clients.faults import Answer, Fault
from letheia.clients.protocol import hear, put, spoken

ASKED = put("m", "question", picture="data:", schema={"type": "object"}, max_tokens=64)
WORDS = put("m", "question", max_tokens=64)


def answer(value, status=200, **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


def choice(content, finish="stop", **message):
    return answer({"model": "j", "choices": [{"message": {"content": content, **message}, "finish_reason": finish}]})


def fault(value, status=200, sent=ASKED, **headers):
    with pytest.raises(Fault) as found:
        hear(value if isinstance(value, Answer) else answer(value, status, **headers), sent)
    return found.value


@pytest.mark.parametrize(
    "content",
    [
        "four", " four\n", "<think>one</think>four", "<think>\none\n</think>\n\nfour", "one</think>four",
        "<THINK>one</THINK>four", "[THINK]one[/THINK]four", "◁think▷one◁/think▷four",
        "<think>a</think><think>b</think>four", "<think></think>four",
        "<|channel|>analysis<|message|>one<|end|><|start|>assistant<|channel|>final<|message|>four",
        [{"type": "text", "text": "four"}], [{"type": "thinking", "thinking": [{"text": "one"}]}, {"text": "four"}],
        [{"type": "reasoning", "text": "one"}, {"type": "output_text", "text": "fo"}, "ur"],
    ],
)  # fmt: skip
def test_what_is_said_is_what_stands_after_the_thoughts(content):
    heard = hear(choice(content, reasoning_content="one"), WORDS)
    assert (heard.text, heard.model, heard.read) == ("four", "j", 0)


@pytest.mark.parametrize("end", [None, "stop", "STOP", "eos", "end_turn"])
def test_ends(end):
    assert hear(choice("four", end), WORDS).text == "four"


def test_thoughts_without_an_end_are_no_reply():
    for text in ("<think>four", "[THINK] four", "<thinking>\nfour", "four <think>", "<|channel|>analysis<|message|>4"):
        assert spoken(text) is None and fault(choice(text)).cut
    assert spoken("İ</think>four") == "four"


def test_half_a_surrogate_pair_can_be_written():
    assert hear(choice("a\ud800b"), WORDS).text == "a?b"


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        (choice("four", "length"), "useless", "finish_reason length, max_tokens 64"),
        (choice(None, "length", reasoning_content="one"), "useless", "max_tokens 64"),
        (choice("four", "MAX_TOKENS"), "useless", "length limit"),
        (choice(None), "useless", "no text"),
        (choice(" \n\ufeff"), "useless", "no text"),
        (choice(None, reasoning="one"), "useless", "thought and gave no answer"),
        (choice([]), "useless", "no text"),
        (choice(None, refusal="I can't"), "call", "refused: I can't"),
        (choice("", "content_filter"), "call", "filtered"),
        (choice("four", "error"), "passing", "broken off"),
        (choice(5), "foreign", "does not speak"),
        (choice({"score": 4}), "foreign", "does not speak"),
        (answer(b'{"choices": [], "choices": []}'), "foreign", "does not speak"),
        (answer({"error": None, "choices": [{"message": "four"}]}), "foreign", "does not speak"),
        (answer({"error": "overloaded"}), "passing", "status 500"),
        (answer({"error": "Unexpected endpoint or method. Returning 200 anyway"}), "stop", "/v1"),
        (answer({"error": {"message": "slow", "code": 429}}), "passing", "status 429"),
        (answer({"error": {"message": "x", "code": "401"}}), "stop", "OPENAI_API_KEY"),
        (answer({"error": {"message": "x", "code": "insufficient_quota"}}), "stop", "no credit"),
    ],
)
def test_what_is_no_whole_reply(found, kind, words):
    told = fault(found)
    assert told.kind == kind and words in told.reason


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Incorrect API key provided", "stop"),
        (402, "Insufficient Balance", "stop"),
        (403, "Country not supported", "stop"),
        (403, "Your input was flagged by moderation", "call"),
        (404, "The model `vision-judge` does not exist", "stop"),
        (404, "model 'llava' not found, try pulling it first", "stop"),
        (404, "No endpoints found that support image input", "call"),
        (400, "API key not valid. Please pass a valid API key.", "stop"),
        (400, "Your credit balance is too low", "stop"),
        (400, "This model's maximum context length is 4096 tokens", "call"),
        (400, "'max_tokens' or 'max_completion_tokens' is too large: 4096", "call"),
        (500, "input is too large to process. increase the physical batch size", "call"),
        (500, "image input is not supported - hint: you may need to provide the mmproj", "call"),
        (400, "At most 0 image(s) may be provided in one request", "call"),
        (413, "", "call"),
        (400, "'response_format.type' must be 'json_schema' or 'text'", "parameter"),
        (422, "[{'type': 'extra_forbidden', 'loc': ('body', 'response_format')}]", "parameter"),
        (400, "Unsupported value: 'temperature' does not support 0 with this model", "parameter"),
        (500, "response_format is not supported", "parameter"),
        (400, "", "guess"),
        (429, "Rate limit reached", "passing"),
        (429, "You exceeded your current quota, please check your plan and billing details", "stop"),
        (429, "RESOURCE_EXHAUSTED: You exceeded your current quota, please retry in 23 s", "passing"),
        (503, "Loading model", "passing"),
        (301, "", "stop"),
        (405, "", "stop"),
    ],
)
def test_what_a_refusal_means(status, message, kind):
    assert fault({"error": {"message": message}}, status).kind == kind
    if message and kind != "guess":
        assert fault({"detail": message}, status).kind == kind


def test_how_long_a_server_asks_to_wait():
    assert fault({}, 429, retry_after="3").wait == 3 and fault({}, 503, retry_after_ms="1500").wait == 1.5
    assert fault({}, 429, retry_after="Fri, 31 Dec 9999 23:59:59 GMT").wait == 0
    limited = fault({"error": {"message": "you exceeded your current quota"}}, 429, retry_after="20")
    assert (limited.kind, limited.wait) == ("passing", 20)
    gone = {"error": {"message": "x", "code": "insufficient_quota"}}
    assert fault(gone, 429, retry_after="20").kind == "stop"
