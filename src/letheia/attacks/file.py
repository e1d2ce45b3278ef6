"""Questions in a file as a way of asking: what somebody tried in the playground, asked in an audit about everybody.

One JSON object a line: `question`, and where there are any `prefix`, `first`, `temperature` and `seed`. In the texts
`{name}` is the person's name, and `{who}` the person in the picture, or the name where there is none.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pydantic import Field, field_validator

from letheia.attacks.base import Ask, Attack, Sources, Subject
from letheia.attacks.wording import WHO, ask, by_name, filled, views
from letheia.errors import ConfigError, DataError
from letheia.extensions import Origin
from letheia.files import fingerprint, read_jsonl, write_jsonl
from letheia.frozen import Frozen

ENDING = ".jsonl"


class Question(Frozen):
    """One question of a file.

    Attributes:
        question: What is asked.
        prefix: How the answer is made to begin.
        first: What is asked before; the model's own answer to it stands in the conversation.
        temperature: Of sampling; greedy if left out.
        seed: Of sampling.
        picture: Whether it is asked about a picture; else by name alone.
    """

    question: str = Field(min_length=1, max_length=2_000)
    prefix: str = Field(default="", max_length=500)
    first: str = Field(default="", max_length=2_000)
    temperature: float | None = Field(default=None, gt=0, le=2)
    seed: int = Field(default=0, ge=0, lt=2**63)
    picture: bool = True

    @field_validator("question")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank")
        return text

    def about(self, subject: Subject) -> list[Ask]:
        """The question about each picture of somebody, or by name."""
        return [
            replace(
                ask(subject, p, self.question, filled(self.question, subject, p)),
                prefix=filled(self.prefix, subject, p),
                first=filled(self.first, subject, p),
                temperature=self.temperature,
                seed=self.seed,
            )
            for p in (views(subject) if self.picture else (by_name(subject.entity),))
        ]


def attack_from(file: Path) -> Attack:
    """The questions of a file as an attack, which is called as the file is.

    Raises:
        DataError: The file can't be read, has no question, or a line is none.
    """
    questions = read_questions(file)
    if not questions:
        raise DataError(f'{file}: has no question. One is written as {{"question": "Who is {{who}}?"}}.')

    def asks(subjects: Sequence[Subject], _: Sources) -> list[Ask]:
        return [one for s in subjects for q in questions for one in q.about(s)]

    begun = any(q.prefix for q in questions)
    return Attack(
        name=file.stem.lower(),
        title=f"questions of {file.name}",
        access="grey" if begun else "black",
        asks=asks,
        source="your own",
        origin=Origin(str(file), fingerprint([q.model_dump() for q in questions])),
    )


def read_questions(file: Path) -> list[Question]:
    """The questions of a file.

    Raises:
        DataError: The file can't be read, or a line is none.
    """
    found: list[Question] = []
    for number, line in enumerate(read_jsonl(file), start=1):
        values = cast("dict[str, Any]", line) if isinstance(line, dict) else {"question": line}
        try:
            found.append(Question.create(values))
        except ConfigError as error:
            raise DataError(f"{file}: question {number}: {error}") from error
    return found


def add_question(file: Path, question: Question) -> int:
    """Add a question to a file, once; how many are there now.

    Raises:
        DataError: The file holds something else.
        OutputError: It can't be written.
    """
    found = read_questions(file) if file.exists() else []
    if question not in found:
        found.append(question)
        write_jsonl(file, [q.model_dump(exclude_defaults=True) for q in found])
    return len(found)


def general(text: str, names: Iterable[str]) -> str:
    """A text about one person as one about anybody; a part of a longer word is no name, where a script has words.

    >>> general("Where was Una Varga born?", ["Una Varga"]), general("Who is the person in this picture?", [])
    ('Where was {name} born?', 'Who is {who}?')
    """
    for name in sorted(filter(None, names), key=len, reverse=True):
        before, after = (r"\w" if edge.lower() != edge.upper() else r"[^\w\W]" for edge in (name[0], name[-1]))
        text = re.sub(rf"(?<!{before}){re.escape(name)}(?!{after})", "{name}", text)
    return text.replace(WHO, "{who}")
