"""A judge over an API: an LVLM gives privacy, inform and hall on the paper's scales (appendix E)."""

import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint, Reply, bill
from letheia.clients.protocol import spoken, strict_json
from letheia.errors import ClientError
from letheia.files import fingerprint, read_json, write_json
from letheia.metrics.judges import VERDICTS, Verdict
from letheia.metrics.table import Judge, Reading
from letheia.prompts import Form
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, Portrait

SHOWN = 300  # characters of a reply that can't be read
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["score"],
    "additionalProperties": False,
}


class LvlmJudge:
    """An LVLM that judges; a drop-in for the exact judge."""

    def __init__(self, chat: Chat, *, prompts: PromptSet | None = None) -> None:
        """Read the rubrics.

        Args:
            chat: The endpoint.
            prompts: The study's, for their rubrics; Letheia's own if left out.
        """
        self._chat = chat
        self.rubrics = read_rubrics(prompts)
        # kept, so that a later run asks the same; nobody who writes answers can know it
        self._secret = chat.cache.keep("fence", secrets.token_hex(16))
        self.replies: list[Reply] = []
        self._greetings: list[Reply] = []

    def greet(self) -> None:
        """Ask about nobody, once, so that a judge that can't judge is known before anything is trained.

        Raises:
            ClientError: The endpoint refuses the key, the model or the address, has no credit, or is not there.
        """
        self._greetings.append(self._chat.greet(self._call("privacy", "A person in a blue coat.", NOBODY)))

    def __call__(self, readings: Sequence[Reading]) -> list[dict[str, Verdict]]:
        """Judge answers; a stranger has no summary to compare with and is judged by the picture alone."""
        verdicts = [dict.fromkeys(VERDICTS, NO_SUMMARY if r.entity is None else NO_PICTURE) for r in readings]
        wanted = [(i, name) for i, r in enumerate(readings) for name in rubrics_for(r.portrait, r.entity)]
        calls = [self.call(readings[i], name) for i, name in wanted]
        replies = self._chat.ask(calls, readable=lambda reply: parse(reply).value is not None)
        self.replies += replies
        for (i, name), reply in zip(wanted, replies, strict=True):
            verdicts[i][name] = parse(reply)
        return verdicts

    def call(self, reading: Reading, rubric: str) -> Call:
        """The question to the judge. The answer stands behind a fence that it can't know, and can't close."""
        picture = reading.portrait.file if rubric == "inform" else None
        return self._call(rubric, reading.answer, reading.entity, picture)

    def _call(self, rubric: str, answer: str, entity: Entity | None, picture: Path | None = None) -> Call:
        form = self.rubrics[rubric]
        fence = f"<<{fingerprint([self._secret, answer])}>>"
        text = form.fill(
            {
                "name": entity.name if entity else "",
                "summary": entity.summary if entity else "",
                "response": answer if "fence" in form.fields else f"\n{fence}\n{answer}\n{fence}\n",
                "fence": fence,
            }
        )
        return Call(text=text, picture=picture, schema=SCHEMA)

    def record(self) -> dict[str, Any]:
        """What was asked, of whom, and what came of it. Holds no key and no password."""
        endpoint, replies = self._chat.endpoint, self.replies
        reasons = [verdict.reason for verdict in map(parse, replies) if verdict.value is None]
        return {
            "model": endpoint.model,
            "base_url": endpoint.shown,
            "answered_as": sorted({r.model for r in replies if r.model}),
            "without": sorted(self._chat.known.lacks),
            "rubrics": {name: fingerprint(form.text) for name, form in self.rubrics.items()},
            "calls": len(replies),
            "calls_about_nobody": len(self._greetings),
            "failed": sum(bool(r.error) for r in replies),
            "unscored": len(reasons),
            "reasons": dict(Counter(reasons).most_common(5)),
            "bill": bill([*self._greetings, *replies], endpoint),
        }

    def close(self) -> None:
        """Tell on standard error what stayed without a score.

        Raises:
            ClientError: Nothing that came could be used.
        """
        reasons = [" ".join(v.reason.split()) for v in map(parse, self.replies) if v.value is None]
        if not reasons:
            return
        (reason, count), all_bad = Counter(reasons).most_common(1)[0], len(reasons) == len(self.replies)
        what = f"{len(reasons)} of {len(self.replies)} calls gave no score, {count} of them: {reason.rstrip('.')}"
        if all_bad:
            raise ClientError(f"{self._chat.endpoint.model}: {what}. No answer has been judged; all else is written.")
        print(f"{self._chat.endpoint.model}: {what}. They are unscored; the same command asks again.", file=sys.stderr)


