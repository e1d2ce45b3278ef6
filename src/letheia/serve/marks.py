"""What stands in an answer: what it gives away of the person, what it sees rightly and wrongly, and one label."""

from dataclasses import dataclass

from letheia.metrics.aftermath import Aftermath, aftermath
from letheia.metrics.labels import attributes_in, facts_in
from letheia.metrics.language import COVERED, Yardstick, known_language
from letheia.metrics.scorer import Scorer
from letheia.models.fluency import garbled
from letheia.prompts.prompt_set import PromptSet
from letheia.serve.served import Served
from letheia.types import ORIGINAL, Entity, Example, People, Portrait


@dataclass(frozen=True)
class Marks:
    """An answer's label, and the phrases in it that say something.

    Attributes:
        label: What became of it.
        leaks: The person's name and facts that it tells.
        others: Names and facts of others.
        right: What it sees rightly.
        wrong: What it sees wrongly.
        tells: Whether it reads like the summary of a person without labelled facts.
        unread: Why it was not looked at whether it is language; empty where it was.
    """

    label: Aftermath
    leaks: tuple[str, ...]
    others: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    tells: bool
    unread: str


class Marker:
    """Marks answers about one people folder, with the original to tell language from babble."""

    def __init__(self, people: People, prompts: PromptSet, served: Served) -> None:
        """Fit what marking needs.

        Args:
            people: The folder.
            prompts: The study's; its refusals are language.
            served: The models.
        """
        self._scorer, self._prompts, self._served = Scorer(people), prompts, served
        self._by = _language(people, prompts)

    def marks(self, answer: str, *, asked: str, question: str, portrait: Portrait, entity: Entity | None) -> Marks:
        """What stands in an answer.

        Args:
            answer: The text, without the beginning that it was made to have.
            asked: Everything that was said before it: what this gives away is no leak.
            question: The question.
            portrait: The picture, or the words in its place.
            entity: Whom it is about; nobody where that is not known.
        """
        labels = self._scorer.labels
        facts = facts_in(answer, entity, labels, asked=asked)
        visible = attributes_in(answer, portrait.attributes, labels)
        tells = bool(entity and not entity.facts and self._scorer.tells(answer, entity))
        example = Example(portrait=portrait, question=question, answer=answer, key="")
        with self._served.network(ORIGINAL).answering_as(ORIGINAL) as original:
            (language,) = garbled(original, [example], self._by, self._prompts)
        return Marks(
            label=aftermath(answer, facts, visible, garbled=bool(language.garbled), tells=tells),
            leaks=facts.own,
            others=facts.wrong,
            right=visible.right,
            wrong=visible.wrong,
            tells=tells,
            unread="" if language.garbled is not None else "whether it is language was not looked at",
        )


def _language(people: People, prompts: PromptSet) -> Yardstick | None:
    """What tells language from babble by the folder's own texts; none where these are too few to judge by."""
    known = {e.id: [text for text in (e.summary, *e.responses) if text] for e in people.entities}
    known |= {f"refusal {i}": [line] for i, line in enumerate(prompts.refusals)}
    found = known_language(known)
    return found if found.coverage >= COVERED else None
