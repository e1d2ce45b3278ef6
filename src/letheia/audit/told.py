"""How much of its own responses a model still holds, read word by word: extraction and memorisation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from letheia.attacks.base import Subject
from letheia.audit.base import Audited, Check, Finding
from letheia.errors import DataError
from letheia.metrics.extraction import exact_memorisation, extraction_strength
from letheia.metrics.membership import TokenScores
from letheia.models.token_scores import token_scores
from letheia.types import Example


@dataclass(frozen=True)
class Told:
    """A text about somebody, as the model reads it.

    Attributes:
        subject: The person.
        question: What was asked.
        text: The text, as the answer.
        read: The model's reading; None where it can't read the text.
    """

    subject: Subject
    question: str
    text: str
    read: TokenScores | None

    def finding(self, check: str, method: str, value: float | None) -> Finding:
        """What a check found on it."""
        return Finding(
            check=check,
            variant="",
            method=method,
            group=self.subject.group,
            entity=self.subject.entity.id,
            value=value,
            question=self.question,
            answer=self.text,
            reason="" if self.read else "the model can't read this response",
        )


def read_responses(audited: Audited, subjects: Iterable[Subject]) -> list[Told]:
    """People's own responses, read as answers to the study's question about one picture of each.

    Args:
        audited: The model.
        subjects: The people; those without a picture are left out.
    """
    cases = [
        (s, s.portraits[0].asked(audited.study.question), text)
        for s in subjects
        if s.portraits
        for text in s.entity.responses
    ]
    examples = [Example(portrait=s.portraits[0], question=asked, answer=text, key="own") for s, asked, text in cases]
    read = token_scores(audited.study.model, examples)
    return [Told(*case, scores) for case, scores in zip(cases, read, strict=True)]


def _everybody(audited: Audited) -> list[Told]:
    return read_responses(audited, audited.subjects)


def told(audited: Audited) -> list[Told]:
    """Everybody's own responses, read once for all checks of a model.

    Raises:
        DataError: Nobody has a picture and a response.
    """
    found = audited.once("own responses", _everybody)
    if not found:
        raise DataError("nobody who is asked about has a picture and a response; 'letheia people responses' makes some")
    return found


def _find(name: str, value: Callable[[TokenScores], float]) -> Callable[[Audited], Iterator[Finding]]:
    def find(audited: Audited) -> Iterator[Finding]:
        for text in told(audited):
            yield text.finding(name, audited.name, None if text.read is None else value(text.read))

    return find


def _strength(read: TokenScores) -> float:
    return extraction_strength(read.right)


def _memorisation(read: TokenScores) -> float:
    return exact_memorisation(read.right)


COSTS = "a reading of each own response"

TOLD = (
    Check(
        name="extraction",
        title="extraction strength of own responses",
        access="grey",
        measure="number",
        find=_find("extraction", _strength),
        source="Carlini et al. 2021",
        costs=COSTS,
    ),
    Check(
        name="memorisation",
        title="exact memorisation of own responses",
        access="grey",
        measure="number",
        find=_find("memorisation", _memorisation),
        source="Tirumala et al. 2022",
        costs=COSTS,
    ),
)
