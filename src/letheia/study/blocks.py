"""Answers and scores of an evaluation, block by block: what is stopped goes on at its block, and machines share them.

Blocks are the same whoever computes them, since the last digits of numbers depend on who shares a batch.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from letheia.clients.judges import asked_of
from letheia.config import StudyConfig
from letheia.files import fingerprint, read_jsonl, sha256, write_jsonl
from letheia.metrics.results import without_plain
from letheia.models.adapter import saved_adapter
from letheia.outside import scoring_code
from letheia.study import store
from letheia.study.plan import Query
from letheia.study.run import ask
from letheia.study.scoring import Scoring
from letheia.study.study import Study
from letheia.types import ORIGINAL, Generation, Score

BLOCK = 500
"""Answers of a block: at 7B about a minute of a GPU, which is as much as a killed process loses."""
Kind = Literal["answers", "scores"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some of the answers of a model, or their scores.

    Attributes:
        kind: Which of the two.
        model: What the model is called.
        key: What they depend on beside the study: the adapter, or all that scores rest on.
        number: Which block.
        count: How many blocks there are.
        size: Answers in a block.
    """

    kind: Kind
    model: str
    key: str
    number: int
    count: int
    size: int

    @property
    def whole(self) -> str:
        """The file of all blocks together, below the study's folder."""
        return f"{self.model}/{self.kind}-{self.key}.jsonl"

    @property
    def name(self) -> str:
        """Its place below the study's folder."""
        return f"{self.whole.removesuffix('.jsonl')}.blocks/{self.number:05}"

    def file(self, root: Path) -> Path:
        """Its file."""
        return root / f"{self.name}.jsonl"

    def is_done(self, root: Path) -> bool:
        """Whether it is there, by itself or with all the others."""
        return (root / self.whole).exists() or self.file(root).exists()

    def carry_out(self, root: Path, do: Callable[[Any, Path], None]) -> None:
        """Do it."""
        do(self, root)

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """Those of all items that the block is about."""
        return items[self.number * self.size : (self.number + 1) * self.size]


def blocks(kind: Kind, model: str, key: str, items: int) -> list[Block]:
    """All blocks of so many answers."""
    count = max(1, -(-items // BLOCK))
    return [Block(kind=kind, model=model, key=key, number=i, count=count, size=BLOCK) for i in range(count)]


def together(all_of_them: Sequence[Block], root: Path) -> Path:
    """The file with all blocks, which are done; they are removed."""
    whole = root / all_of_them[0].whole
    if not whole.exists():
        write_jsonl(whole, [row for block in all_of_them for row in read_jsonl(block.file(root))])
    shutil.rmtree(all_of_them[0].file(root).parent, ignore_errors=True)
    return whole


def answer_block(study: Study, block: Block, asked: Sequence[Query], adapter: Path | None) -> None:
    """Have the model answer a block of what is asked.

    Raises:
        CheckpointError: The adapter does not fit.
    """
    title = f"{block.model}: answers" + (f", block {block.number + 1} of {block.count}" if block.count > 1 else "")
    with saved_adapter(study.model, adapter):
        by = study.answered_by(block.model, block.key if adapter else "")
        given = ask(by, block.model, block.of(asked), title)
    write_jsonl(block.file(study.folder), [without_plain(asdict(a)) for a in given])


def score_block(scoring: Scoring, block: Block, answers: Sequence[Generation], root: Path) -> None:
    """Score a block of answers."""
    store.write_scores(block.file(root), scoring.score(block.of(answers)))


def keeps_scores(config: StudyConfig) -> bool:
    """Whether scores are kept: those of a judge elsewhere are not, since it may have failed to answer."""
    return asked_of(config.judge) is None


def score_blocks(config: StudyConfig, root: Path, name: str, answers: Path, original: Path) -> list[Block]:
    """The blocks of a model's scores; their key is made of all that scores rest on.

    Args:
        config: The study's settings.
        root: Its folder.
        name: What the model is called.
        answers: The file of its answers.
        original: That of the original's, which scores are measured against.
    """
    rests_on = [sha256(answers), sha256(original), config.scoring, *scoring_code(config.judge), store.version()]
    key = fingerprint(rests_on, digits=12)
    return blocks("scores", name, key, len(read_jsonl(answers)))


def scored(
    config: StudyConfig, root: Path, scoring: Callable[[], Scoring], files: dict[str, Path], name: str
) -> list[list[Score]]:
    """All scores of a model's answers; those that are there are taken up.

    Args:
        config: The study's settings.
        root: Its folder.
        scoring: Makes what scores, once something is to be scored.
        files: The file of answers by model.
        name: The model.
    """
    answers = store.read_answers(files[name])
    if not keeps_scores(config):
        return scoring().score(answers)
    parts = score_blocks(config, root, name, files[name], files[ORIGINAL])
    for block in parts:
        if not block.is_done(root):
            score_block(scoring(), block, answers, root)
    return [[Score(**score) for score in row] for row in read_jsonl(together(parts, root))]
