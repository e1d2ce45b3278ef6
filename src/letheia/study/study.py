"""A study as values: what it needs, what all its jobs share, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from letheia.config import StudyConfig
from letheia.engines.base import Engine
from letheia.engines.openai import ServerEngine
from letheia.engines.table import engine_for
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
    def elsewhere(self) -> list[str]:
        """Where answers come from if not from this process: part of what tells a folder's content from another's."""
        return [self.engine.endpoint.place] if isinstance(self.engine, ServerEngine) else []

    @property
    def here(self) -> "Study":
        """The study with the model in this process answering, whose weights may be changed."""
        return replace(self, engine=engine_for(self.model)) if self.elsewhere else self

    def answered_by(self, name: str, version: str = "") -> "Study":
        """The study with a server's model of that name answering; a model in this process answers as it is.

        Args:
            name: The original's or an adapter's name.
            version: Fingerprint of the adapter's files.
        """
        engine = self.engine
        return replace(self, engine=engine.serving(name, version)) if isinstance(engine, ServerEngine) else self

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
