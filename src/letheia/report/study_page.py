"""A study as one HTML page without any request to a network: tables, plots, answers, provenance."""

from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from letheia.errors import ConfigError
from letheia.files import write_text
from letheia.grid.collected import Collected
from letheia.methods.table import METHODS
from letheia.report import plots
from letheia.report.formats import Sheet
from letheia.report.run_page import KINDS, TELLS, Case, Line, data_url
from letheia.report.study_tables import LAYOUTS, SHEETS, study_table, to_sheet
from letheia.report.tables import method_title
from letheia.types import ORIGINAL, People

MAIN = 10  # how many people are forgotten in the paper's main table


@dataclass(frozen=True)
class Face:
    """A person whom the shown draw forgets."""

    name: str
    picture: str


def write_study_report(path: Path, study: Collected, people: People | None = None) -> None:
    """Write the page.

    Args:
        path: The file.
        study: The study.
        people: The study's people folder. Without it the page of real people has neither names, pictures nor answers.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("letheia", "report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    count = {
        m: MAIN if study.cells(m, MAIN) else max(n for n in study.counts if study.cells(m, n)) for m in study.models
    }
    hidden = people is None and not study.of_world
    parts = [
        {
            "model": model,
            "n": n,
            "faces": _faces(study, model, n, people),
            "cases": [] if hidden else _cases(study, model, people),
            "sheets": _sheets(study, model, without={"2", "4"} if hidden else {"2"}),
            # drawn by matplotlib from numbers and our own words; it escapes text itself
            "plots": [
                Markup(svg)
                for svg in (
                    plots.study_privacy_plot(study, model, n),
                    plots.count_plot(study, model),
                    plots.aftermath_plot(study, model, n),
                    plots.training_plot(study, model, n),
                )
            ],
        }
        for model, n in count.items()
    ]
    head = {k: v for k, v in study.value.items() if k not in {"cells", "observation"}}
    if "settings" in head:  # whoever has the people's data could tell by its hash that they are in the study
        head["settings"] = {k: v for k, v in head["settings"].items() if k != "data"}
    seeds = {c["seed"] for c in study.value["cells"]}
    html = environment.get_template("study.html").render(
        parts=parts,
        head=head,
        study=study,
        asked_by="picture",
        seeds=len(seeds),
        kinds=KINDS,
        tells=TELLS,
        title=method_title,
    )
    write_text(path, html)


def _faces(study: Collected, model: str, n: int, people: People | None) -> list[Face]:
    """Whom the draw with the lowest seed forgets."""
    by_id = {e.id: e for e in people.entities} if people else {}
    first = min(study.cells(model, n), key=lambda cell: cell["seed"])
    shown = [by_id[i] for i in first.get("forget", ()) if i in by_id]
    return [Face(e.name, data_url(e.pictures("seen")[0].file)) for e in shown]


def _cases(study: Collected, model: str, people: People | None) -> list[Case]:
    """Every method's answer to the same pictures."""
    cell = study.with_examples(model)
    if cell is None:
        return []
    portraits = people.portraits if people else {}
    names = {e.id: e.name for e in people.entities} if people else {}
    order = [m for m in (ORIGINAL, *METHODS) if m in cell["examples"]]
    cases: list[Case] = []
    for i, (portrait, group, role, _) in enumerate(cell["examples"][order[0]]):
        shown = portraits.get(portrait)
        cases.append(
            Case(
                title=names.get(shown.entity, "A stranger") if shown else "",
                picture=data_url(shown.file) if shown and not shown.words else "",
                group=group,
                role=role,
                lines=tuple(Line(m, cell["examples"][m][i][3], "") for m in order),
            )
        )
    return cases


def _sheets(study: Collected, model: str, *, without: set[str]) -> list[Sheet]:
    """Every table that the study fills, in the paper's order. Table 2's answers stand beside pictures instead."""
    found: list[Sheet] = []
    for number in sorted({*LAYOUTS, *SHEETS} - without):
        try:
            found.append(
                SHEETS[number](study, model) if number in SHEETS else to_sheet(study_table(study, number, model))
            )
        except ConfigError:  # no cells of that size, no observation
            continue
    return found
