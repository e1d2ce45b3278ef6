"""A study as values: what it needs, what all its jobs share, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.config import StudyConfig
from letheia.engines.base import Engine
from letheia.metrics.results import Row
from letheia.metrics.scorer import Scorer
from letheia.models.model import Model
from letheia.progress import Bars
from letheia.reference import Faults
from letheia.study.checks import reference_faults
from letheia.study.plan import Query
from letheia.study.verdict import Verdict
from letheia.types import Generation, People, Split


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study with everything it needs, passed in.

    Attributes:
        config: The settings.
        people: The people folder.
        model: The base model, which is trained and measured.
        engine: Answers questions with the model, adapter on or off as it is.
        scorer: Scores answers.
        rates: Learning rate by method where the settings have none.
        folder: Where everything is kept.
        bars: Where progress is shown.
    """

    config: StudyConfig
    people: People
    model: Model
    engine: Engine
    scorer: Scorer
    rates: Mapping[str, float]
    folder: Path
    bars: Bars

    @property
    def question(self) -> str:
        """What is asked in training and evaluation."""
        return self.config.prompts.question

    @property
    def faults(self) -> Faults:
        """What is wrong with an o*, where these are checked."""
        return reference_faults(self.model, self.people, self.scorer, prompts=self.config.prompts)


@dataclass(frozen=True)
class Prepared:
    """What all jobs of a study share: who is who, and what is asked."""

    split: Split
    asked: list[Query]


@dataclass(frozen=True)
class Outcome:
    """What a study found.

    Attributes:
        split: Who was forgotten and who retained.
        answers: All answers by method.
        rows: All numbers.
        labels: The aftermath of each answer, by method.
        measured: What scores rest on that was measured on the original.
        verdicts: Whether each method did what was asked, by the answers to the study's own question.
        notes: What else there is to say: who was not known before, and who is no longer.
    """

    split: Split
    answers: dict[str, list[Generation]]
    rows: list[Row]
    labels: dict[str, list[str]]
    measured: dict[str, Any]
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
