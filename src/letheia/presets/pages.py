"""A study's page, with its people where somebody may see them: the built-in world's, or a folder's that is named."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from letheia.data.folder import read_people
from letheia.grid.collected import read_collected, together
from letheia.report.study_page import write_study_report
from letheia.world.make import make_people
from letheia.world.people import make_world


def write_page(sources: Sequence[Path], output: Path, people: Path | None = None) -> bool:
    """Write the page of a study: tables with intervals, plots, answers.

    Args:
        sources: Folders or files of a study; several have the same people.
        output: The HTML file.
        people: The study's people folder, whose names and pictures are to be shown.

    Returns:
        Whether people are shown: those of the folder, or the built-in world's, who are nobody.

    Raises:
        DataError: A source or the people folder is damaged, or the sources can't stand in one table.
    """
    study = together([read_collected(source) for source in sources])
    with tempfile.TemporaryDirectory() as drawn:
        shown = read_people(people) if people else None
        if shown is None and study.of_world:  # drawn again in seconds
            shown = make_people(make_world(), Path(drawn) / "people")
        write_study_report(output, study, shown)
    return shown is not None
