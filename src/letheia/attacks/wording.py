"""From wordings to questions: `{who}` is the person in the picture, or the name where there is no picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from letheia.attacks.base import Ask, Sources, Subject
from letheia.types import Entity, Portrait

Asks = Callable[[Sequence[Subject], Sources], list[Ask]]
WHO = "the person in this picture"


def by_name(entity: Entity) -> Portrait:
    """What stands in place of a picture when a person is asked about by name; `ask` puts the question into it."""
    return Portrait(id=f"{entity.id}-by-name", file=Path(), entity=entity.id, role="unseen")


def views(subject: Subject) -> tuple[Portrait, ...]:
    """The pictures of somebody, or their name alone."""
    return subject.portraits or (by_name(subject.entity),)


def filled(text: str, subject: Subject, portrait: Portrait, who: str = WHO) -> str:
    """A wording with who is meant, and with the name.

    >>> from letheia.types import Entity
    >>> una = Subject(entity=Entity(id="p1", name="Una Varga", summary=""), group="forget")
    >>> filled("Where was {who} born?", una, by_name(una.entity))
    'Where was Una Varga born?'
    """
    meant = who if portrait.shown else subject.entity.name
    return text.replace("{who}", meant).replace("{name}", subject.entity.name)


def ask(subject: Subject, portrait: Portrait, variant: str, question: str) -> Ask:
    """One question about somebody; without a picture it says itself who is meant."""
    if not portrait.shown:
        portrait = replace(portrait, words=question)
    return Ask(entity=subject.entity.id, group=subject.group, portrait=portrait, variant=variant, question=question)


def worded(wordings: Mapping[str, str], *, who: str = WHO, first: str = "") -> Asks:
    """Each wording about each picture.

    Args:
        wordings: Questions with `{who}` or `{name}`, by variant.
        who: Who is meant where there is a picture.
        first: What is asked before.
    """

    def asks(subjects: Sequence[Subject], sources: Sources) -> list[Ask]:
        return [
            replace(ask(s, p, variant, filled(text, s, p, who)), first=filled(first, s, p, who))
            for s in subjects
            for p in views(s)
            for variant, text in wordings.items()
        ]

    return asks


def numbered(*wordings: str) -> dict[str, str]:
    """Wordings by number, from 1."""
    return {str(i): text for i, text in enumerate(wordings, start=1)}


def study_question(subject: Subject, portrait: Portrait, sources: Sources) -> str:
    """The study's own question, or its first wording where there is no picture."""
    if portrait.shown:
        return sources.prompts.question
    return Template(sources.prompts.wordings[0]).substitute(name=subject.entity.name)
