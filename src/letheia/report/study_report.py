"""A study as one HTML page without any request to a network: tables, plots, answers, provenance."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from letheia.errors import ConfigError
from letheia.files import write_text
from letheia.report import plots
from letheia.report.sheets import Sheet
from letheia.report.study_tables import LAYOUTS, SHEETS, study_table, to_sheet
from letheia.study.collected import Collected

MAIN = 10  # how many people are forgotten in the paper's main table


def write_study_report(path: Path, study: Collected) -> None:
    """Write the page.

    Args:
        path: The file.
        study: The study.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("letheia", "report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    n = MAIN if MAIN in study.counts else study.counts[-1]
    parts = [
        {
            "model": model,
            "sheets": _sheets(study, model),
            # drawn by matplotlib from numbers and our own words; it escapes text itself
            "plots": [
                Markup(svg)
                for svg in (
                    plots.privacy_plot(study, model, n),
                    plots.count_plot(study, model),
                    plots.aftermath_plot(study, model, n),
                    plots.training_plot(study, model, n),
                )
            ],
        }
        for model in study.models
    ]
    head = {k: v for k, v in study.value.items() if k not in {"cells", "observation"}}
    seeds = {c["seed"] for c in study.value["cells"]}
    html = environment.get_template("study.html").render(parts=parts, head=head, study=study, seeds=len(seeds))
    write_text(path, html)


def _sheets(study: Collected, model: str) -> list[Sheet]:
    """Every table that the study fills, the paper's in its order."""
    found: list[Sheet] = []
    for number in sorted({*LAYOUTS, *SHEETS}):
        try:
            found.append(
                SHEETS[number](study, model) if number in SHEETS else to_sheet(study_table(study, number, model))
            )
        except ConfigError:  # no cells of that size, no observation
            continue
    return found
