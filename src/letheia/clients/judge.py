"""Judges over an API: an LVLM gives privacy, inform and hall on the paper's scales (appendix E)."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint, Reply, bill
from letheia.files import fingerprint, write_json
from letheia.metrics.judges import JUDGES, Verdict
from letheia.metrics.table import Judge, Reading, exact_judge, no_judge
from letheia.prompts import read_prompt
from letheia.types import Entity

BUILT_IN: Mapping[str, Judge] = {"exact": exact_judge, "none": no_judge}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["score"],
    "additionalProperties": False,
}


class LvlmJudge:
    """An LVLM that judges; a drop-in for the exact judge."""

    def __init__(self, chat: Chat, *, prompts: Path | None = None) -> None:
        """Read the rubrics.

        Args:
            chat: The endpoint.
            prompts: Folder of rubrics that replace Letheia's own.
        """
        self._chat = chat
        self.rubrics = {name: Template(read_prompt(f"judge_{name}", folder=prompts)) for name in JUDGES}
        # kept, so that a later run asks the same; nobody who writes answers can know it
        self._secret = chat.cache.keep("fence", secrets.token_hex(16))
        self.replies: list[Reply] = []

    def __call__(self, readings: Sequence[Reading]) -> list[dict[str, Verdict]]:
        """Judge answers; a stranger has no summary to compare with and is judged by the picture alone."""
        wanted = [(i, name) for i, r in enumerate(readings) for name in JUDGES if r.entity or name == "inform"]
        replies = self._chat.ask([self.call(readings[i], name) for i, name in wanted])
        self.replies += replies
        none = Verdict(None, "a stranger has no summary")
        verdicts = [dict.fromkeys(JUDGES, none) for _ in readings]
        for (i, name), reply in zip(wanted, replies, strict=True):
            verdicts[i][name] = parse(reply)
        return verdicts

    def call(self, reading: Reading, rubric: str) -> Call:
        """The question to the judge. The answer stands behind a fence that it can't know, and can't close."""
        text = self.rubrics[rubric].substitute(
            name=reading.entity.name if reading.entity else "",
            summary=reading.entity.summary if reading.entity else "",
            response=reading.answer,
            fence=f"<<{fingerprint([self._secret, reading.answer])}>>",
        )
        return Call(text=text, picture=reading.portrait.file if rubric == "inform" else None, schema=SCHEMA)


@contextmanager
def open_judge(choice: str, cache: Path, record: Path, *, prompts: Path | None = None) -> Iterator[Judge]:
    """The judge that a user chose; an endpoint's replies are kept, and what it was asked and cost is recorded.

    Args:
        choice: `exact`, `none`, `MODEL` or `MODEL@URL`.
        cache: Where replies are kept.
        record: File for the record.
        prompts: Folder of rubrics that replace Letheia's own.

    Raises:
        ConfigError: It is none of these, or OpenAI's key is not set.
    """
    if choice in BUILT_IN:
        yield BUILT_IN[choice]
        return
    endpoint = Endpoint.parse(choice)
    with Cache(cache) as kept:
        judge = LvlmJudge(Chat(endpoint, kept), prompts=prompts)
        yield judge
        replies = judge.replies
        write_json(
            record,
            {
                **asdict(endpoint),
                "rubrics": {name: fingerprint(text.template) for name, text in judge.rubrics.items()},
                "calls": len(replies),
                "failed": sum(bool(r.error) for r in replies),
                "bill": bill(replies, endpoint),
            },
        )


def expected_calls(people: Sequence[Entity | None], tokens: int, *, prompts: Path | None = None) -> list[Call]:
    """The calls that judge one answer about each person, for an estimate of their cost.

    Args:
        people: The person of each answer; none for a stranger.
        tokens: Length of an answer.
        prompts: Folder of rubrics that replace Letheia's own.
    """
    size = {name: len(read_prompt(f"judge_{name}", folder=prompts)) for name in JUDGES}
    return [
        Call(
            text=" " * (size[name] + (len(entity.summary) if entity and name != "inform" else 0) + 4 * tokens),
            picture=Path() if name == "inform" else None,
        )
        for entity in people
        for name in JUDGES
        if entity or name == "inform"
    ]


def parse(reply: Reply) -> Verdict:
    """A judge's number; none, with what it said, where that is not a whole number from 1 to 5.

    >>> parse(Reply(text='Surely {"score": 4}.')).value
    4
    >>> parse(Reply(text='{"score": 9}'))
    Verdict(value=None, reason='unreadable reply: {"score": 9}')
    """
    if reply.error:
        return Verdict(None, reply.error)
    found = [value for value in map(_score, re.findall(r"\{[^{}]*\}", reply.text)) if value is not None]
    if len(set(found)) == 1:
        return Verdict(found[0], f"{reply.model}: {found[0]}")
    return Verdict(None, f"unreadable reply: {reply.text}")


def _score(text: str) -> int | None:
    try:
        value = json.loads(text)["score"]
    except (ValueError, KeyError, TypeError):
        return None
    return value if type(value) is int and 1 <= value <= 5 else None
