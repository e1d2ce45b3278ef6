"""The page of a study: tables, plots, answers, provenance."""

from functools import partial
from pathlib import Path

from letheia.errors import ConfigError
from letheia.grid.collected import Collected
from letheia.report import plots
from letheia.report.cases import Case, Shown, data_url, shown_first, side_by_side
from letheia.report.drawing import PRIVACY_TOLD
from letheia.report.glance import glance
from letheia.report.grids import Grid, grid_of_glance, grid_of_sheet, grids_of
from letheia.report.layouts import LAYOUTS
from letheia.report.page import Aftermaths, Drawing, Face, Page, Part, aftermaths_of, write_page
from letheia.report.study_tables import SHEETS, main_count, study_table
from letheia.report.tables import ABLATED, Table, ordered
from letheia.types import Group, People, Role, counted

MEASURED: tuple[tuple[Group, Role], ...] = (
    ("forget", "unseen"), ("retain", "unseen"), ("bystander", "unseen"), ("stranger", "stranger")
)  # fmt: skip


def write_study_report(path: Path, study: Collected, people: People | None = None) -> None:
    """Write the page.

    Args:
        path: The file.
        study: The study.
        people: The study's people folder. Without it the page of real people has neither names, pictures nor answers.
    """
    hidden = people is None and not study.of_world
    head = {k: v for k, v in study.value.items() if k not in {"cells", "observation"}}
    secret = {"data", *(("candidates", "forget", "prompts") if hidden else ())}
    if "settings" in head:  # whoever has the people's data could tell by its hash that they are in the study
        head["settings"] = {k: v for k, v in head["settings"].items() if k not in secret}
    if hidden:  # a setting or a folder may name somebody
        head.pop("command", None)
    runs, seeds = len(study.value["cells"]), len({c["seed"] for c in study.value["cells"]})
    fictional = (
        "The people are fictional and drawn, and the models are small; the paper's are real and have 7 billion "
        "weights. Directions can be compared, sizes can't."
    )
    page = Page(
        kind="Study",
        heading=f"{runs} runs: {', '.join(study.models)}; {', '.join(map(str, study.counts))} people forgotten; "
        f"{seeds} draws of people",
        lead=(
            "Below a number: its 95 % interval over draws and people, and the paper's number, where it has one. "
            "Bold: better than every other method beyond doubt, person by person.",
        ),
        aside=(fictional,) if study.of_world else (),
        parts=[_part(study, model, people, hidden=hidden) for model in study.models],
        asked_by="picture",
        interval="over draws and people",
        changed_by="other people and draws would change them, not other models",
        settings=(head,),
        shared=hidden,
    )
    write_page(path, page)


def _part(study: Collected, model: str, people: People | None, *, hidden: bool) -> Part:
    n = main_count(study, model)
    drawn = {
        plots.study_privacy_plot(study, model, n): PRIVACY_TOLD,
        plots.count_plot(study, model): "Curves: each metric by how many people are forgotten.",
        plots.training_plot(study, model, n): "Curves: each term of each method's loss by step of training.",
    }
    became = [_aftermaths(study, model, n, *group, way) for way in study.ways for group in MEASURED]
    cases = [] if hidden else _cases(study, model, people)
    return Part(
        title=model,
        faces=_faces(study, model, n, people),
        told=f"Forgotten in the first draw, n = {n}; every draw forgets others.",
        before=shown_first(cases),
        glance=grid_of_glance(glance(partial(study.row, model, n), study.methods), counted(n)),
        grids=_grids(study, model, n, without={"2", "4"} if hidden else {"2"}),
        figures=[Drawing(svg, told) for svg, told in drawn.items() if svg],
        aftermaths=[a for a in became if a.shares],
        cases=cases,
    )


def _faces(study: Collected, model: str, n: int, people: People | None) -> list[Face]:
    """Whom the draw with the lowest seed forgets."""
    by_id = {e.id: e for e in people.entities} if people else {}
    first = min(study.cells(model, n), key=lambda cell: cell["seed"])
    shown = [by_id[i] for i in first.get("forget", ()) if i in by_id]
    return [Face(e.name, data_url(e.pictures("seen")[0].file)) for e in shown]


def _aftermaths(study: Collected, model: str, n: int, group: Group, role: Role, asked: str) -> Aftermaths:
    return aftermaths_of(partial(study.row, model, n), study.methods, group, role, asked=asked)


def _cases(study: Collected, model: str, people: People | None) -> list[Case]:
    """Every method's answer to the same pictures."""
    cell = study.with_examples(model)
    if cell is None:
        return []
    answers = {m: [Shown(*example) for example in cell["examples"][m]] for m in ordered(list(cell["examples"]))}
    return side_by_side(answers, people)


def _grids(study: Collected, model: str, main: int, *, without: set[str]) -> list[Grid]:
    """Every table that the study fills in the paper's order, then those of ours; Table 2 stands beside pictures."""
    found: list[tuple[str, list[Grid]]] = [
        (table.number, grids_of(table, asked_by="picture", interval="over draws and people"))
        for table in _tables(study, model, main)
    ]
    for number in sorted(SHEETS.keys() - without):
        try:
            found.append((number, [grid_of_sheet(SHEETS[number](study, model))]))
        except ConfigError:  # no observation
            continue
    found.sort(key=lambda both: both[0] if both[0].isdigit() else "ours")
    return [grid for _, grids in found for grid in grids if grid.rows]


def _tables(study: Collected, model: str, main: int) -> list[Table]:
    """Every table that the study fills, for each way of asking; the first for other counts, too."""
    by_count = {layout.n for layout in LAYOUTS.values()}
    named = [
        (number, None)
        for number in LAYOUTS
        if not (number == "1" and main in by_count) and (number != "9" or set(study.methods) >= ABLATED)
    ]
    others = {n for n in study.counts if study.cells(model, n)} - {main, *by_count}
    found: list[Table] = []
    for way in study.ways:
        for number, n in [*named, *(("1", n) for n in sorted(others))]:
            try:
                found.append(study_table(study, number, model, n=n, asked=way))
            except ConfigError:  # no cells of that size, or nothing scored there
                continue
    return found
