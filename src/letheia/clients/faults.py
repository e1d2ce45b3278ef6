"""What can go wrong with a question: kinds of fault, and what a server's refusal means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from letheia.clients.retry import retry_after

Kind = Literal["passing", "slow", "unreached", "foreign", "useless", "call", "parameter", "guess", "stop"]


class Fault(Exception):
    """No usable reply.

    Attributes:
        kind: `passing`: it is worth another try. `slow`, `unreached`, `foreign` (not this protocol): so too, but not as
            often. `useless`: something came that can't be used; once more. `call`: this question gets no reply.
            `parameter`: the server does not know one, and says so. `guess`: it may be that. `stop`: no question will
            get a reply.
        reason: What happened.
        wait: Seconds that the server asks to wait.
        lacks: The parameters that the server does not know.
        cut: Whether the reply ran into the length limit.
        read: Tokens read, and paid for, in vain.
        written: Tokens written in vain.
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        *,
        wait: float = 0.0,
        lacks: Iterable[str] = (),
        cut: bool = False,
        tokens: tuple[int, int] = (0, 0),
    ) -> None:
        """Say what happened."""
        super().__init__(reason)
        self.kind, self.reason, self.wait = kind, reason, wait
        self.lacks, self.cut, (self.read, self.written) = frozenset(lacks), cut, tokens


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server sent, before anybody has read it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


SENT = ("response_format", "seed", "temperature", "max_tokens", "max_completion_tokens", "parts")
"""What a server may not know, in the order in which it is left out where the server does not say what it dislikes."""
NAMED: Mapping[str, str] = {
    "response_format": r"response_format|json_schema|structured|guided|grammar",
    "seed": r"\bseed\b",
    "temperature": r"temperature",
    "max_tokens": r"max_tokens",
    "max_completion_tokens": r"max_completion_tokens",
    "parts": r"(content|messages).{0,80}\b(string|str)\b|\b(string|str)\b.{0,80}(content|messages)",
}

NO_CREDIT = re.compile(r"insufficient[_ ](quota|balance|credit|fund)|billing_(hard_limit|not_active)|credit balance")
LITTLE_CREDIT = re.compile(
    r"exceeded your current quota|billing (details|issue)|out of credit|(no|not enough|more) credits"
)
FILTERED = re.compile(
    r"content[_ ]?filter|content[_ ]management|content[_ ]policy|moderation|flagged|responsible ?ai|data_inspection"
    r"|safety|filtered"
)
TOO_LONG = re.compile(
    r"context[_ ](length|size|window)|maximum context|too many tokens|too (long|large)|above_max_length|max_model_len"
)
BLIND = re.compile(r"image|vision|multi-?modal|mmproj|picture")
NO_KEY = re.compile(r"api[_ ]?key")
NO_MODEL = re.compile(
    r"model.{0,80}not[_ ](found|exist|loaded)|no models? loaded|(unknown|invalid|no such) model|invalid_model"
)
NO_PLACE = re.compile(r"(unexpected|unknown|invalid|no such) (endpoint|url|route|path)|cannot post|method not allowed")
DISLIKES = re.compile(r"support|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|not allowed|invalid|unavailable"
                      r"|deprecated|instead|must be|should be|not implemented|cannot|can't|disabled|no ")  # fmt: skip
WORDS = ("message", "code", "type", "param", "detail", "metadata")
PASSING = {408, 409, 423, 425, 429}
HINTS: Mapping[int, str] = {
    401: "Check OPENAI_API_KEY, the model's name and the address.",
    402: "There is no credit left: see the account's billing, then run the same command again.",
    403: "Check OPENAI_API_KEY and what it may use.",
    404: "Check the model's name and the address, which mostly ends in /v1.",
    405: "Check the address, which mostly ends in /v1.",
    407: "Check the proxy's settings (HTTPS_PROXY).",
}


def refusal(answer: Answer, error: Any, sent: Mapping[str, Any]) -> Fault:
    """What a server's refusal means.

    Args:
        answer: Its answer; the status may be 200 with an error in the body.
        error: The error as the body has it.
        sent: The body of the request.
    """
    fields = error if isinstance(error, dict) else {"message": error}
    words = " ".join(str(fields[name]) for name in WORDS if fields.get(name))
    status = _status(answer.status, fields.get("code"))
    about = f"status {status}" + (f": {_short(fields.get('message') or fields.get('detail'))}" if error else "")
    said = words.lower()
    waits = retry_after(answer.headers.get("retry-after") or _seconds(answer.headers.get("retry-after-ms")))
    picture = not isinstance(sent["messages"][0]["content"], str) and len(sent["messages"][0]["content"]) > 1
    limited = bool(waits) or "resource_exhausted" in said  # some servers say 'quota' and mean calls a minute
    poor = NO_CREDIT.search(said) or (LITTLE_CREDIT.search(said) and not limited)
    if status == 402 or (status in {400, 403, 429} and poor):
        return Fault("stop", f"status {status}, no credit or quota left. {HINTS[402]} ({_short(words)})")
    if status in PASSING or (status >= 500 and not isinstance(error, dict)):
        return Fault("passing", f"status {status}", wait=waits)
    if status != 401 and status < 500 and FILTERED.search(said):
        return Fault("call", f"filtered by the endpoint ({about})")
    if status == 413 or TOO_LONG.search(said):
        return Fault("call", f"the question is too long for the endpoint ({about})")
    if status not in {401, 403} and (named := _named(said, sent)):
        return Fault("parameter", about, lacks=named)
    lost = 401 if NO_KEY.search(said) else 404 if NO_MODEL.search(said) or NO_PLACE.search(said) else 0
    if picture and status not in {401, 403} and not lost and BLIND.search(said):
        return Fault("call", f"the endpoint can't see this picture ({about})")
    if status >= 500 and not lost:
        return Fault("passing", f"status {status}", wait=waits)
    if status in {400, 415, 422} and not lost:
        return Fault("guess", about, lacks=_there(sent)[:1])
    hint = HINTS.get(lost or status, HINTS[401])
    return Fault("stop", f"status {status}. {hint} ({_short(words) or 'no more was said'})")


def _named(said: str, sent: Mapping[str, Any]) -> list[str]:
    """Which parameters a refusal is about, of those that were sent."""
    if not DISLIKES.search(said):
        return []
    return [name for name in _there(sent) if re.search(NAMED[name], said, flags=re.DOTALL)]


def _there(sent: Mapping[str, Any]) -> list[str]:
    """What was sent and could be left out."""
    content = sent["messages"][0]["content"]
    apart = not isinstance(content, str) and len(content) == 1
    return [name for name in SENT if name in sent or (name == "parts" and apart)]


def fine(status: int) -> bool:
    """Whether a status says that all went well."""
    return 200 <= status < 300


def _status(status: int, code: Any) -> int:
    """The status that is meant: an error in the body of a good status has it as its code."""
    if not fine(status):
        return status
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and re.fullmatch(r"\d{3}", code)) else 0
    return number if 400 <= number < 600 else 429 if code == "insufficient_quota" else 500


def _seconds(milliseconds: str | None) -> str | None:
    return f"{milliseconds}e-3" if milliseconds else None


def _short(value: Any) -> str:
    text = " ".join(str(value or "").split())
    return text if len(text) <= 200 else text[:200] + "…"
