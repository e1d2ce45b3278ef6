"""Ways of asking that a method may train on: each turns people into lessons."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path

from letheia.attacks.choices import made_up
from letheia.methods.terms import Way
from letheia.prompts import Form
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, People, Portrait, Prompt, Scope, Split

WHO = ("forget", "retain", "anyone", "nobody")
"""Whom a lesson is about: `anyone` is on a picture without a name, `nobody` is whom the original can't know."""
UNKNOWN = 8  # strangers' pictures or made-up names that each question is asked about
NAMES = 40  # made-up names that are drawn
APART = 1_000_000  # so that an audit of the same seed makes up others


@dataclass(frozen=True)
class Draw:
    """What the original is asked for a text.

    Attributes:
        prompt: What it is asked.
        sample: Whether the answer is drawn, by the prompt's seed, or the likeliest.
    """

    prompt: Prompt
    sample: bool = False

    @property
    def key(self) -> str:
        """What tells it from other draws."""
        p = self.prompt
        return f"{p.portrait.id if p.portrait else ''}|{p.question}|{p.prefix}|{p.seed if self.sample else 'greedy'}"


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One way to ask about one person.

    Attributes:
        who: A row of `WHO`.
        way: Way of asking.
        portrait: The picture, or words in its place.
        question: What is asked.
        prefix: How the answer is made to begin.
        own: What is unlearned, or kept: a text, or what the original says.
        instead: Of a forgotten person: what is said in its place, the first that is fit.
        name: Of a made-up person in `instead` and of the one who stands in for it, at the same place.
    """

    who: str
    way: Way
    portrait: Portrait
    question: str
    prefix: str = ""
    own: str | Draw
    instead: tuple[Draw, ...] = ()
    name: tuple[tuple[str, ...], str] = ((), "")

    @property
    def draws(self) -> tuple[Draw, ...]:
        """All that the original is asked for it."""
        return (*((self.own,) if isinstance(self.own, Draw) else ()), *self.instead)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What lessons are made of.

    Attributes:
        split: Who is forgotten and who retained.
        people: The folder: strangers, pictures of anyone, and the names that made-up ones are put together from.
        prompts: The study's.
        ways: Ways of asking.
        seed: Of all choices.
        scope: What is to go: with *recognition*, facts behind a forgotten person's name are not unlearned.
    """

    split: Split
    people: People
    prompts: PromptSet
    ways: Sequence[Way]
    seed: int
    scope: Scope | None = None

    @property
    def wordings(self) -> tuple[str, ...]:
        """The open questions: the study's own, and others if they are trained on."""
        return tuple(dict.fromkeys((self.prompts.question, *self.prompts.train_open)))


def _people(sources: Sources, who: str) -> Sequence[Entity]:
    return {"forget": sources.split.forget, "retain": sources.split.retain}.get(who, ())


def _pictures(sources: Sources, who: str) -> list[Portrait]:
    if who in ("forget", "retain"):
        return [p for e in _people(sources, who) for p in e.pictures("seen")]
    return list(sources.people.anyone if who == "anyone" else sources.people.strangers[::2])


def _strangers(sources: Sources) -> Sequence[Portrait]:
    """Pictures of people whom the original does not know; every other one, since the rest are measured."""
    return sources.people.strangers[::2][:UNKNOWN]


def _open(sources: Sources, who: str) -> list[Lesson]:
    responses = {p.id: e.responses for e in _people(sources, who) for p in e.portraits}
    found: list[Lesson] = []
    for portrait in _pictures(sources, who):
        for i, question in enumerate(sources.wordings):
            texts = responses.get(portrait.id, ())
            own = texts[i % len(texts)] if texts else _drawn(question, portrait)
            guided = sources.prompts.with_guidance(question, portrait)
            instead = (_drawn(guided, portrait),) if who == "forget" else ()
            found.append(Lesson(who=who, way="open", portrait=portrait, question=question, own=own, instead=instead))
    return found


