"""OpenAI's chat protocol from the server's side: what a request asks for, and what is sent back.

What would change the answer and is not done here (several answers, tools, stop words) is refused rather than passed
over; what can't change it (a user's name, metadata) is passed over.
"""

import base64
import binascii
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from letheia.serve.served import STRONGEST, Told
from letheia.types import Portrait, Prompt

TEXT = 50_000
"""Characters of a text, at most."""
TURNS = 64
"""Messages of a conversation, at most."""
PICTURE_URL = re.compile(r"data:image/[\w.+-]+;base64,(?P<data>.*)", re.DOTALL)
NOT_DONE: Mapping[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "stop": (None, [], ""),
    "tools": (None, []),
    "functions": (None, []),
    "response_format": (None, {"type": "text"}),
    "logprobs": (None, False),
    "logit_bias": (None, {}),
    "top_p": (None, 1),
    "top_k": (None, -1, 0),
    "min_p": (None, 0),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
    "repetition_penalty": (None, 1),
}
"""What would change the answer, and the values with which it does not."""


class Refused(Exception):
    """A request that is not answered, as the protocol tells it.

    Attributes:
        status: HTTP's status.
        message: What is wrong.
        param: The field that is wrong.
        code: The protocol's word for it.
    """

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code

    @property
    def body(self) -> dict[str, Any]:
        """What is sent back."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


class _Picture(BaseModel):
    url: str


class _Part(BaseModel):
    type: Literal["text", "image_url"]
    text: str = Field(default="", max_length=TEXT)
    image_url: _Picture | None = None

    @model_validator(mode="after")
    def _picture_is_there(self) -> Self:
        if (self.type == "image_url") != (self.image_url is not None):
            raise ValueError("a part of type image_url has an image_url, and no other part has one")
        return self


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part] = Field(max_length=TEXT)

    @property
    def text(self) -> str:
        parts = [self.content] if isinstance(self.content, str) else [p.text for p in self.content if p.type == "text"]
        return "\n".join(parts)

    @property
    def pictures(self) -> list[str]:
        return [] if isinstance(self.content, str) else [p.image_url.url for p in self.content if p.image_url]


class _Stream(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request for an answer; `adapter_strength` and what begins an answer are not OpenAI's own fields."""

    model_config = ConfigDict(extra="allow")
    model: str
    messages: list[_Message] = Field(min_length=1, max_length=TURNS)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stream: bool = False
    stream_options: _Stream | None = None
    continue_final_message: bool = False
    add_generation_prompt: bool | None = None
    adapter_strength: float = Field(default=1.0, ge=0, le=STRONGEST)

    @property
    def limit(self) -> int | None:
        """The length limit; none where the model's own holds."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def sample(self) -> bool:
        """Whether the answer is drawn; the protocol's temperature is 1 where none is given."""
        return self.temperature != 0

    def prompt(self, upload: Callable[[bytes], Portrait]) -> Prompt:
        """What is asked of the engine.

        Args:
            upload: Takes the picture's content.

        Raises:
            Refused: The conversation has no such form.
        """
        told, turns = _split(self.messages)
        begun = turns[-1].role == "assistant"
        if begun != self.continue_final_message:
            raise Refused(
                "continue_final_message: goes with a last message of the assistant's, which the answer goes on with; "
                "without it the last message is the user's",
                param="messages",
            )
        if begun and self.add_generation_prompt:
            raise Refused("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
        prefix = turns[-1].text if begun else ""
        turns = turns[:-1] if begun else turns
        if not turns or any(m.role != ("assistant" if i % 2 else "user") for i, m in enumerate(turns)):
            raise Refused("messages: user and assistant take turns, and the user begins", param="messages")
        pictures = [url for m in turns for url in m.pictures]
        if len(pictures) > len(turns[0].pictures) or len(pictures) > 1:
            raise Refused("messages: one picture at most, in the first message of the user", param="messages")
        questions = [m.text for m in turns[::2]]
        questions[0] = "\n\n".join(filter(None, (*(m.text for m in told), questions[0])))
        return Prompt(
            questions[-1],
            upload(picture_content(pictures[0])) if pictures else None,
            seed=secrets.randbits(31) if self.seed is None else self.seed % 2**63,
            prefix=prefix,
            turns=tuple(zip(questions[:-1], [m.text for m in turns[1::2]], strict=True)),
            temperature=(1.0 if self.temperature is None else self.temperature) or 1.0,
        )


def parse(body: bytes) -> ChatRequest:
    """Read a request.

    Raises:
        Refused: It is none.
    """
    try:
        request = ChatRequest.model_validate(json_of(body))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Refused(f"{place}: {first['msg']}", param=place) from None
    for name, neutral in NOT_DONE.items():
        if (request.model_extra or {}).get(name) not in neutral:
            raise Refused(f"{name}: is not done here. Leave it out.", param=name, code="unsupported_parameter")
    return request


def json_of(body: bytes) -> Any:
    """What a body says; half of a surrogate pair, which no answer could quote, is no JSON here.

    Raises:
        Refused: It is no JSON.
    """
    try:
        return from_json(body)
    except ValueError:
        raise Refused("the body is no JSON") from None


def _split(messages: Sequence[_Message]) -> tuple[Sequence[_Message], Sequence[_Message]]:
    """What the system says, which the first question begins with, as templates without a system have it; the rest."""
    first = next((i for i, m in enumerate(messages) if m.role in ("user", "assistant")), len(messages))
    if first == len(messages) or any(m.role in ("system", "developer") for m in messages[first:]):
        raise Refused("messages: the system speaks before the user, and the user asks", param="messages")
    return messages[:first], messages[first:]


def picture_content(url: str) -> bytes:
    """The bytes of a picture that was sent.

    Raises:
        Refused: It is sent in another way.
    """
    found = PICTURE_URL.fullmatch(url)
    if not found:
        raise Refused("image_url: pictures are sent as data:image/…;base64,…; nothing is fetched", param="messages")
    try:
        return base64.b64decode(found["data"], validate=True)
    except (binascii.Error, ValueError):
        raise Refused("image_url: is no base64", param="messages") from None


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {
        "object": "list",
        "data": [{"id": n, "object": "model", "created": 0, "owned_by": "letheia"} for n in names],
    }


class Reply:
    """One answer as the protocol sends it, whole or in pieces."""

    def __init__(self, model: str) -> None:
        """Begin."""
        self._common = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}

    def whole(self, told: Told) -> dict[str, Any]:
        """All of it."""
        message = {"role": "assistant", "content": told.answer.text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(told)}
        return {**self._common, "object": "chat.completion", "choices": [choice], "usage": _usage(told)}

    def piece(self, text: str, *, first: bool = False) -> dict[str, Any]:
        """What has been added."""
        return self._chunk({**({"role": "assistant"} if first else {}), "content": text}, None)

    def end(self, told: Told) -> dict[str, Any]:
        """Why it ends."""
        return self._chunk({}, _reason(told))

    def usage(self, told: Told) -> dict[str, Any]:
        """How many tokens it took."""
        return {**self._common, "object": "chat.completion.chunk", "choices": [], "usage": _usage(told)}

    def _chunk(self, delta: dict[str, str], reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._common, "object": "chat.completion.chunk", "choices": [choice]}


def _reason(told: Told) -> str:
    return "stop" if told.answer.finished else "length"


def _usage(told: Told) -> dict[str, int]:
    return {
        "prompt_tokens": told.read,
        "completion_tokens": told.written,
        "total_tokens": told.read + told.written,
    }
