"""The search for learning rates: on a 1-2-5 grid, the smallest rate that unlearns, else the best.

One draw of people says little (the same rate gave GA a USR of .3 or 1, by who was drawn): USR is the mean of several.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

from letheia.files import write_json
from letheia.methods.rates import GRID
from letheia.metrics.results import Row
from letheia.study.plan import plan_job
from letheia.study.run import do_job, original_answers, prepare, score, scoring_of
from letheia.study.study import Study
from letheia.types import PLAIN

ENOUGH = 0.95


@dataclass(frozen=True)
class Trial:
    """One method at one rate, means over the draws of people.

    Attributes:
        method: The method.
        rate: The learning rate.
        usr: USR on seen pictures, which decides.
        usr_each: USR of each draw.
        usr_strict: The same where degenerate answers do not count.
        attributes: Share of attributes right on seen pictures of forgotten people.
        retained_named: Share of retained people still named on unseen pictures.
        unseen_strict: USR strict on unseen pictures.
        unseen_attributes: Share of attributes right there.
        retained_right: Share of retained people still named with right facts on unseen pictures.
        strangers_named: Share of strangers who are given a name.
        strangers_attributes: Share of strangers' attributes right.
        chosen: Whether this is the method's rate.
    """

    method: str
    rate: float
    usr: float
    usr_each: tuple[float, ...]
    usr_strict: float
    attributes: float
    retained_named: float
    unseen_strict: float
    unseen_attributes: float
    retained_right: float
    strangers_named: float
    strangers_attributes: float
    chosen: bool = False


def search(studies: Sequence[Study], file: Path, *, rates: Sequence[float] = GRID, every: bool = False) -> list[Trial]:
    """Try rates from the smallest up, until each method unlearns on seen pictures.

    Args:
        studies: The same study with several draws of people, who are used for nothing else.
        file: Where the trials are written.
        rates: The rates, in ascending order.
        every: Go on past the first rate that unlearns, to see what a method does at the others.
    """
    prepared = [prepare(study) for study in studies]
    scorings = [scoring_of(s, original_answers(s, ready.asked)) for s, ready in zip(studies, prepared, strict=True)]
    trials: list[Trial] = []
    for name in studies[0].config.methods:
        found: list[Trial] = []
        for rate in rates:
            rows: list[list[Row]] = []
            for study, ready, by in zip(studies, prepared, scorings, strict=True):
                job = plan_job(study.config, name, rate, name=f"{name}-{rate:g}")
                rows.append(score(study, job.name, do_job(study, job, ready), by))
            found.append(_trial(name, rate, rows))
            if found[-1].usr >= ENOUGH and not every:
                break
        best = choose(found)
        trials += [replace(t, chosen=t is best) for t in found]
        write_json(file, [asdict(t) for t in trials])
    return trials


def choose(trials: list[Trial]) -> Trial:
    """The smallest rate with enough USR; if there is none, the largest USR, and of equals the smallest rate."""
    enough = [t for t in trials if t.usr >= ENOUGH]
    return min(enough, key=lambda t: t.rate) if enough else max(trials, key=lambda t: (t.usr, -t.rate))


def _trial(name: str, rate: float, rows: Sequence[Sequence[Row]]) -> Trial:
    values = [{(r.people, r.pictures, r.metric): r.mean or 0.0 for r in draw if r.asked == PLAIN} for draw in rows]
    usr = tuple(v["forget", "seen", "usr"] for v in values)
    means = {key: mean(v[key] for v in values) for key in values[0]}
    return Trial(
        method=name,
        rate=rate,
        usr=mean(usr),
        usr_each=usr,
        usr_strict=means["forget", "seen", "usr_strict"],
        attributes=means["forget", "seen", "attributes"],
        retained_named=means["retain", "unseen", "named"],
        unseen_strict=means["forget", "unseen", "usr_strict"],
        unseen_attributes=means["forget", "unseen", "attributes"],
        retained_right=means["retain", "unseen", "named_right"],
        strangers_named=means["stranger", "stranger", "named"],
        strangers_attributes=means["stranger", "stranger", "attributes"],
    )
