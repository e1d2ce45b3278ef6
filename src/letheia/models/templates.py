"""The text that a checkpoint's chat template puts around question and answer.

The template is rendered once, with stand-ins for the texts, in a process of its own with limits on time and memory.
After that a conversation is put together from the pieces. Templates differ in what they take a message for, so the
forms of `FORMS` are tried in turn.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from letheia.errors import CheckpointError

PROCESS = Path(__file__).with_name("template_process.py")
SECONDS = 60
"""How long the process may take on a busy machine; what it computes is limited to two seconds there."""

QUESTION, ANSWER, AGAIN = "A question of Letheia", "An answer of Letheia", "Another one of Letheia"
Turns = Sequence[tuple[str, str]]
EDGE = "\x0b"
"""White space around the stand-ins, which shows whether a template trims texts."""


def _parts(text: str, image: str) -> Any:
    return [*([{"type": "image"}] if image else []), {"type": "text", "text": text}]


FORMS: dict[str, Callable[[str, str], Any]] = {
    "a list of parts": _parts,
    "a text; the template adds the picture": lambda text, _: text,
    "a text with the picture's token": lambda text, image: f"{image}\n{text}" if image else text,
}
"""What a message's content is: from the text, and the picture's token or nothing."""


@dataclass(frozen=True)
class Frame:
    """A template's text around a question, and around an answer to it.

    Attributes:
        before: In front of the question.
        ready: Behind the question, where the model is to answer.
        between: Between question and answer.
        after: Behind the answer.
        trims: Whether the template strips texts.
        again: Where there is another question: in front of the answer before it, between the two, and behind the
            question where the model is to answer; nothing where the template takes no second question.
    """

    before: str
    ready: str
    between: str
    after: str
    trims: bool
    again: tuple[str, str, str] | None = None

    def prompt(self, question: str, turns: Turns = ()) -> str:
        """A question behind earlier turns, ready for the answer.

        Raises:
            CheckpointError: The template takes no second question.
        """
        if not turns:
            return self.before + self._own(question) + self.ready
        if self.again is None:
            raise CheckpointError("the chat template takes no second question, so there can't be earlier turns.")
        told, link, ready = self.again
        text = self.before + self._own(turns[0][0])
        for (_, answer), asked in zip(turns, [*(q for q, _ in turns[1:]), question], strict=True):
            text += told + self._own(answer) + link + self._own(asked)
        return text + ready

    def told(self, question: str, answer: str, turns: Turns = ()) -> str:
        """A question and its answer behind earlier turns, with nothing after it."""
        gap = self.between.removeprefix(self.ready)  # LLaVA-1.5 writes a blank in front of an answer
        return self.prompt(question, turns) + gap + self._own(answer)

    @property
    def thinks(self) -> bool:
        """Whether the template opens thoughts where the answer should begin; Qwen3's are switched off."""
        return self.ready.count("<think>") > self.ready.count("</think>")

    def _own(self, text: str) -> str:
        return text.strip() if self.trims else text


def frame(processor: Any, *, image: bool) -> Frame:
    """The frame of a processor's template.

    Args:
        processor: The checkpoint's processor.
        image: Whether the question comes with a picture.

    Raises:
        CheckpointError: There is no template, it can't be rendered, or it knows no such conversation.
    """
    template, name = processor.chat_template, processor.tokenizer.name_or_path
    if isinstance(template, dict):
        template = template.get("default")
    if not isinstance(template, str) or not template:
        raise CheckpointError(f"{name}: has no chat template, so it can't be asked. Add chat_template.jinja.")
    found = _frame(
        template, json.dumps(processor.tokenizer.special_tokens_map, default=str), processor.image_token, image
    )
    if isinstance(found, str):
        raise CheckpointError(f"{name}: {found}")
    return found


@lru_cache(maxsize=64)
def _frame(template: str, tokens: str, token: str, image: bool) -> Frame | str:
    """The frame, or why there is none."""
    mark = token if image else ""
    forms = list(FORMS.values())
    if not token:  # templates of language models mostly take texts
        forms = [*forms[1:], forms[0]]
    asked = [_conversation(form, mark, texts) for form in forms for texts in LENGTHS]
    rendered = _rendered(template, [{**json.loads(tokens), **values} for values in asked])
    if isinstance(rendered, str):
        return f"the chat template {rendered}."
    for texts in zip(*(rendered[i :: len(LENGTHS)] for i in range(len(LENGTHS))), strict=True):
        prompt, full, longer = (text.get("text", "") for text in texts)
        found = _cut(prompt, full, longer, token, image=image)
        if found and found.thinks:
            return "the chat template makes the model think before it answers. Take a model that only answers."
        if found:
            return found
    errors = [result["error"] for result in rendered if "error" in result]
    if len(errors) == len(rendered):
        return f"the chat template can't be rendered ({errors[0]})."
    return f"the chat template has no question {'with a' if image else 'without a'} picture and its answer."


LENGTHS = ((QUESTION,), (QUESTION, ANSWER), (QUESTION, ANSWER, AGAIN))
"""The conversations that are rendered."""


def _conversation(form: Callable[[str, str], Any], mark: str, texts: Sequence[str]) -> dict[str, Any]:
    messages = [
        {"role": "assistant" if i % 2 else "user", "content": form(EDGE + text + EDGE, "" if i else mark)}
        for i, text in enumerate(texts)
    ]
    return {"messages": messages, "add_generation_prompt": len(texts) % 2 == 1, "enable_thinking": False}


def _rendered(template: str, conversations: list[Mapping[str, Any]]) -> list[dict[str, str]] | str:
    """What became of each conversation, or why of none."""
    asked = json.dumps({"template": template, "conversations": conversations})
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROCESS)],
            input=asked,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            encoding="utf-8",
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return "takes more time or memory than any template needs"


def _cut(prompt: str, full: str, longer: str, token: str, *, image: bool) -> Frame | None:
    """The pieces around the stand-ins; nothing where they, or the picture, are not there just once."""
    texts = ((prompt, QUESTION), (full, QUESTION), (full, ANSWER))
    if any(text.count(part) != 1 for text, part in texts) or "'type'" in prompt:
        return None
    if token and any(text.count(token) != int(image) for text in (prompt, full)):
        return None
    trims = EDGE not in prompt
    question, answer = (part if trims else EDGE + part + EDGE for part in (QUESTION, ANSWER))
    before, mark, rest = full.partition(question)
    between, second, after = rest.partition(answer)
    start, third, ready = prompt.partition(question)
    if not (mark and second and third) or start != before:
        return None
    if not between.startswith(ready):  # LLaVA-OneVision writes a blank more; what is trained is what is asked
        between = ready
    return Frame(before, ready, between, after, trims, _again(longer, before, question, answer, token, trims=trims))


def _again(
    longer: str, before: str, question: str, answer: str, token: str, *, trims: bool
) -> tuple[str, str, str] | None:
    """What stands around a first answer and behind a second question; nothing where one of the texts is left out."""
    start, first, rest = longer.partition(question)
    told, second, rest = rest.partition(answer)
    link, third, ready = rest.partition(AGAIN if trims else EDGE + AGAIN + EDGE)
    if not (first and second and third) or start != before or (token and token in told + link + ready):
        return None
    return told, link, ready
