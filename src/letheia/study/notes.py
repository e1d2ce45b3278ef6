"""What a reader must know beside the numbers: answers at the length limit, and o* that were replaced."""

from letheia.files import read_json
from letheia.reference import tally
from letheia.study import store
from letheia.study.study import Outcome, Study
from letheia.types import PLAIN, References


def notes(study: Study, outcome: Outcome) -> list[str]:
    """Sentences for the terminal, the report and the provenance; none where all is as it should be."""
    limit = study.config.max_new_tokens
    found: list[str] = []
    for name, answers in outcome.answers.items():
        for way in dict.fromkeys(a.asked for a in answers):
            given = [a for a in answers if a.asked == way]
            if cut := sum(not a.finished for a in given):
                what = "answers" if way == PLAIN else f"answers, asked {way},"
                found.append(f"{name}: {cut} of {len(given)} {what} reached the limit of {limit} tokens.")
    tried = study.folder / "rates.json"
    for method, trials in (read_json(tried) if tried.exists() else {}).items():
        rates = ", ".join(f"{t['rate']:g}{' (taken)' if t['chosen'] else ''}" for t in trials)
        found.append(f"{method}: learning rates tried: {rates}. It was chosen by these same answers, which flatter it.")
    for file in (store.UNCHECKED, store.CHECKED):
        path = study.folder / file
        if path.exists():
            found += _about(store.read_references(path), limit)
    return found


def _about(references: References, limit: int) -> list[str]:
    """What became of o*."""
    t = tally(references)
    found: list[str] = []
    if t.cut:
        found.append(
            f"o*: {t.cut} of {t.count} reached the limit of {limit} tokens; they are trained without an end token."
        )
    if t.again:
        reasons = ", ".join(f"{fault} {number}" for fault, number in t.faults.items())
        found.append(
            f"o*: {t.again} of {t.count} failed the check and were drawn again ({sum(t.faults.values())} draws failed: "
            f"{reasons}); for {t.replaced} every draw failed, and a fixed text or another draw stands in."
        )
    return found