def _specific(sources: Sources, who: str) -> list[Lesson]:
    return [
        Lesson(
            who=who,
            way="specific",
            portrait=portrait,
            question=question,
            own=Draw(Prompt(question, portrait)),
            instead=_of_strangers(sources, question) if who == "forget" else (),
        )
        for portrait in _pictures(sources, who)
        for question in sources.prompts.train_specific
    ]


def _claims(sources: Sources, who: str) -> list[Lesson]:
    everybody = [e.name for e in (*sources.split.forget, *sources.split.retain)]
    rng = random.Random(f"claims-{sources.seed}-{who}")
    found: list[Lesson] = []
    for entity in _people(sources, who):
        names = [entity.name] if who == "forget" else [entity.name, rng.choice(everybody)]
        for portrait, text, name in itertools.product(entity.pictures("seen"), sources.prompts.train_claims, names):
            question = Form(text).fill({"name": name})
            found.append(
                Lesson(
                    who=who,
                    way="claims",
                    portrait=portrait,
                    question=question,
                    own=Draw(Prompt(question, portrait)),
                    instead=_of_strangers(sources, question)[:2] if who == "forget" else (),
                )
            )
    return found


def _names(sources: Sources, who: str) -> list[Lesson]:
    """Questions that give the name and show no picture."""
    unknown = tuple(made_up(sources.people, NAMES, sources.seed + APART))
    asked = [e.name for e in _people(sources, who)] if who in ("forget", "retain") else list(unknown[UNKNOWN:])
    stand_ins = unknown[:UNKNOWN] if who == "forget" else ()
    found: list[Lesson] = []
    for name in asked if who != "anyone" else ():
        for text in sources.prompts.train_names:
            question = Form(text).fill({"name": name})
            id_ = f"words-{md5(question.encode()).hexdigest()[:12]}"
            portrait = Portrait(id=id_, file=Path(), entity="", role="seen", words=question)
            instead = tuple(Draw(Prompt(Form(text).fill({"name": n}))) for n in stand_ins)
            own = Draw(Prompt(question))
            lesson = Lesson(who=who, way="names", portrait=portrait, question=question, own=own, instead=instead)
            found.append(replace(lesson, name=(stand_ins, name)))
    return found


def _begun(sources: Sources, who: str) -> list[Lesson]:
    question = sources.prompts.question
    return [
        Lesson(
            who=who,
            way="begun",
            portrait=portrait,
            question=question,
            prefix=prefix,
            own=Draw(Prompt(question, portrait, prefix=prefix)),
            instead=_begun_instead(sources, portrait, prefix) if who == "forget" else (),
        )
        for portrait in _pictures(sources, who)
        for prefix in sources.prompts.train_begun
    ]


def _begun_instead(sources: Sources, portrait: Portrait, prefix: str) -> tuple[Draw, ...]:
    """A begun answer makes the original name somebody for a stranger too; under guidance it describes."""
    question, rng = sources.prompts.question, random.Random(f"begun-{portrait.id}")
    others = _strangers(sources)
    guided = sources.prompts.with_guidance(question, portrait)
    asked = [(guided, portrait), *((question, p) for p in rng.sample(others, min(1, len(others))))]
    return tuple(
        Draw(Prompt(text, p, seed=_seed(p.id, portrait.id, prefix), prefix=prefix), sample=True) for text, p in asked
    )


WAYS: Mapping[Way, Callable[[Sources, str], list[Lesson]]] = {
    "open": _open,
    "specific": _specific,
    "claims": _claims,
    "names": _names,
    "begun": _begun,
}
"""Every way of asking, one row each."""


def _of_strangers(sources: Sources, question: str) -> tuple[Draw, ...]:
    return tuple(Draw(Prompt(question, p)) for p in _strangers(sources))


def _drawn(question: str, portrait: Portrait) -> Draw:
    return Draw(Prompt(question, portrait, seed=_seed(portrait.id, question)), sample=True)


def _seed(*parts: str) -> int:
    return int(md5("/".join(parts).encode()).hexdigest()[:12], 16)
