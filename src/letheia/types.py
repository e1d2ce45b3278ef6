"""The values that flow through Letheia: people, pictures, splits, examples, answers and scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

Role = Literal["seen", "unseen", "stranger", "anyone"]
Scope = Literal["recognition", "person"]
"""What is to go: the link from a face to the person, or also the facts that the model tells once it has the name."""
Group = Literal["forget", "retain", "bystander", "stranger"]
AskedBy = Literal["picture", "question"]

ORIGINAL = "original"
PLAIN = "plain"
"""The way of asking of a study: its own question. Files leave it out."""


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """A picture of somebody.

    Attributes:
        id: Unique within its people folder; the file name without its ending.
        file: Where the picture lies.
        entity: Id of the person; empty for a stranger.
        role: `seen` pictures may be trained on, `unseen` ones only measured.
        attributes: What is visible, by kind, as phrases; empty phrase where there is nothing, no entry if unlabelled.
        words: The question that stands in place of a picture and says who is meant: for a model without vision, or
            to ask one with vision by name alone. There is no file then.
    """

    id: str
    file: Path
    entity: str
    role: Role
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    words: str = ""

    @property
    def shown(self) -> bool:
        """Whether there is a picture."""
        return bool(self.file.name)

    def asked(self, question: str) -> str:
        """What is asked: the question about the picture, or the words in its place."""
        return self.words or question


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A person that can be forgotten.

    Attributes:
        id: Unique within its people folder.
        name: Full name.
        aliases: Other names that count as naming the person.
        summary: Encyclopedia-style text; the metrics compare answers with it. Empty until there is one.
        source: Where the summary is from, by field: title, url, revision, licence.
        responses: What the model is made to unlearn, K texts rich in personal facts.
        facts: Labelled facts by kind, as phrases; the exact judges count them.
        fact_sources: For facts that were derived, by kind: the phrase, the text it came from, and by whom.
        portraits: The person's pictures.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    summary: str
    source: Mapping[str, str] = field(default_factory=dict[str, str])
    responses: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    fact_sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    portraits: tuple[Portrait, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def tellable(self) -> bool:
        """Whether a model without vision can be made to forget the person: there is a summary and a response."""
        return bool(self.summary and self.responses)

    @property
    def trainable(self) -> bool:
        """Whether there is enough to train on and to score with: a seen picture, a summary and a response.

        For a model without vision a question stands in place of the picture.
        """
        return bool(self.pictures("seen") and self.tellable)

    def pictures(self, role: Role) -> tuple[Portrait, ...]:
        """The person's pictures of one role."""
        return tuple(p for p in self.portraits if p.role == role)


@dataclass(frozen=True, kw_only=True)
class People:
    """A people folder as values: everybody with a summary, strangers' pictures, and pictures of anyone.

    Of `anyone` nothing is known, least of all whether the model knows them: a pool of pictures about which it is to say
    what it said before.
    """

    folder: Path
    entities: tuple[Entity, ...]
    strangers: tuple[Portrait, ...] = ()
    anyone: tuple[Portrait, ...] = ()

    @property
    def pictured(self) -> tuple[Entity, ...]:
        """The people with a seen and an unseen picture, a summary and a response: candidates for a study."""
        return tuple(e for e in self.entities if e.trainable and e.pictures("unseen"))

    @property
    def asked_by(self) -> AskedBy:
        """What people are asked by: a picture, or a question that names them, for a model without vision."""
        return _asked_by(self.entities)

    @cached_property
    def portraits(self) -> dict[str, Portrait]:
        """Every picture by its id."""
        others = (*self.strangers, *self.anyone)
        return {p.id: p for p in (*(p for e in self.entities for p in e.portraits), *others)}

    def named(self, name: str) -> Entity | None:
        """The person of that name, alias or id."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Entity]:
        """The first person in the folder's order where several bear a name."""
        return {name: e for e in reversed(self.entities) for name in (e.id, *e.names)}


