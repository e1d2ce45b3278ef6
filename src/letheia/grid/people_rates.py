"""The search for learning rates on any model and people folder: the smallest that forgets everybody and keeps the rest.

People whom the original knows are drawn to be forgotten, several times over, and all others are kept. Which ones is
written down, as a rate that suits some need not suit others.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from letheia.config import StudyConfig, merged
from letheia.data.split import draw_split
from letheia.data.wordings import people_for
from letheia.errors import DataError
from letheia.files import write_json
from letheia.methods.rates import FACTORS
from letheia.progress import Bars
from letheia.study.auto import Tries
from letheia.study.build import removal_study
from letheia.study.plan import rate_for
from letheia.study.run import prepare, probe
from letheia.study.study import Study
from letheia.study.verdict import Verdict
from letheia.types import Split


@dataclass(frozen=True, kw_only=True)
class PeopleTrial:
    """One method at one rate.

    Attributes:
        method: The method.
        rate: The learning rate.
        verdicts: What it did in each draw of people.
        chosen: Whether this is the method's rate.
    """

    method: str
    rate: float
    verdicts: tuple[Verdict, ...]
    chosen: bool = False

    @property
    def gone(self) -> float:
        """Share of the people to be forgotten who are, over the draws."""
        return mean(v.gone for v in self.verdicts)

    @property
    def still(self) -> float:
        """Share of the people to be kept who are."""
        return mean(v.still for v in self.verdicts)

    def holds(self, least: float) -> bool:
        """Whether everybody is forgotten in all draws, and enough of the others kept."""
        return all(v.holds(least) for v in self.verdicts)


def search_people(
    values: dict[str, Any],
    folder: Path,
    output: Path,
    *,
    n: int,
    draws: int,
    rates: Sequence[float] = (),
    least: float,
    every: bool = False,
    bars: Bars,
) -> tuple[list[Split], list[PeopleTrial]]:
    """Try rates from the smallest up, until each method forgets everybody and keeps enough of the others.

    Args:
        values: Fields of the configuration that differ from the model's own; `methods` must be there.
        folder: The people folder.
        output: Where everything is kept; the trials in `rates.json`.
        n: People to forget in each draw.
        draws: Draws of people.
        rates: The rates; around the one that the model starts with if left out.
        least: Share of the kept people who must still be kept.
        every: Go on past the first rate that holds.
        bars: Where progress is shown.

    Raises:
        DataError: The model knows too few people of the folder.
        CheckpointError: The output folder belongs to another search.
    """
    values = merged({"bystanders": 0}, values)  # a rate is chosen by those whom it forgets and keeps
    people = people_for(folder, StudyConfig.check(values))
    if rates:  # a method without a rate of its own can be searched too
        values = merged({"rates": dict.fromkeys(values["methods"], min(rates))}, values)
    able = tuple(e for e in people.entities if e.trainable)
    if len(able) <= n:
        raise DataError(
            f"{folder}: {len(able)} people have what a removal needs; {n} to forget and one to keep are too many. "
            "See 'letheia people check'."
        )
    first = removal_study(values, people, Split(forget=able[:n], retain=able[n:]), output / "probe", bars=bars)
    prepare(first)
    known = {e.id for e in probe(first).known} & {e.id for e in able}
    if len(known) < n:
        raise DataError(f"{first.model.name} knows {len(known)} people of {folder}; there are none to forget.")
    splits = [_draw(able, known, n, seed) for seed in range(draws)]
    draws_of_people = [Tries.of(_study(first, split, seed, output)) for seed, split in enumerate(splits)]
    trials: list[PeopleTrial] = []
    for method in first.config.methods:
        found: list[PeopleTrial] = []
        for rate in sorted(rates) or _around(rate_for(method, first.rates, first.config)):
            verdicts = tuple(tries.at(method, rate) for tries in draws_of_people)
            found.append(PeopleTrial(method=method, rate=rate, verdicts=verdicts))
            if found[-1].holds(least) and not every:
                break
        best = choose(found, least)
        trials += [replace(t, chosen=t is best) for t in found]
        write_json(
            output / "rates.json",
            {
                "forgotten": [[e.id for e in split.forget] for split in splits],
                "trials": [{**asdict(t), "gone": t.gone, "still": t.still} for t in trials],
            },
        )
    return splits, trials


def choose(trials: Sequence[PeopleTrial], least: float) -> PeopleTrial:
    """The smallest rate that holds; if there is none, the one that forgets most, and of equals keeps most."""
    holding = [t for t in trials if t.holds(least)]
    return min(holding, key=lambda t: t.rate) if holding else max(trials, key=lambda t: (t.gone, t.still, -t.rate))


def _around(start: float) -> list[float]:
    return [float(f"{start * factor:.2g}") for factor in FACTORS]


def _draw(able: Sequence[Any], known: set[str], n: int, seed: int) -> Split:
    forget = draw_split([e for e in able if e.id in known], people=n, n=n, seed=seed).forget
    gone = {e.id for e in forget}
    return Split(forget=forget, retain=tuple(e for e in able if e.id not in gone))


def _study(first: Study, split: Split, seed: int, output: Path) -> Study:
    config = first.config.model_copy(update={"forget": tuple(e.id for e in split.forget), "seed": seed})
    return replace(first, config=config, folder=output / f"draw-{seed}")
