"""The search for learning rates: on a 1-2-5 grid, the smallest rate that unlearns, else the best."""

from dataclasses import asdict, dataclass, replace

from letheia.files import write_json
from letheia.study.plan import plan_job
from letheia.study.results import Row
from letheia.study.run import Study, do_job, prepare, score

GRID = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3)
ENOUGH = 0.95


@dataclass(frozen=True)
class Trial:
    """One method at one rate.

    Attributes:
        method: The method.
        rate: The learning rate.
        usr: USR on seen pictures, which decides.
        usr_strict: The same where degenerate answers do not count.
        attributes: Share of attributes right on seen pictures of forgotten people.
        retained_named: Share of retained people still named on unseen pictures.
        chosen: Whether this is the method's rate.
    """

    method: str
    rate: float
    usr: float
    usr_strict: float
    attributes: float
    retained_named: float
    chosen: bool = False


def search(study: Study) -> list[Trial]:
    """Try rates from the smallest up, until each method unlearns on seen pictures.

    Args:
        study: A study on people that are used for nothing else.
    """
    prepared = prepare(study)
    trials: list[Trial] = []
    for name in study.config.methods:
        found: list[Trial] = []
        for rate in GRID:
            job = plan_job(study.config, name, rate, name=f"{name}-{rate:.0e}")
            found.append(_trial(name, rate, score(study, job.name, do_job(study, job, prepared))))
            if found[-1].usr >= ENOUGH:
                break
        best = choose(found)
        trials += [replace(t, chosen=t is best) for t in found]
    write_json(study.folder / "rates.json", [asdict(t) for t in trials])
    return trials


def choose(trials: list[Trial]) -> Trial:
    """The smallest rate with enough USR; if there is none, the largest USR, and of equals the smallest rate."""
    enough = [t for t in trials if t.usr >= ENOUGH]
    return min(enough, key=lambda t: t.rate) if enough else max(trials, key=lambda t: (t.usr, -t.rate))


def _trial(name: str, rate: float, rows: list[Row]) -> Trial:
    mean = {(r.people, r.pictures, r.metric): r.mean or 0.0 for r in rows}
    return Trial(
        method=name,
        rate=rate,
        usr=mean["forget", "seen", "usr"],
        usr_strict=mean["forget", "seen", "usr_strict"],
        attributes=mean["forget", "seen", "attributes"],
        retained_named=mean["retain", "unseen", "named"],
    )
