"""What every ready-made study does: plans, says what there is to do, asks a judge, runs, observes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from letheia.clients.chat import Call
from letheia.clients.endpoint import Endpoint
from letheia.data.folder import read_people
from letheia.grid.grid import Cell
from letheia.grid.work import HERE, Machines
from letheia.progress import Bars
from letheia.types import People


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a ready-made study is run; what it consists of are the values that it is planned with.

    Attributes:
        output: Folder for everything the run leaves.
        people: A people folder, for presets that have none of their own.
        judge: The judge, with its address's password if it has one; the preset's if left out.
        on: Which machines compute the cells.
        anyway: Start although the plan needs more memory than is free.
        planned: Nothing is run, so that what only a model's files tell is left out of the plan.
        device_memory: Bytes of the device that is planned for; what this machine's has if left out.
    """

    output: Path
    people: Path | None = None
    judge: str | None = None
    on: Machines = HERE
    anyway: bool = False
    planned: bool = False
    device_memory: int | None = None

    @cached_property
    def everybody(self) -> People | None:
        """The people folder's content.

        Raises:
            DataError: Something in the folder is wrong.
        """
        return read_people(self.people) if self.people else None


class Preset(Protocol):
    """A ready-made study."""

    @property
    def people_kind(self) -> str:
        """Whose people they are: `FICTIONAL` where everybody may see them, else `UNKNOWN`."""
        ...

    def plan(self, values: Mapping[str, Any], options: RunOptions) -> list[Cell]:
        """The cells; `values` are fields of `GridConfig` and of cells that differ from the preset's.

        Raises:
            ConfigError: A field has an impossible value, or people are missing or too few.
        """
        ...

    def forecast(self, cells: Sequence[Cell], options: RunOptions) -> Iterator[str]:
        """What there is to do, line by line, without weights."""
        ...

    def judge_calls(self, cells: Sequence[Cell], options: RunOptions) -> tuple[Endpoint | None, list[Call]]:
        """Who judges, and what about."""
        ...

    def run(self, cells: Sequence[Cell], options: RunOptions, *, bars: Bars) -> None:
        """Do every cell that is not done yet."""
        ...

    def observe(self, cells: Sequence[Cell], options: RunOptions) -> dict[str, Any]:
        """Appendix A by the name of the base model."""
        ...

    def weights(self, models: Sequence[str]) -> list[Path]:
        """The files whose hashes are kept."""
        ...
