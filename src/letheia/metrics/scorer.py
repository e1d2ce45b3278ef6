"""Scoring answers about one people folder: every metric of the table on each."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from letheia.metrics import judges
from letheia.metrics.aftermath import aftermath
from letheia.metrics.chance import FEWEST, chance_level, chance_margin, misplaced
from letheia.metrics.clipscore import PREFIX
from letheia.metrics.labels import Labels, attributes_in, collect_labels, facts_in
from letheia.metrics.language import Language
from letheia.metrics.reading import UNREAD, Reading
from letheia.metrics.table import METRICS, Judge, exact_judge
from letheia.metrics.usr import Overlap, SummaryIndex
from letheia.types import Entity, Generation, People, Portrait, Score

Cosines = Callable[[Sequence[Path], Sequence[str]], Sequence[float]]


class Scorer:
    """Scores answers about one people folder."""

    def __init__(
        self, people: People, *, cosines: Cosines | None = None, judge: Judge = exact_judge, seed: int = 0
    ) -> None:
        """Fit what metrics need.

        Args:
            people: The folder; all summaries in it serve the comparison.
            cosines: CLIP's cosines of pictures with texts; without it CLIPScore is unscored.
            judge: Gives the three verdicts.
            seed: Seed of the comparison people.
        """
        self.labels: Labels = collect_labels(people)
        self.index = SummaryIndex({e.id: e.summary for e in people.entities}, seed=seed)
        self.people = people
        self.floor: float | None = None
        self._cosines, self._judge = cosines, judge
        self._entities: Mapping[str, Entity] = {e.id: e for e in people.entities}
        self._portraits = people.portraits

    def judged_by(self, judge: Judge) -> "Scorer":
        """The same scorer with another judge; what was fitted is shared."""
        other = copy(self)
        other._judge = judge
        return other

    @cached_property
    def margin(self) -> float | None:
        """By how much an answer must overlap more with the own summary than with others' to tell of the person."""
        texts = {e.id: e.responses[:1] or (e.summary,) for e in self.people.entities if not self.index.reason(e.id)}
        return chance_margin(self.index, [(who, t) for who, found in texts.items() for t in found])

    def find_floor(self, answers: Sequence[Generation]) -> None:
        """Measure from which CLIPScore on a text describes a picture, where there are pictures without labels.

        Args:
            answers: The original's own; each is put beside a picture of somebody else.
        """
        unlabelled = any(not any(self._portraits[a.portrait].attributes.values()) for a in answers)
        pairs = misplaced(answers)
        if self._cosines and unlabelled and len(pairs) >= FEWEST:
            files = [self._portraits[place.portrait].file for place, _ in pairs]
            self.floor = chance_level(self._cosines(files, [a.answer for _, a in pairs]))

    def score(
        self, generations: Sequence[Generation], *, language: Sequence[Language] | None = None
    ) -> list[list[Score]]:
        """All metrics of each answer.

        Args:
            generations: The answers.
            language: Whether each is garbled; not judged where left out.
        """
        readings = self._readings(generations, language or [UNREAD] * len(generations))
        judged = [_concluded(r, v) for r, v in zip(readings, self._judge(readings), strict=True)]
        return [
            [
                Score(metric=name, portrait=r.portrait.id, entity=r.portrait.entity, value=value, reason=reason)
                for name, metric in METRICS.items()
                for value, reason in [metric.score(r)]
            ]
            for r in judged
        ]

    def tells(self, answer: str, entity: Entity) -> bool:
        """Whether an answer overlaps with the person's summary more than chance would have it (Eq. 4 with a margin)."""
        return self._fits(self.index.overlap(answer, entity.id))

    def _fits(self, overlap: Overlap | None) -> bool:
        return overlap is not None and self.margin is not None and -overlap.margin > self.margin

    def _readings(self, generations: Sequence[Generation], language: Sequence[Language]) -> list[Reading]:
        portraits = [self._portraits[g.portrait] for g in generations]
        values: Sequence[float | None] = [None] * len(generations)
        depicted = values
        if self._cosines and generations:
            files = [p.file for p in portraits]
            values = self._cosines(files, [g.answer for g in generations])
            depicted = self._cosines(files, [PREFIX + g.answer for g in generations])
        return [
            replace(self._reading(g, portrait), cosine=cosine, depicted=photo, language=spoken, floor=self.floor)
            for g, portrait, cosine, photo, spoken in zip(
                generations, portraits, values, depicted, language, strict=True
            )
        ]

    def _reading(self, generation: Generation, portrait: Portrait) -> Reading:
        entity, answer = self._entities.get(portrait.entity), generation.answer
        asked = facts_in(generation.question, entity, self.labels).own
        facts = facts_in(answer, entity, self.labels, asked=generation.question)
        overlap = self.index.overlap(answer, entity.id) if entity else None
        return Reading(
            answer=answer,
            entity=entity,
            portrait=portrait,
            facts=replace(facts, total=facts.total - len(asked)),
            visible=attributes_in(answer, portrait.attributes, self.labels),
            overlap=overlap,
            no_overlap=self.index.reason(entity.id) if entity else "a stranger has no summary",
            cosine=None,
            asked=asked,
            tells=bool(entity and not entity.facts and not asked and self._fits(overlap)),
        )


def _concluded(r: Reading, verdicts: Mapping[str, judges.Verdict]) -> Reading:
    """The reading with the judges' verdicts and the aftermath, which may rest on them."""
    r = replace(r, verdicts=verdicts)
    label = aftermath(
        r.answer,
        r.facts,
        r.visible,
        garbled=bool(r.language.garbled),
        tells=r.tells,
        describes=bool(r.describes),
    )
    if r.language.garbled:
        r = replace(r, verdicts={name: judges.of_garbled(name, v) for name, v in verdicts.items()})
    return replace(r, aftermath=label)
