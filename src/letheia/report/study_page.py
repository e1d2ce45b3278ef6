"""The page of a study: tables, plots, answers, provenance."""

import re
from functools import partial
from pathlib import Path

from letheia.errors import ConfigError
from letheia.grid.collected import Collected
from letheia.report import plots
from letheia.report.cases import Case, Shown, data_url, side_by_side
from letheia.report.formats import Sheet
from letheia.report.layouts import LAYOUTS
from letheia.report.page import Aftermaths, Face, Page, Part, aftermaths_of, write_page
from letheia.report.study_tables import SHEETS, main_count, study_table
from letheia.report.tables import Table, ordered
from letheia.types import Group, People, Role

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
    if hidden:  # a setting may name somebody
        head["command"] = re.sub(r"(--set[ =]).*?(?= --| && |$)", r"\1…", head.get("command", ""))
    runs, seeds = len(study.value["cells"]), len({c["seed"] for c in study.value["cells"]})
    fictional = (
        "The people are fictional and drawn, and the models are small; the paper's are real and have 7 billion "
        "weights. Directions can be compared, sizes can't."
    )
    page = Page(
        title="Letheia · study",
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
    )
    write_page(path, page)


def _part(study: Collected, model: str, people: People | None, *, hidden: bool) -> Part:
    n = main_count(study, model)
    drawn = (
        plots.study_privacy_plot(study, model, n),
        plots.count_plot(study, model),
        plots.training_plot(study, model, n),
    )
    became = [_aftermaths(study, model, n, *group, way) for way in study.ways for group in MEASURED]
    return Part(
        title=model,
        faces=_faces(study, model, n, people),
        told=f"Forgotten in the first draw, n = {n}; every draw forgets others.",
        tables=_tables(study, model, n),
        sheets=_sheets(study, model, without={"2", "4"} if hidden else {"2"}),
        figures=[svg for svg in drawn if svg],
        aftermaths=[a for a in became if any(a.shares.values())],
        cases=[] if hidden else _cases(study, model, people),
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
    return side_by_side(answers, people.portraits if people else {}, people.entities if people else ())


def _tables(study: Collected, model: str, main: int) -> list[Table]:
    """Every table that the study fills, for each way of asking; the first for other counts, too."""
    by_count = {layout.n for layout in LAYOUTS.values()}
    named = [(number, None) for number in LAYOUTS if not (number == "1" and main in by_count)]
    others = {n for n in study.counts if study.cells(model, n)} - {main, *by_count}
    found: list[Table] = []
    for way in study.ways:
        for number, n in [*named, *(("1", n) for n in sorted(others))]:
            try:
                found.append(study_table(study, number, model, n=n, asked=way))
            except ConfigError:  # no cells of that size, or nothing scored there
                continue
    return found


def _sheets(study: Collected, model: str, *, without: set[str]) -> list[Sheet]:
    """The tables of text. Table 2's answers stand beside pictures instead."""
    found: list[Sheet] = []
    for number in sorted(SHEETS.keys() - without):
        try:
            found.append(SHEETS[number](study, model))
        except ConfigError:  # no observation
            continue
    return found
