"""The paper's tables from a whole study, with intervals, what is best beyond doubt, and the paper's own numbers."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from letheia.errors import ConfigError, unknown
from letheia.grid.collected import Collected
from letheia.metrics.aggregate import bootstrap_interval
from letheia.metrics.observation import SETS
from letheia.metrics.results import Place, Row
from letheia.metrics.table import METRICS
from letheia.report.formats import Sheet
from letheia.report.layouts import layout
from letheia.report.paper_numbers import PAPERS, paper_number, paper_tables
from letheia.report.tables import Table, lay_out, method_title, ordered
from letheia.types import ORIGINAL, PLAIN

MAIN = 10  # how many people are forgotten in the paper's main table


def main_count(study: Collected, model: str) -> int:
    """How many people a study's main table forgets: as many as the paper's, else the most that there are."""
    counts = [n for n in study.counts if study.cells(model, n)]
    return MAIN if MAIN in counts else max(counts, default=MAIN)


def study_table(study: Collected, number: str, model: str, *, n: int | None = None, asked: str = PLAIN) -> Table:
    """One of the paper's tables for one base model.

    Args:
        study: The study.
        number: A key of `LAYOUTS`.
        model: The base model.
        n: How many people are forgotten; the table's own count, else the study's main one, if left out.
        asked: The way of asking.

    Raises:
        ConfigError: There is no such table or way of asking, or the study has no such cells or nothing to fill it.
    """
    plan = layout(number)
    if asked not in study.ways:
        raise unknown("way of asking", asked, study.ways)
    n = n or plan.n or main_count(study, model)
    if not study.cells(model, n):
        raise ConfigError(f"table {number}: the study has no finished cell of {model} with n = {n}.")
    table = lay_out(
        number,
        partial(study.row, model, n),
        methods=study.methods,
        n=n,
        asked=asked,
        model=model,
        best=partial(_best, study, model, n),
        paper=partial(paper_number, plan.paper.get(n, ""), model),
    )
    if not table.columns:
        raise ConfigError(f"table {number}: the study of {model} with n = {n} has no number that stands in it.")
    return table


def _best(study: Collected, model: str, n: int, place: Place, rows: Mapping[str, Row | None]) -> str | None:
    """The method with the best mean, if its paired difference from every other one excludes zero."""
    better = METRICS[place.metric].better
    means = {m: r.mean for m, r in rows.items() if m != ORIGINAL and r and r.mean is not None}
    if better == "none" or len(means) < 2:
        return None
    first = (max if better == "high" else min)(means, key=lambda m: means[m])
    for other in means.keys() - {first}:
        interval = study.difference(model, n, (first, other), place)
        if interval is None or (interval[0] <= 0 if better == "high" else interval[1] >= 0):
            return None
    return first


def observation_sheet(study: Collected, model: str) -> Sheet:
    """Table 5: what answers about recognised and unrecognised people consist of, and the paper's numbers.

    Raises:
        ConfigError: The study has no observation.
    """
    found = _observation(study, model)
    rows = [
        (name, *(_observed(found[s][name], paper_tables()["5"][s][name] if model in PAPERS else None) for s in SETS))
        for name in paper_tables()["5"][SETS[0]]
    ]
    return Sheet(f"Table 5 · Recognised and unrecognised people · {model}", ("Metric", *SETS), tuple(rows))


def _observed(values: Sequence[float | None], paper: float | None) -> str:
    there = [v for v in values if v is not None]
    beside = "" if paper is None else f" ({paper:g})"
    if not there:
        return f"–{beside}"
    low, high = bootstrap_interval(there)
    return f"{fmean(there):.2f} [{low:.2f}, {high:.2f}]{beside}"


def observed_answers(study: Collected, model: str) -> Sheet:
    """Table 4: an answer about a recognised and about an unrecognised person.

    Raises:
        ConfigError: The study has no observation.
    """
    found = _observation(study, model)
    rows = [(s, *found[s]["example"]) for s in SETS if found[s]["example"]]
    return Sheet(f"Table 4 · Answers of the original · {model}", ("Set", "Picture", "Answer"), tuple(rows))


def _observation(study: Collected, model: str) -> Mapping[str, Any]:
    found = study.value.get("observation", {}).get(model)
    if found is None:
        raise ConfigError(f"the study has no observation of {model}. 'letheia run world/study' makes it.")
    return found


def example_answers(study: Collected, model: str) -> Sheet:
    """Table 2: what every method answers to the same pictures."""
    cell = study.with_examples(model)
    if cell is None:
        raise ConfigError(f"the study keeps no answers of {model}.")
    order = ordered(list(cell["examples"]))
    pictures = range(len(cell["examples"][order[0]]))
    rows = [
        (f"{group}, {role}", method_title(m), answer)
        for i in pictures
        for m in order
        for _, group, role, answer in [cell["examples"][m][i]]
    ]
    return Sheet(f"Table 2 · Answers, n = {cell['n']} · {model}", ("Picture", "Method", "Answer"), tuple(rows))


def rate_sheet(study: Collected, model: str) -> Sheet:
    """Table 6: each method's learning rate in the study, and the paper's.

    Raises:
        ConfigError: The study keeps no rates.
    """
    paper = {method: rate for of, method, rate in paper_tables()["6"] if of == PAPERS.get(model)}
    rates = {m: rate for c in study.value["cells"] if c["model"] == model for m, rate in c.get("rates", {}).items()}
    if not rates:
        raise ConfigError(f"the study keeps no learning rates of {model}.")
    order = ordered(list(rates))
    rows = [(method_title(m), f"{rates[m]:g}", f"{paper[m]:g}" if m in paper else "–") for m in order]
    return Sheet(f"Table 6 · Learning rates · {model}", ("Method", "Here", "Paper"), tuple(rows))


SHEETS: Mapping[str, Callable[[Collected, str], Sheet]] = {
    "2": example_answers,
    "4": observed_answers,
    "5": observation_sheet,
    "6": rate_sheet,
}
