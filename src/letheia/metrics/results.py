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
from letheia.types import PLAIN, Generation, Group, Role, Score

LABEL = "aftermath_"


@dataclass(frozen=True)
class Place:
    """Which numbers: of whom, on which pictures, by which metric, asked in which way."""

    people: Group
    pictures: Role
    metric: str
    asked: str = PLAIN

    @property
    def key(self) -> str:
        """As it stands in the file of a study."""
        return "/".join((self.people, self.pictures, self.metric, *([self.asked] if self.asked != PLAIN else [])))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of a study: a metric's mean over the answers of one method on one group of people and pictures.

    `reason` says why there is no mean, or no interval; empty where there are both. `asked` is the way of asking.
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
    asked: str = PLAIN

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.people, self.pictures, self.metric, self.asked)


def aggregate(generations: Sequence[Generation], scores: Sequence[Sequence[Score]], *, n: int, seed: int) -> list[Row]:
    """Average each metric over people, with intervals.

    Args:
        generations: Answers of one method.
        scores: All metrics of each answer.
        n: How many people were forgotten.
        seed: The study's seed.
    """
    groups: dict[tuple[str, str, Place], list[Score]] = {}
    for generation, answer_scores in zip(generations, scores, strict=True):
        for score in answer_scores:
            place = Place(generation.group, generation.role, score.metric, generation.asked)
            groups.setdefault((generation.model, generation.method, place), []).append(score)
    return [
        Row(model=model, method=method, n=n, seed=seed, **vars(place), **vars(_estimate(place.metric, found)))
        for (model, method, place), found in groups.items()
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
    write_json(path, as_values(rows))


def as_values(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as `results.json` has them."""
    return [without_plain(asdict(row)) for row in rows]


def without_plain(value: dict[str, Any]) -> dict[str, Any]:
    """An answer or a row as files have it: without the way of asking where it is plain."""
    return {k: v for k, v in value.items() if (k, v) != ("asked", PLAIN)}


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