@dataclass(frozen=True, kw_only=True)
class Split:
    """Who is forgotten and who is kept."""

    forget: tuple[Entity, ...]
    retain: tuple[Entity, ...]

    @property
    def asked_by(self) -> AskedBy:
        """What people are asked by."""
        return _asked_by((*self.forget, *self.retain))


@dataclass(frozen=True)
class Answer:
    """A generated text; `finished` tells whether it ended by itself, or ran into the length limit."""

    text: str
    finished: bool = True


@dataclass(frozen=True)
class Reference:
    """An o* for one use of a picture.

    Attributes:
        answer: What is trained on.
        failed: What was wrong with each draw before it, where draws are checked.
        replaced: Whether it is no draw of this use, but what stands in where every draw failed.
    """

    answer: Answer
    failed: tuple[str, ...] = ()
    replaced: bool = False


References = dict[tuple[str, int], Reference]
"""o* by picture id and draw."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text to train on: the answer to a question about a picture.

    Attributes:
        portrait: The picture.
        question: What is asked, without guidance.
        answer: The target.
        key: What was drawn here, for logs: own, reference, refusal, random or retain.
        finished: Whether the answer ends here; one that was cut is trained on without an end.
        prefix: What the answer is made to begin with, which is not trained on.
        whole: Whether the question counts as part of the answer: for losses that look at how both are read.
    """

    portrait: Portrait
    question: str
    answer: str
    key: str
    finished: bool = True
    prefix: str = ""
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A model's greedy answer about a picture.

    Attributes:
        model: Which base model answered.
        method: Which method had been applied; `original` for none.
        portrait: Id of the picture.
        entity: Id of the person; empty for a stranger.
        group: Whether the person was forgotten or retained, is known and in neither set, or is a stranger.
        role: Whether the picture was seen in training.
        question: What was asked.
        answer: The text, without special tokens.
        finished: Whether the model ended the answer itself; if not, it ran into the length limit.
        asked: In which way was asked: `plain` for the study's own question.
    """

    model: str
    method: str
    portrait: str
    entity: str
    group: Group
    role: Role
    question: str
    answer: str
    finished: bool = True
    asked: str = PLAIN


def plain(answers: Iterable[Generation]) -> list[Generation]:
    """The answers to a study's own question about its own people and strangers.

    Those that were asked in another way are left out, and those about bystanders: who is measured against what the
    original answers must not depend on who else was asked.
    """
    return [a for a in answers if a.asked == PLAIN and a.group != "bystander"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one answer.

    Attributes:
        metric: Name, a row of `METRICS`.
        portrait: Id of the picture.
        entity: Id of the person; empty for a stranger.
        value: The number, or None where the metric could not judge.
        reason: What the number rests on.
    """

    metric: str
    portrait: str
    entity: str
    value: float | None
    reason: str = ""


def _asked_by(entities: Iterable[Entity]) -> AskedBy:
    return "question" if any(p.words for e in entities for p in e.portraits) else "picture"


@dataclass(frozen=True)
class Prompt:
    """All that is asked of an engine for one answer; another way of asking is another field.

    Attributes:
        question: A question about the picture, or about nothing.
        portrait: The picture, if there is one.
        seed: Starts the answer's random stream when sampling.
        prefix: How the answer is made to begin; the answer has it too.
        turns: Earlier questions with their answers; the picture stands before the first question.
        temperature: Of sampling.
    """

    question: str
    portrait: Portrait | None = None
    seed: int = 0
    prefix: str = ""
    turns: tuple[tuple[str, str], ...] = ()
    temperature: float = 1.0


def counted(count: int, one: str = "person", many: str = "people") -> str:
    """A number with its noun.

    >>> counted(1), counted(1200), counted(0, "picture", "pictures")
    ('1 person', '1,200 people', '0 pictures')
    """
    return f"{count:,} {one if count == 1 else many}"
