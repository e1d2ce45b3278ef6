"""From scores to the rows of `results.json`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from letheia.errors import DataError
from letheia.files import read_json, write_json
from letheia.metrics.aggregate import Estimate, estimate
from letheia.metrics.table import METRICS
from letheia.types import Generation, Group, Role, Score

LABEL = "aftermath_"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of a study: a metric's mean over the answers of one method on one group of people and pictures.

    `reason` says why there is no mean, or no interval; empty where there are both.
    """

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
    reason: str = ""


def aggregate(generations: Sequence[Generation], scores: Sequence[Sequence[Score]], *, n: int, seed: int) -> list[Row]:
    """Average each metric over people, with intervals.

    Args:
        generations: Answers of one method.
        scores: All metrics of each answer.
        n: How many people were forgotten.
        seed: The study's seed.
    """
    groups: dict[tuple[str, str, Group, Role, str], list[Score]] = {}
    for generation, answer_scores in zip(generations, scores, strict=True):
        for score in answer_scores:
            key = (generation.model, generation.method, generation.group, generation.role, score.metric)
            groups.setdefault(key, []).append(score)
    return [
        Row(model=model, method=method, n=n, seed=seed, people=people, pictures=pictures, metric=metric, **vars(e))
        for (model, method, people, pictures, metric), found in groups.items()
        for e in [_estimate(metric, found)]
    ]


def _estimate(metric: str, scores: Sequence[Score]) -> Estimate:
    """The mean, and where there is none the reason that most answers have."""
    row = METRICS[metric]
    # a stranger is on one picture only, so the picture stands for the person
    found = estimate(((s.entity or s.portrait, s.value) for s in scores), share=row.share, bounds=row.bounds)
    if found.mean is not None:
        return found
    (reason, _), *_ = Counter(s.reason for s in scores).most_common(1)
    return replace(found, reason=reason)


def aftermaths(scores: Sequence[Sequence[Score]]) -> list[str]:
    """The aftermath of each answer, by its scores."""
    return [next(s.metric.removeprefix(LABEL) for s in row if s.metric.startswith(LABEL) and s.value) for row in scores]


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
