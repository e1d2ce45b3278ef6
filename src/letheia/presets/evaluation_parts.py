"""An evaluation in parts, for other machines: answers and scores block by block.

Blocks lie where an evaluation in one process leaves them, so that it takes them up, whoever computed them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from letheia.clients.judges import open_judge
from letheia.config import StudyConfig
from letheia.data.wordings import people_for
from letheia.files import fingerprint, holding
from letheia.grid.executors import compute
from letheia.grid.work import Machines, placed
from letheia.progress import Bars, Silent
from letheia.study import store
from letheia.study.blocks import Block, answer_block, keeps_scores, score_block, score_blocks, together
from letheia.study.budget import machine_bytes
from letheia.study.build import evaluation_split, plain_study
from letheia.study.evaluate import all_asked, answer_blocks, begin_evaluation
from letheia.study.plan import Query, in_neither
from letheia.study.run import find_bystanders
from letheia.study.scoring import Scoring
from letheia.study.study import Study
from letheia.types import ORIGINAL, Generation, Split

PROBED = "probe-others.jsonl"


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What is evaluated, as it was asked for: another process makes the same of it.

    Attributes:
        values: Fields of the configuration that differ from the model's own.
        people: The people folder.
        output: The evaluation's folder.
        forget: Names of people who should be forgotten.
        adapters: Folder by name.
    """

    values: Mapping[str, Any]
    people: Path
    output: Path
    forget: tuple[str, ...]
    adapters: Mapping[str, Path]

    def opened(self, *, bars: Bars, planned: bool = False) -> "Opened":
        """The study, with weights or without; its key is the same."""
        config = StudyConfig.check(self.values)
        folder = people_for(self.people, config)
        name = config.judge if keeps_scores(config) else "none"
        with open_judge(name, self.output, self.output) as judge:  # one that asks nobody has nothing to close
            values = dict(self.values)
            study = plain_study(values, folder, self.output, judge=judge, bars=bars, planned=planned, keyed=True)
        return Opened(study, evaluation_split(study, self.forget))


@dataclass(frozen=True)
class Opened:
    """An evaluation's study in this process, and what its parts share."""

    study: Study
    split: Split

    @cached_property
    def asked(self) -> list[Query]:
        """Everything that each model is asked."""
        return all_asked(self.study, self.split)

    @cached_property
    def answer_files(self) -> dict[str, list[Generation]]:
        """Answers by file, as they have been read."""
        return {}

    def answers(self, file: Path) -> list[Generation]:
        """The answers in a file."""
        key = str(file)
        if key not in self.answer_files:
            self.answer_files[key] = store.read_answers(file)
        return self.answer_files[key]

    @cached_property
    def scoring(self) -> Scoring:
        """What scores, measured on the original's answers, which are there."""
        s = self.study
        original = self.answers(s.folder / answer_blocks({}, len(self.asked))[ORIGINAL][0].whole)
        return Scoring.on(s.model, s.people, s.scorer, s.config.prompts, original)


@dataclass(frozen=True)
class EvaluationPart:
    """A block; none for the question whom the original knows beside those that are evaluated.

    Attributes:
        request: What is evaluated.
        block: The block.
        answers: The file of the answers that a block of scores is about, below the evaluation's folder.
    """

    request: EvaluationRequest
    block: Block | None = None
    answers: str = ""

    @property
    def name(self) -> str:
        """The block's, or the file's."""
        return self.block.name if self.block else PROBED.removesuffix(".jsonl")

    def is_done(self, root: Path) -> bool:
        """Whether its file is there."""
        return self.block.is_done(root) if self.block else (root / PROBED).exists()

    def carry_out(self, root: Path, do: Any) -> None:
        """Do it."""
        do(self, root)


_opened: dict[str, Opened] = {}
"""The evaluation that this process has open: one block after the other is of the same."""


def evaluate_part(part: EvaluationPart, root: Path) -> None:
    """Do a part, in a process that loads the model once."""
    key = fingerprint(vars(part.request))
    if key not in _opened:
        _opened.clear()
        _opened[key] = part.request.opened(bars=Silent())
    here, block = _opened[key], part.block
    if block is None:
        find_bystanders(here.study, here.split)
    elif block.kind == "answers":
        answer_block(here.study, block, here.asked, part.request.adapters.get(block.model))
    else:
        score_block(here.scoring, block, here.answers(root / part.answers), root)


def compute_evaluation(request: EvaluationRequest, *, on: Machines, bars: Bars) -> None:
    """Have every block done that is not done yet, on many machines; the evaluation itself then takes all of them up.

    Raises:
        CheckpointError: The folder belongs to another evaluation, or an adapter does not fit.
        ConfigError: No machine can do it.
        OutputError: Another process works in the folder.
    """
    here = request.opened(bars=bars, planned=True)
    study, split = here.study, here.split
    root = study.folder
    on = placed(on, study.config.load, lambda gpu: machine_bytes(study, split, gpu=gpu))
    with holding(root):
        begin_evaluation(study, split)
        if study.config.bystanders and in_neither(study.people, (*split.forget, *split.retain)):
            compute([EvaluationPart(request)], root, evaluate_part, title="who else is known", on=on, bars=bars)
        answers = answer_blocks(request.adapters, len(here.asked))
        parts = [EvaluationPart(request, block) for blocks in answers.values() for block in blocks]
        compute(parts, root, evaluate_part, title="blocks of answers", on=on, bars=bars)
        files = {name: together(blocks, root) for name, blocks in answers.items()}
        if not keeps_scores(study.config):  # a judge elsewhere is asked from this machine
            return
        parts = [
            EvaluationPart(request, block, str(file.relative_to(root)))
            for name, file in files.items()
            for block in score_blocks(study.config, root, name, file, files[ORIGINAL])
        ]
        compute(parts, root, evaluate_part, title="blocks of scores", on=on, bars=bars)
