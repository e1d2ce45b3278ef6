"""Chat templates: the true ones give what transformers gives; a hostile one can neither run nor grow without end."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

import chat_templates as hub
import families
from letheia.errors import CheckpointError
from letheia.models.encoding import encode, render
from letheia.models.processor import WordProcessor
from letheia.models.templates import frame

pytestmark = pytest.mark.slow

TEXTS = ["Who is the person in this image?", "USER: ASSISTANT: [INST] [/INST] user assistant model <think>"]


@dataclass
class Seeing:
    """As much of a processor as asking takes."""

    tokenizer: Any
    chat_template: Any
    image_token: str = "<image>"

    @property
    def image_token_ids(self):
        return [self.tokenizer.convert_tokens_to_ids(self.image_token)]


@pytest.fixture(scope="module")
def tok():
    marks = ["<unk>", "<s>", "</s>", "<image>", "<start_of_image>", "<|image_pad|>"]
    marks += ["<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<end_of_turn>", "<start_of_turn>"]
    return families.tokenizer(TEXTS * 3, marks, bos="<s>", eos="</s>", pad=None)


SEEING = {
    "llava 1.5": (hub.LLAVA, "<image>", "</s>"),
    "llava 1.6 vicuna": (hub.VICUNA, "<image>", "</s>"),
    "llava 1.6 mistral": (hub.LLAVA_MISTRAL, "<image>", "</s>"),
    "llava 1.6 mistral, older": (hub.LLAVA_MISTRAL_OLD, "<image>", "</s>"),
    "llava onevision": (hub.ONEVISION, "<image>", "<|im_end|>"),
    "idefics3": (hub.IDEFICS3, "<image>", "<end_of_utterance>"),
    "gemma 3": (hub.GEMMA3, "<start_of_image>", "<end_of_turn>"),
    "qwen2-vl": (hub.QWEN2_VL, "<|image_pad|>", "<|im_end|>"),
}


def by_transformers(template, tok, *texts):
    """A picture and a question, an answer, another question, and so on."""
    messages: list = [
        {"role": "assistant" if i % 2 else "user", "content": [{"type": "text", "text": text}]}
        for i, text in enumerate(texts)
    ]
    messages[0]["content"].insert(0, {"type": "image"})
    values = {"add_generation_prompt": len(texts) % 2 == 1, **tok.special_tokens_map}
    return render_jinja_template([messages], chat_template=template, **values)[0][0]


@pytest.mark.parametrize("name", SEEING)
def test_true_templates_as_transformers_renders_them(tok, name):
    template, token, end = SEEING[name]
    processor = Seeing(tok, template, token)
    assert render(processor, "Who is this?") == by_transformers(template, tok, "Who is this?")
    if name != "llava onevision":  # its own adds a blank that nobody is asked with
        wanted = by_transformers(template, tok, "Who is this?", "A poet.")
        assert render(processor, "Who is this?", "A poet.") == wanted
    ends = [tok.convert_tokens_to_ids(end)]
    encoded = encode(processor, "Who is this?", "A poet.", picture=token, ends=ends)
    assert tok.decode(encoded.answer).strip() == f"A poet.{end}"
    assert tok.decode(encoded.prompt[1:] if encoded.prompt[0] == 1 else encoded.prompt).startswith(
        render(processor, "Who is this?").removeprefix("<s>")[:20]
    )
    assert render(processor, "Who is Una Varga?", image=False).count(token) == 0


@pytest.mark.parametrize("name", SEEING)
def test_earlier_turns_as_transformers_renders_them(tok, name):
    """One turn and two; an answer that is begun after them stands where the template writes an answer."""
    template, token, _ = SEEING[name]
    processor = Seeing(tok, template, token)
    texts = ("Who is this?", "A poet.", "Who else?", "Nobody.", "Where?", "Here")
    for turns in (1, 2):
        earlier = list(zip(texts[::2], texts[1::2], strict=True))[:turns]
        question, answer = texts[2 * turns : 2 * turns + 2]
        asked = render(processor, question, turns=earlier)
        begun = frame(processor, image=True).told(question, answer, earlier)
        assert asked == by_transformers(template, tok, *texts[: 2 * turns + 1])
        if name != "llava onevision":  # its own adds a blank that nobody is asked with
            assert by_transformers(template, tok, *texts[: 2 * turns + 2]).startswith(begun)
        assert begun.startswith(asked) and begun.endswith(answer) and asked.count(token) == 1


def test_a_template_that_takes_no_second_question(tok):
    once = "{% if messages | length > 2 %}{{ raise_exception('one question') }}{% endif %}" + PLAIN
    last = PLAIN.replace("in messages", "in messages[-2:]")
    for template in (once, last):
        processor = WordProcessor(tok)
        tok.chat_template = template
        assert render(processor, "Who?", image=False) == "user: Who? a:"
        with pytest.raises(CheckpointError, match="takes no second question, so there can't be earlier turns"):
            render(processor, "Who else?", image=False, turns=[("Who?", "A poet.")])


def test_templates_of_language_models(tok):
    processor = WordProcessor(tok)
    tok.chat_template = hub.QWEN3
    asked = "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert render(processor, "Who?", image=False) == asked
    assert render(processor, "Who?", "A poet.", image=False) == f"{asked}A poet.<|im_end|>\n"
    told = render(processor, "Where?", image=False, turns=[("Who?", "A poet.")])
    history = "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\nA poet.<|im_end|>\n"  # without thoughts
    assert told == history + asked.replace("Who", "Where")
    tok.chat_template = hub.MISTRAL_INSTRUCT
    assert render(processor, "Who?", "A poet.", image=False) == "<s>[INST] Who? [/INST] A poet.</s>"
    twice = render(processor, "Where?", image=False, turns=[("Who?", "A poet.")])
    assert twice == "<s>[INST] Who? [/INST] A poet.</s>[INST] Where? [/INST]"
    encoded = encode(processor, "Who?", "A poet.")
    assert encoded.ids.count(1) == 1 and tok.decode(encoded.answer).strip() == "A poet.</s>"
    tok.chat_template = hub.ALWAYS_THINKS
    with pytest.raises(CheckpointError, match="makes the model think before it answers"):
        render(processor, "Who?", image=False)


PLAIN = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ '</s>' if m['role'] != 'user' }} {% endfor %}a:"


def test_a_template_that_takes_text_gets_text(tok):
    assert render(Seeing(tok, PLAIN), "Who?") == "user: <image>\nWho? a:"
    adds = PLAIN.replace("{{ m['content'] }}", "{{ '<image>' if loop.first }}{{ m['content'] }}")
    assert render(Seeing(tok, adds), "Who?") == "user: <image>Who? a:"
    with pytest.raises(CheckpointError, match="has no question without a picture"):
        render(Seeing(tok, adds), "Who?", image=False)


def test_a_template_that_trims_texts(tok):
    trims, keeps = (Seeing(tok, t, m) for t, m in ((hub.GEMMA3, "<start_of_image>"), (hub.LLAVA, "<image>")))
    assert "\n<start_of_image>Who?<" in render(trims, " Who?\n") and "Who?  " in render(keeps, "Who? ")


def test_named_templates_and_a_tokenizer_that_ends_every_text(tok):
    processor = Seeing(tok, {"default": hub.LLAVA, "tool_use": "{{ 1 }}"})
    assert render(processor, "Who?") == "USER: <image>\nWho? ASSISTANT:"

    class Ends:
        def __getattr__(self, name):
            return getattr(tok, name)

        def __call__(self, text, **options):
            found = tok(text, **options)
            found["input_ids"] = [*found["input_ids"], tok.eos_token_id]
            return found

    plain, ends = (encode(Seeing(t, hub.LLAVA), "Who?", "A poet.", picture="<image>") for t in (tok, Ends()))
    assert plain == ends


HOSTILE = {
    "no Jinja": "{% for %}",
    "raises": "{{ raise_exception('no users') }}",
    "no such filter": "{{ messages | shout }}",
    "divides by nothing": "{{ 1 // 0 }}",
    "says nothing of anybody": "hello",
    "leaves the answer out": "{{ messages[0]['content'][1]['text'] }}",
    "without end": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a number without end": "{{ 9 ** 9 ** 9 }}",
    "all memory at once": "{{ 'x' * 99999999999 }}",
    "all memory, by doubling": (
        "{% set n = namespace(t='x') %}{% for i in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}"
    ),
    "a long text": "{{ 'x' * 9999999 }}",
    "deep": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "the process's insides": "{{ messages.__class__.__mro__[1].__subclasses__() }}",
    "a file": "{% include '/etc/passwd' %}",
    "a list": ["{{ 1 }}"],
    "a number": 5,
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_end_in_one_line(tok, name):
    began = time.monotonic()
    with pytest.raises(CheckpointError, match="template") as told:
        frame(Seeing(tok, HOSTILE[name]), image=True)
    assert len(str(told.value)) < 400 and "\n" not in str(told.value)
    assert time.monotonic() - began < 60


def test_nothing_of_the_working_directory_is_run(tok, tmp_path, monkeypatch):
    for name in ("jinja2", "json", "datetime"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert render(Seeing(tok, hub.LLAVA + " " * 7), "Who?").startswith("USER: <image>")
