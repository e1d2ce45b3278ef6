"""Scores that need the original: what is language, and from which CLIPScore on a text describes a picture."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from letheia.metrics.language import Yardstick
from letheia.metrics.results import aftermaths, aggregate
from letheia.metrics.scorer import Scorer
from letheia.models.fluency import as_examples, garbled, yardstick
from letheia.models.model import Model
from letheia.prompts.prompt_set import PromptSet
from letheia.study.plan import apart
from letheia.study.study import Outcome
from letheia.study.verdict import verdict
from letheia.types import ORIGINAL, Generation, People, Score, Split, plain


@dataclass(frozen=True)
class Scoring:
    """A scorer with what was measured on the original.

    Attributes:
        model: The original: no adapter may be on.
        people: The folder.
        scorer: The scorer.
        prompts: The study's.
        by: What tells language from babble; none where too few texts are there.
    """

    model: Model
    people: People
    scorer: Scorer
    prompts: PromptSet
    by: Yardstick | None

    @staticmethod
    def on(
        model: Model, people: People, scorer: Scorer, prompts: PromptSet, original: Sequence[Generation]
    ) -> "Scoring":
        """Measure on the original's own answers to the study's question, whatever else it was asked."""
        original = plain(original)
        scorer = copy(scorer)  # draws of people share one, and each has a floor of its own
        scorer.find_floor(original)
        return Scoring(model, people, scorer, prompts, yardstick(model, people, original, prompts))

    @property
    def measured(self) -> dict[str, Any]:
        """What was measured, to be written down."""
        return {"language": self.by.to_dict() if self.by else None, "clip_floor": self.scorer.floor}

    def score(self, answers: Sequence[Generation]) -> list[list[Score]]:
        """All metrics of each answer."""
        return [scores for part in apart(answers) for scores in self._score(part)]

    def values(self, answers: Sequence[Generation]) -> list[dict[str, float | None]]:
        """The same as numbers, by metric."""
        return [{s.metric: s.value for s in scores} for scores in self.score(answers)]

    def _score(self, answers: Sequence[Generation]) -> list[list[Score]]:
        language = garbled(self.model, as_examples(self.people, answers), self.by, self.prompts)
        return self.scorer.score(answers, language=language)


def conclusion(
    scoring: Scoring,
    split: Split,
    answers: dict[str, list[Generation]],
    *,
    seed: int,
    score: Callable[[Scoring, str], list[list[Score]]] | None = None,
) -> tuple[Outcome, dict[str, list[list[Score]]]]:
    """What all answers come to, and each answer's scores by method; `score` scores one method's, if it is given."""
    scores = {name: score(scoring, name) if score else scoring.score(given) for name, given in answers.items()}
    rows = [
        row for name, given in answers.items() for row in aggregate(given, scores[name], n=len(split.forget), seed=seed)
    ]
    labels = {name: aftermaths(found) for name, found in scores.items()}
    values = {name: [{s.metric: s.value for s in row} for row in found] for name, found in scores.items()}
    verdicts = tuple(
        verdict(name, split, given, values[name], values[ORIGINAL])
        for name, given in answers.items()
        if name != ORIGINAL and split.forget
    )
    return Outcome(split, answers, rows, labels, scoring.measured, verdicts), scores