NOBODY = Entity(id="nobody", name="Nobody", summary="Nobody is an invented person, and paints.")
"""Whom a judge is asked about at first."""
NO_SUMMARY = Verdict(None, "a stranger has no summary")
NO_PICTURE = Verdict(None, "the model was asked in words: there is no picture")


def rubrics_for(portrait: Portrait, entity: Entity | None) -> list[str]:
    """What can be judged: privacy and hall need a summary, inform a picture."""
    return [name for name in VERDICTS if (not portrait.words if name == "inform" else entity)]


def read_rubrics(prompts: PromptSet | None = None) -> dict[str, Form]:
    """The rubrics by verdict."""
    return {name: Form(text) for name, text in (prompts or PromptSet()).rubrics.items()}


@contextmanager
def open_lvlm(
    name: str, cache: Path, record: Path, prompts: PromptSet | None = None, trial: bool = True
) -> Iterator[Judge]:
    """An LVLM as the judge: its replies are kept, and what it was asked and cost is recorded.

    One that has not judged here before is asked about nobody first, so that one that can't judge is told at once. What
    stayed without a score is told on standard error.

    Args:
        name: `MODEL` or `MODEL@URL`.
        cache: Where replies are kept.
        record: File for the record.
        prompts: The study's, for their rubrics; Letheia's own if left out.
        trial: Whether one that has not judged here before is tried; not where its caller has done so.

    Raises:
        ConfigError: It is no endpoint, or OpenAI's key is not set.
        ClientError: The endpoint refuses or is not there; or, at the end, nothing that it said could be used.
    """
    with Cache(cache) as kept:
        endpoint = Endpoint.parse(name)
        judge = LvlmJudge(Chat(endpoint, kept), prompts=prompts)
        if trial and not _has_judged(record, endpoint):
            judge.greet()
        try:
            yield judge
        finally:
            if judge.replies:
                write_json(record, judge.record())
        judge.close()


def _has_judged(record: Path, endpoint: Endpoint) -> bool:
    """Whether this endpoint gave replies here before; another judge's record says nothing of it."""
    found: Any = read_json(record) if record.exists() else None
    return (
        isinstance(found, dict)
        and (found.get("model"), found.get("base_url")) == (endpoint.model, endpoint.shown)
        and found.get("calls", 0) > found.get("failed", 0)
    )


def expected_calls(
    asked: Sequence[tuple[Portrait, Entity | None]], tokens: int, *, prompts: PromptSet | None = None
) -> list[Call]:
    """The calls that judge one answer about each picture, for an estimate of their cost.

    Args:
        asked: Each picture with its person; none for a stranger.
        tokens: Length of an answer.
        prompts: The study's, for their rubrics; Letheia's own if left out.

    """
    size = {name: len(form.text) for name, form in read_rubrics(prompts).items()}
    return [
        Call(
            text=" " * (size[name] + (len(entity.summary) if entity and name != "inform" else 0) + 4 * tokens),
            picture=Path() if name == "inform" else None,
        )
        for portrait, entity in asked
        for name in rubrics_for(portrait, entity)
    ]


_FENCED = re.compile(r"```(?:json)?\s*(?P<inside>[^`]*)```", re.IGNORECASE)


def parse(reply: Reply) -> Verdict:
    """A judge's number; none, with what it said, unless the whole reply is one object with a score from 1 to 5.

    The object may stand in a fenced block and may say more; a number within prose, or within a quotation of the
    answer, is none.

    >>> parse(Reply(text='{"score": 4, "answer": {"score": 1}}')).value
    4
    >>> parse(Reply(text='Surely {"score": 4}.'))
    Verdict(value=None, reason='unreadable reply: Surely {"score": 4}.')
    """
    if reply.error:
        return Verdict(None, reply.error)
    text = spoken(reply.text) or ""
    fenced = _FENCED.fullmatch(text)
    try:
        score = strict_json(fenced["inside"] if fenced else text)["score"]
    except (ValueError, KeyError, TypeError, RecursionError):
        score = None
    if type(score) is int and 1 <= score <= 5:
        return Verdict(score, f"{reply.model}: {score}")
    shown = reply.text if len(reply.text) <= SHOWN else reply.text[:SHOWN] + "…"
    return Verdict(None, f"unreadable reply: {shown}")
