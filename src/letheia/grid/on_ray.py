"""What a Ray cluster computes: each part a task with declared resources; what a lost node took is done again.

Every machine sees the same folders, so results lie where they would lie if this machine had computed alone, and nobody
who reads them knows who did. All that travels is the part itself, and back comes nothing but errors.
"""

import importlib
import importlib.metadata
import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.errors import ConfigError, LetheiaError, OutputError, first_line
from letheia.files import holding, write_text
from letheia.grid.work import Machines, Work
from letheia.outside import Named, named_here
from letheia.progress import Bars

TRIES = 4
"""How often a part is begun whose process or node is killed."""
TICK = 10.0
"""Seconds after which it is looked whether nodes are left that can do what is waiting."""
PATIENCE = 5.0
"""Seconds in which a cluster must answer."""
TOKEN = "RAY_AUTH_MODE", "token"
"""Without it, whoever reaches the ports of a Ray that is started here could run code. Read when Ray is imported."""
GIB = 2**30


@dataclass(frozen=True)
class Wants:
    """What each part takes: cores, GPUs, and bytes of a machine's memory."""

    cpus: int
    gpus: float
    memory: int

    def fit(self, node: dict[str, Any]) -> bool:
        """Whether a node of the cluster could ever do a part."""
        there = node["Resources"]
        needed = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return node["Alive"] and all(there.get(name, 0) >= count for name, count in needed.items())

    def __str__(self) -> str:
        """In words."""
        gpus = f", {self.gpus:g} GPU" if self.gpus else ""
        return f"{self.cpus} CPU{gpus}, {self.memory / GIB:.1f} GiB"


@dataclass(frozen=True)
class Place:
    """What a process on another machine must find there.

    Attributes:
        root: Folder of the whole.
        folder: Where this process works: relative paths are relative to it.
        token: Name of a file in `root` that tells this file system from another with the same folders.
        version: Letheia's.
        named: What has come from outside the package here.
        wants: What this process may take.
    """

    root: Path
    folder: Path
    token: str
    version: str
    named: Named
    wants: Wants

    def enter(self) -> None:
        """Begin to work there.

        Raises:
            ConfigError: The node has other files, or another version.
        """
        host = socket.gethostname()
        if importlib.metadata.version("letheia") != self.version:
            raise ConfigError(f"node {host}: has another version of letheia than {self.version}. Install the same.")
        if not (self.root / self.token).exists() or not self.folder.is_dir():
            raise ConfigError(
                f"node {host}: does not see {self.root} as this machine does. Choose an --output, and a folder to "
                "work in, on a file system that all nodes share."
            )
        os.chdir(self.folder)
        if not self.wants.gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self.named.take_up()  # Ray has set OMP_NUM_THREADS to the part's cores


def run_on_ray(
    works: Sequence[Any],
    root: Path,
    do: Callable[[Any, Path], None],
    *,
    title: str = "cells of the study",
    on: Machines,
    bars: Bars,
) -> None:
    """Do what is not done yet on a Ray cluster (`Executor`): one that is there, else one on this machine alone."""
    left = [work for work in works if not work.is_done(root)]
    root = root.absolute()
    with bars.bar(title, len(works)) as advance:
        advance(len(works) - len(left), "")
        if not left:
            return
        with _connected(on), _marked(root) as token:
            wants = _wants(on)
            version = importlib.metadata.version("letheia")
            place = Place(root, Path.cwd(), token, version, named_here(), wants)
            for work, note in _finished(left, do, place):
                advance(int(not note), note or work.name)


def _finished(left: Sequence[Work], do: Callable[[Any, Path], None], place: Place) -> Iterator[tuple[Work, str]]:
    """Each part as soon as it is done; with a note where it has to be begun again."""
    import ray

    wants = place.wants
    task: Any = ray.remote(_carry_out).options(
        num_cpus=wants.cpus, num_gpus=wants.gpus, memory=wants.memory, max_retries=0
    )
    function = ray.put(do)
    running = {task.remote(work, function, place): (work, 1) for work in left}
    while running:
        ended, _ = ray.wait(list(running), num_returns=1, timeout=TICK)
        if not ended:
            _check_nodes(wants, OutputError)
        for one in ended:
            work, tries = running.pop(one)
            lost = _lost(one)
            if lost is None:
                yield work, ""
            elif tries < TRIES:
                running[task.remote(work, function, place)] = (work, tries + 1)
                yield work, f"{work.name} again: {lost}"
            else:
                raise OutputError(
                    f"{work.name}: was killed {TRIES} times, the last time by this: {lost}. What is done is kept: run "
                    "the same command again with fewer --jobs, or on nodes with more memory."
                )


