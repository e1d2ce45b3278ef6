"""What tests of executors compute, as functions that another process imports; without torch where it is not needed."""

import os
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from letheia.errors import DataError

BEGUN = "begun.txt"


@dataclass(frozen=True)
class Part:
    """Something small to do: a line in a file."""

    name: str

    def is_done(self, root):
        return (root / self.name / "done").exists()

    def carry_out(self, root, do):
        do(self, root)
        (root / self.name / "done").touch()


def note(part, root):
    with (root / BEGUN).open("a") as file:
        file.write(f"{part.name}\n")
    if part.name == "wrong":
        raise DataError("people/entities.jsonl:3: no name. Add it.")
    first = root / part.name / "first"
    first.parent.mkdir(exist_ok=True)
    if part.name == "killed" or (part.name == "once" and not first.exists()):
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def study_cell(cell, root, *, people):
    """A cell as studies do it; which process is at it is written down, so that a test can end that."""
    with (root / BEGUN).open("a") as file:
        file.write(f"{cell.name} {os.getppid()}\n")
    from letheia.metrics.scorer import Scorer
    from letheia.progress import Silent
    from letheia.study.build import build
    from letheia.study.run import run_study

    everybody, model = _opened(cell.config.model, people)
    run_study(build(cell.config, everybody, model, Scorer(everybody), folder=root / cell.name, bars=Silent()))


@cache
def _opened(checkpoint: str, people: Path):
    from letheia.data.folder import read_people
    from letheia.models.loading import load_model

    return read_people(people), load_model(checkpoint)
