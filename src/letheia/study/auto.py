"""A learning rate for a removal, found by trying: the smallest that forgets everybody and keeps the others.

What is tried is the removal itself, on the people it is about, and judged by its own answers (`study/verdict.py`): up
while somebody is still identified, down as long as nobody is, then between the two. The adapter of the rate that is
taken is the removal's; it is not trained again.
"""

import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from letheia.files import write_json
from letheia.study import store
from letheia.study.plan import plan_job, rate_for
from letheia.study.run import do_job, original_answers, prepare, scoring_of
from letheia.study.scoring import Scoring
from letheia.study.study import Prepared, Study
from letheia.study.verdict import Verdict, verdict

STEP = 3.0
CLOSE = 1.5  # rates nearer than this factor are not told apart
TRIED = "rates.json"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A removal at one rate."""

    rate: float
    verdict: Verdict


def next_rate(trials: Sequence[Trial], start: float) -> float | None:
    """The next rate to try; none where the smallest that forgets is known closely enough.

    >>> next_rate([], 1e-4)
    0.0001
    """
    if not trials:
        return start
    silent = [t.rate for t in trials if not t.verdict.identified]
    if not silent:
        return _rounded(max(t.rate for t in trials) * STEP)
    high = min(silent)
    telling = [t.rate for t in trials if t.rate < high]
    if not telling:
        return _rounded(high / STEP)
    low = max(telling)
    between = _rounded(math.sqrt(low * high))
    return between if high / low > CLOSE and low < between < high else None


def best(trials: Sequence[Trial], least: float) -> Trial:
    """The smallest rate that holds; if there is none, the one that forgets most, and of equals keeps most."""
    holding = [t for t in trials if t.verdict.holds(least)]
    if holding:
        return min(holding, key=lambda t: t.rate)
    return max(trials, key=lambda t: (t.verdict.gone, t.verdict.still, -t.rate))


def with_found_rates(study: Study, *, budget: int, least: float) -> Study:
    """The same study with a rate for each method that was found by trying; what was tried before is taken up.

    Args:
        study: What `removal_study` made.
        budget: Trainings a method at most.
        least: Share of the kept people who must still be kept.

    Raises:
        CheckpointError: The folder belongs to another run.
    """
    tries = Tries.of(study)
    rates = {**study.rates, **study.config.rates}
    tried: dict[str, list[Trial]] = {}
    for method in study.config.methods:
        trials: list[Trial] = []
        start = rate_for(method, rates, study.config)
        while len(trials) < budget and (rate := next_rate(trials, start)):
            trials.append(Trial(rate=rate, verdict=tries.at(method, rate)))
        rates[method] = best(trials, least).rate
        _take(study, method, rates[method])
        tried[method] = sorted(trials, key=lambda t: t.rate)
        write_json(
            study.folder / TRIED,
            {
                name: [{**asdict(t.verdict), "rate": t.rate, "chosen": t.rate == rates[name]} for t in found]
                for name, found in tried.items()
            },
        )
    train = study.config.train.model_copy(update={"learning_rate": None})  # one for all methods would go before those
    return replace(study, config=study.config.model_copy(update={"rates": rates, "train": train}))


@dataclass(frozen=True)
class Tries:
    """A removal to be tried at several rates, with what is the same at each: the original is scored once.

    Attributes:
        study: The study.
        prepared: Who is who, and what is asked.
        scoring: Measured on the original.
        before: The original's scores.
    """

    study: Study
    prepared: Prepared
    scoring: Scoring
    before: list[dict[str, float | None]]

    @staticmethod
    def of(study: Study) -> "Tries":
        """Prepare a study, and ask and score the original.

        Raises:
            CheckpointError: The folder belongs to another run.
        """
        prepared = prepare(study)
        original = original_answers(study, prepared.asked)
        scoring = scoring_of(study, original)
        return Tries(study, prepared, scoring, scoring.values(original))

    def at(self, method: str, rate: float) -> Verdict:
        """Do the removal at a rate, or take it up, and judge it."""
        job = plan_job(self.study.config, method, rate, name=_name(method, rate))
        answers = do_job(self.study, job, self.prepared)
        return verdict(f"{method} at {rate:g}", self.prepared.split, answers, self.scoring.values(answers), self.before)


def _take(study: Study, method: str, rate: float) -> None:
    """Make the adapter that was tried the method's own; the job of a rate is the same whatever it is called."""
    tried, own = study.folder / _name(method, rate), study.folder / method
    shutil.copytree(tried, own, dirs_exist_ok=True)
    answers = store.read_answers(tried / "answers.jsonl")
    store.write_answers(own / "answers.jsonl", [replace(a, method=method) for a in answers])


def _name(method: str, rate: float) -> str:
    return f"tried/{method}-{rate:g}"


def _rounded(rate: float) -> float:
    return float(f"{rate:.1e}")
