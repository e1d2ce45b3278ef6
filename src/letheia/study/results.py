"""From scores to the rows of `results.json`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from letheia.errors import DataError
from letheia.files import read_json, write_json
from letheia.metrics.aggregate import estimate
from letheia.types import Generation, Group, Role, Score


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of a study: a metric's mean over the answers of one method on one group of people and pictures."""

    model: str
    method: str
    n: int
    seed: int
    people: Group
    pictures: Role
    metric: str
    mean: float | None
    low: float | None
    high: float | None
    count: int
    unscored: int


def aggregate(generations: Sequence[Generation], scores: Sequence[Sequence[Score]], *, n: int, seed: int) -> list[Row]:
    """Average each metric over people, with intervals.

    Args:
        generations: Answers of one method.
        scores: All metrics of each answer.
        n: How many people were forgotten.
        seed: The study's seed.
    """
    groups: dict[tuple[str, str, Group, Role, str], list[tuple[str, float | None]]] = {}
    for generation, answer_scores in zip(generations, scores, strict=True):
        for score in answer_scores:
            key = (generation.model, generation.method, generation.group, generation.role, score.metric)
            # a stranger is on one picture only, so the picture stands for the person
            groups.setdefault(key, []).append((score.entity or score.portrait, score.value))
    return [
        Row(model=model, method=method, n=n, seed=seed, people=people, pictures=pictures, metric=metric, **vars(e))
        for (model, method, people, pictures, metric), values in groups.items()
        for e in [estimate(values)]
    ]


def write_results(path: Path, rows: Iterable[Row]) -> None:
    """Write `results.json`."""
    write_json(path, [asdict(row) for row in rows])


def read_results(path: Path) -> list[Row]:
    """Read `results.json`.

    Raises:
        DataError: It is missing, damaged or no list of rows.
    """
    values: Any = read_json(path)
    try:
        return [Row(**value) for value in values]
    except TypeError as error:
        raise DataError(f"{path}: not a results file ({error}). Run the study again.") from error
