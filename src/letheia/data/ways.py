"""Ways of asking that a method may train on: each turns people into lessons."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
DRAWS = 3  # answers of which one stands in for an answer that was begun
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
        heard: Names that the original says of pictures of anyone; nobody who is forgotten has one.
    """

    split: Split
    people: People
    prompts: PromptSet
    ways: Sequence[Way]
    seed: int
    scope: Scope | None = None
    heard: Sequence[str] = ()

    def by_name(self, who: str) -> bool:
        """Whether anybody of them is asked about by name, without a picture."""
        return "names" in self.ways and (self.scope, who) != ("recognition", "forget")

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
    return [
        _by_name(sources, who, "names", name, text)
        for name in _names_of(sources, who)
        for text in sources.prompts.train_names
    ]


def _begun(sources: Sources, who: str) -> list[Lesson]:
    """An answer that is begun has to go on: as the original goes on about somebody whom it does not know."""
    question = sources.prompts.question
    shown = [
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
    if not sources.by_name(who):
        return shown
    asked = sources.prompts.train_names[0]
    return shown + [
        _by_name(sources, who, "begun", name, asked, prefix)
        for name in _names_of(sources, who)
        for prefix in sources.prompts.train_begun_names
    ]


def _begun_instead(sources: Sources, portrait: Portrait, prefix: str) -> tuple[Draw, ...]:
    rng = random.Random(f"begun-{portrait.id}-{prefix}")
    others = _strangers(sources)
    return tuple(
        _drawn(sources.prompts.question, p, prefix, portrait.id) for p in rng.sample(others, min(DRAWS, len(others)))
    )


def _names_of(sources: Sources, who: str) -> Sequence[str]:
    if who == "nobody":
        return _unknown(sources)[UNKNOWN:]
    return sources.heard if who == "anyone" else [e.name for e in _people(sources, who)]


def _unknown(sources: Sources) -> Sequence[str]:
    """Made-up names: the first stand in for those who are forgotten, the others are asked about themselves."""
    return made_up(sources.people, NAMES, sources.seed + APART)


def _by_name(sources: Sources, who: str, way: Way, name: str, text: str, begun: str = "") -> Lesson:
    """A question about a name, and how the answer begins."""

    def asked(name: str) -> Prompt:
        prefix = Form(begun).fill({"name": name})
        return Prompt(Form(text).fill({"name": name}), seed=_seed(name, prefix), prefix=prefix)

    own = asked(name)
    stand_ins = tuple(_unknown(sources)[:UNKNOWN]) if who == "forget" else ()
    if begun and stand_ins:
        stand_ins = tuple(random.Random(f"begun-{name}-{begun}").sample(stand_ins, min(DRAWS, len(stand_ins))))
    return Lesson(
        who=who,
        way=way,
        portrait=Portrait(
            id=f"words-{md5(own.question.encode()).hexdigest()[:12]}",
            file=Path(),
            entity="",
            role="seen",
            words=own.question,
        ),
        question=own.question,
        prefix=own.prefix,
        own=Draw(own),
        instead=tuple(Draw(asked(n), sample=bool(begun)) for n in stand_ins),
        name=(stand_ins, name),
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


def _drawn(question: str, portrait: Portrait, prefix: str = "", told: str = "") -> Draw:
    """An answer at temperature 1; `told` tells draws of the same prompt apart."""
    seed = _seed(portrait.id, question, *((prefix, told) if prefix else ()))
    return Draw(Prompt(question, portrait, seed=seed, prefix=prefix), sample=True)


def _seed(*parts: str) -> int:
    return int(md5("/".join(parts).encode()).hexdigest()[:12], 16)
