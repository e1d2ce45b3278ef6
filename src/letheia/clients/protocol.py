"""OpenAI's chat protocol as servers really speak it: how a question is put, and what came of it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from letheia.clients.faults import Answer, Fault, fine, refusal


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A reply; one that did not end by itself only where what is said is itself looked at."""

    text: str
    model: str
    read: int
    written: int
    finished: bool = True


def put(
    model: str,
    text: str,
    *,
    picture: str = "",
    schema: Mapping[str, Any] | None = None,
    temperature: float = 0.0,
    max_tokens: int,
    lacks: frozenset[str] = frozenset(),
    turns: Sequence[tuple[str, str]] = (),
    prefix: str = "",
    seed: int | None = None,
    picture_first: bool = False,
) -> dict[str, Any]:
    """The body of a request.

    Args:
        model: The model's name.
        text: The question.
        picture: A picture as a data URL.
        schema: JSON schema of the reply.
        temperature: Of sampling.
        max_tokens: Length limit.
        lacks: What the server does not know.
        turns: Earlier questions with their answers.
        prefix: How the reply is made to begin.
        seed: Of sampling.
        picture_first: Whether the picture stands before the text.
    """
    first = turns[0][0] if turns else text
    parts: list[dict[str, Any]] = [{"type": "text", "text": first}]
    if picture:
        parts.insert(0 if picture_first else 1, {"type": "image_url", "image_url": {"url": picture}})
    messages: list[dict[str, Any]] = [{"role": "user", "content": first if "parts" in lacks and not picture else parts}]
    for (_, said), asked in zip(turns, [*(q for q, _ in turns[1:]), text], strict=False):
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": asked}]
    limit = "max_completion_tokens" if "max_tokens" in lacks else "max_tokens"
    values: dict[str, Any] = {"temperature": temperature, limit: max_tokens}
    if schema:
        form = {"name": "reply", "strict": True, "schema": dict(schema)}
        values["response_format"] = {"type": "json_schema", "json_schema": form}
    if seed is not None:
        values["seed"] = seed
    kept = {name: value for name, value in values.items() if name not in lacks}
    if prefix:
        messages.append({"role": "assistant", "content": prefix})
        kept |= CONTINUED
    return {"model": model, "messages": messages, **kept}


CONTINUED: Mapping[str, bool] = {"continue_final_message": True, "add_generation_prompt": False}
"""What makes vLLM, SGLang and Letheia's own server go on with a begun answer; others pass it over."""


def hear(answer: Answer, sent: Mapping[str, Any], *, verbatim: bool = False) -> Heard:
    """Read what came.

    Args:
        answer: The server's answer.
        sent: The body of the request.
        verbatim: Whether one that was cut, or is empty, counts, and blanks stay.

    Raises:
        Fault: There is no reply that ended by itself.
    """
    if 300 <= answer.status < 400:
        place = answer.headers.get("location", "elsewhere")
        raise Fault("stop", f"the server points to {place}. Give the address that answers itself.")
    value: Any
    try:
        value = strict_json(answer.body.decode())
    except (ValueError, RecursionError):
        value = None
    failed = value.get("error") if isinstance(value, dict) else None
    if isinstance(failed, str) and failed:
        failed = {"message": failed}
    if not fine(answer.status) or failed:
        raise refusal(answer, failed or value or answer.body[:500].decode(errors="replace"), sent)
    try:
        choice = value["choices"][0]
        message, usage = choice["message"], value.get("usage")
        content = _joined(message.get("content"))
    except (TypeError, KeyError, IndexError, AttributeError):
        raise Fault("foreign", "the server does not speak OpenAI's chat protocol") from None
    if isinstance(choice.get("error"), dict):
        raise refusal(answer, choice["error"], sent)
    tokens = (_count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))
    end = str(choice.get("finish_reason") or "").lower()
    _check(choice, message, content, sent, tokens, verbatim=verbatim)
    model = value.get("model")
    text = spoken(content) or ""
    if verbatim and text == _bare(content):  # no thoughts before it
        text = content
    return Heard(text=text, model=_clean(model)[:200] if isinstance(model, str) else "",
                 read=tokens[0], written=tokens[1], finished=end not in CUT)  # fmt: skip


CUT = {"length", "max_tokens", "max_output_tokens", "model_length"}


def _check(
    choice: Any, message: Any, content: str, sent: Mapping[str, Any], tokens: tuple[int, int], *, verbatim: bool
) -> None:
    """Refuse what is no whole reply."""
    end = str(choice.get("finish_reason") or "").lower()
    limit = sent.get("max_tokens", sent.get("max_completion_tokens", "none was given"))
    if end in CUT and not verbatim:
        raise Fault("useless", f"cut at the length limit (finish_reason {end}, max_tokens {limit})", cut=True,
                    tokens=tokens)  # fmt: skip
    if message.get("refusal") and not content.strip():
        raise Fault("call", f"refused: {str(message['refusal'])[:200]}", tokens=tokens)
    if end in {"content_filter", "safety", "blocked", "recitation", "prohibited_content", "sensitive"}:
        raise Fault("call", f"filtered by the endpoint (finish_reason {end})", tokens=tokens)
    if end in {"error", "abort", "aborted", "cancelled", "canceled"}:
        raise Fault("passing", f"broken off by the server (finish_reason {end})", tokens=tokens)
    if verbatim:
        return
    text = spoken(content)
    if text is None:
        raise Fault("useless", "ends within the model's thoughts, before an answer", cut=True, tokens=tokens)
    if not text:
        thoughts = any(message.get(name) for name in ("reasoning_content", "reasoning", "thinking")) or _bare(content)
        what = "the model thought and gave no answer" if thoughts else "the reply has no text"
        raise Fault("useless", what, tokens=tokens)


THOUGHTS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
)


def spoken(text: str) -> str | None:
    r"""A reply without the thoughts before it; None where it ends within them.

    Many templates open the thoughts in the prompt, so that a reply may hold the closing mark alone.

    >>> spoken("<think>maybe 1</think>\n4"), spoken("hm</think> 4"), spoken("<think>maybe 1"), spoken(" 4 ")
    ('4', '4', None, '4')
    """
    for opened, closed in THOUGHTS:
        text = re.split(re.escape(closed), text, flags=re.IGNORECASE)[-1]
        if re.search(re.escape(opened), text, flags=re.IGNORECASE):
            return None
    return _bare(text)


def _bare(text: str) -> str:
    return text.strip("\ufeff \t\r\n\f\v\u00a0")


def _joined(content: Any) -> str:
    """A message's text: a string, nothing, or a list of parts, of which thoughts are left out."""
    if content is None:
        return ""
    if isinstance(content, str):
        return _clean(content)
    if not isinstance(content, list):
        raise TypeError
    parts = [{"type": "text", "text": p} if isinstance(p, str) else p for p in content if p is not None]
    texts = [p["text"] for p in parts if p.get("type", "text") in {"text", "output_text"}]
    return _clean("".join(texts))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair can't be written anywhere


def _count(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if type(value) is int and 0 <= value < 10**9 else 0


def strict_json(text: str) -> Any:
    """Read JSON in which no key stands twice and every number is one.

    Raises:
        ValueError: It is no such JSON.
    """
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