def _lost(one: Any) -> str | None:
    """Why a part's process is gone; nothing where the part is done.

    Raises:
        LetheiaError: The part can't be done.
    """
    import ray
    from ray import exceptions

    try:
        ray.get(one)
    except exceptions.RayTaskError as error:
        if isinstance(error.cause, LetheiaError):
            raise error.cause from None
        raise
    except (exceptions.WorkerCrashedError, exceptions.NodeDiedError):
        return "its process or node was lost"
    except exceptions.OutOfMemoryError:
        return "its node was out of memory"
    return None


def _carry_out(work: Work, do: Callable[[Any, Path], None], place: Place) -> None:
    """In a process of the cluster: one part. Where a lost node's process is still at it, this one waits for its end."""
    place.enter()
    with holding(place.root / work.name, beside=True, wait=True):
        if not work.is_done(place.root):
            work.carry_out(place.root, do)


def _wants(on: Machines) -> Wants:
    """What a part takes of the machines that are there.

    Raises:
        ConfigError: No node has as much.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = float(any(node.get("GPU") for node in nodes)) if on.gpus is None else on.gpus
    cores = [int(node["CPU"]) for node in nodes if node.get("CPU")]
    cpus = 1 if gpus else max(1, min(cores, default=1) // on.jobs)
    wants = Wants(cpus, gpus, on.memory(bool(gpus)))
    _check_nodes(wants, ConfigError)
    return wants


def _check_nodes(wants: Wants, kind: type[LetheiaError]) -> None:
    """Whether a node is there that can do a part.

    Raises:
        LetheiaError: None is, of this kind.
    """
    import ray

    nodes = ray.nodes()
    if any(map(wants.fit, nodes)):
        return
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    there = "; ".join(str(Wants(int(n.get("CPU", 0)), n.get("GPU", 0), int(n.get("memory", 0)))) for n in alive)
    raise kind(
        f"no node of the cluster has what a part takes ({wants}); there are {len(alive)}: {there}. Start one that has "
        "it (ray start --address …), or take less: --gpus, --device cpu, --recompute. What is done is kept."
    )


@contextmanager
def _marked(root: Path) -> Iterator[str]:
    """A file in the folder by which other machines know that they see the same."""
    token = f".cluster.{secrets.token_hex(4)}.partial"
    write_text(root / token, "")
    try:
        yield token
    finally:
        (root / token).unlink(missing_ok=True)


@contextmanager
def _connected(on: Machines) -> Iterator[None]:
    """In a cluster: the one that is named, by `on` or RAY_ADDRESS; else one that is started for this block.

    Nothing is sent to Ray's makers, there is no dashboard, and one that is started here asks for a token.

    Raises:
        ConfigError: Ray is not installed, or nobody answers at the address.
    """
    address = check_cluster(on)
    import ray
    from ray.exceptions import RayError

    if ray.is_initialized():  # by whoever uses the library
        yield
        return
    if not address:
        os.environ.setdefault(*TOKEN)  # Ray was imported without it: then it does not start, rather than without one
    alone: dict[str, Any] = {} if address else {"include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **alone)
    except (OSError, RuntimeError, ValueError, AssertionError, RayError) as error:
        where = f"--address {address}: can't be joined" if address else "Ray can't be started"
        raise ConfigError(
            f"{where} ({first_line(error)}). The command must run on a node of the cluster ('ray start --address "
            "HOST:PORT' makes one), with the same versions of Python and Ray; where the cluster asks for a token, with "
            "RAY_AUTH_MODE=token and the same ~/.ray/auth_token."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def check_cluster(on: Machines) -> str | None:
    """Whether Ray is there and somebody answers at the address that is named; that address.

    Raises:
        ConfigError: One of them is not.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray starts
    address = on.address or os.environ.get("RAY_ADDRESS")
    if not address and "ray" not in sys.modules:
        os.environ.setdefault(*TOKEN)
    try:
        importlib.import_module("ray")
    except ImportError:
        raise ConfigError("--executor ray: Ray is not installed. pip install 'letheia[ray]' brings it.") from None
    if address:
        _check_answers(address)
    return address


def _check_answers(address: str) -> None:
    """Whether somebody answers at the address of a cluster.

    Raises:
        ConfigError: Nobody does, or it is no such address.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise ConfigError(f"--address {address}: is no HOST:PORT, such as 10.0.0.1:6379, nor 'auto'.")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"--address {address}: nobody answers there ({first_line(error)}). 'ray start --head' on one machine "
            "starts a cluster and prints its address; leave --address out to use this machine alone."
        ) from error
