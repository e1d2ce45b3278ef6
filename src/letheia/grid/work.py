"""What can be computed apart from everything else, and where: a process, here or elsewhere, is given a part of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from letheia.config import LoadConfig
from letheia.errors import ConfigError


class Work(Protocol):
    """A part of something large: a value that can be pickled; its results are files below the whole's folder."""

    @property
    def name(self) -> str:
        """Its folder below the whole's: no other part writes into it."""
        ...

    def is_done(self, root: Path) -> bool:
        """Whether its results are there."""
        ...

    def carry_out(self, root: Path, do: Callable[[Any, Path], None]) -> None:
        """Do it, and write down that it is done."""
        ...


def no_memory(gpu: bool) -> int:
    """Of a part whose memory nobody has forecast."""
    return 0


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Who computes, and what each part of the work may take.

    Attributes:
        executor: A row of `EXECUTORS`.
        jobs: Parts at once on a machine; each has its share of the processor's cores.
        address: Of a cluster to join; a machine of its own if left out.
        gpus: GPUs of each part; if left out, one where the cluster has any.
        memory: Bytes of a machine's memory that a part takes, told whether its model lies on a GPU; asked only by
            executors that share memory out.
    """

    executor: str = "local"
    jobs: int = 1
    address: str | None = None
    gpus: float | None = None
    memory: Callable[[bool], int] = no_memory

    def __post_init__(self) -> None:
        """Whether they fit together.

        Raises:
            ConfigError: A cluster is named, and this machine alone computes.
        """
        for name, value in (("--address", self.address), ("--gpus", self.gpus)):
            if value is not None and self.executor == "local":
                raise ConfigError(f"{name}: is for a cluster, and this machine alone computes. Add --executor ray.")


HERE = Machines()
"""This process alone."""


def placed(on: Machines, load: LoadConfig, memory: Callable[[bool], int]) -> Machines:
    """The machines, with what a part takes by its settings.

    Args:
        on: The machines.
        load: How the parts load their model.
        memory: As `Machines.memory`.

    Raises:
        ConfigError: The settings name one of several GPUs, which a cluster hands out itself.
    """
    if on.executor == "local":
        return on
    device = load.device or ""
    if ":" in device and device != "cuda:0":
        raise ConfigError(f"--device {device}: a cluster says which GPU a part gets. Leave --device out, or say cuda.")
    gpus = 0.0 if device == "cpu" else 1.0 if device and on.gpus is None else on.gpus
    return replace(on, gpus=gpus, memory=memory)
