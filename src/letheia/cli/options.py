"""Options that several commands share, and what goes with them."""

import math
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from letheia.clients.endpoint import Endpoint, scrubbed
from letheia.errors import ConfigError, pick

if TYPE_CHECKING:
    from letheia.clients.chat import Call
    from letheia.config import StudyConfig
    from letheia.grid.work import Machines
    from letheia.study.study import Outcome, Study
    from letheia.types import Split

Adapters = Annotated[
    list[Path] | None,
    typer.Option("--adapter", help="Folder of an adapter; repeat for several.", exists=True, file_okay=False),
]
Replies = Annotated[Path, typer.Option(help="File for an LVLM judge's replies.")]
WithPictures = Annotated[bool, typer.Option("--with-pictures", help="Show people's pictures in the report.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Start although the plan needs more memory than is free.")]
Yes = Annotated[bool, typer.Option("--yes", help="Send people's data to a judge or expert elsewhere without asking.")]
DeviceMemory = Annotated[
    str | None,
    typer.Option("--device-memory", help="For --dry-run: memory of a device that is not there, such as 24GiB."),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="URL", help="A server of OpenAI's protocol that answers, such as vLLM: http://HOST:PORT/v1."
    ),
]
Served = Annotated[
    list[str] | None,
    typer.Option("--served", help="With --engine: name of a whole model there, such as a merged one; repeat."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and what it takes, and stop.")]

Force = Annotated[bool, typer.Option("--force", help="Train even if the model knows none of the people to forget.")]


Metrics = Annotated[
    list[str] | None, typer.Option("--metric", help="A metric of your own, as FILE.py:NAME; repeat for several.")
]

ExecutorName = Annotated[
    str, typer.Option("--executor", help="Who computes: local, this machine; or ray, a cluster (letheia[ray]).")
]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, help="Parts at once on a machine; each has its share of the cores.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", help="With --executor ray: HOST:PORT of a cluster to join; if left out, RAY_ADDRESS, else none."
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option("--gpus", min=0, help="With --executor ray: GPUs of each part; if left out, 1 where there are any."),
]


def machines(name: str, *, jobs: int = 1, address: str | None, gpus: float | None) -> "Machines":
    """Which machines a command's work is for.

    Raises:
        ConfigError: There is no such executor, or options do not go together.
    """
    from letheia.grid.executors import EXECUTORS
    from letheia.grid.on_ray import check_cluster
    from letheia.grid.work import Machines

    pick("executor", name, EXECUTORS)
    on = Machines(executor=name, jobs=jobs, address=address, gpus=gpus)
    if name == "ray":  # before anything large is read
        check_cluster(on)
    return on


Track = Annotated[
    str | None,
    typer.Option("--track", help="Tell the finished run to trackio, wandb or tensorboard; else nobody."),
]


def take_metrics(texts: list[str] | None) -> None:
    """Take up the metrics that a command names.

    Raises:
        ConfigError: There is no such metric, or it can't be used.
    """
    from letheia.metrics.own import metric_named

    for text in texts or ():
        metric_named(text)


def tell(notices: Iterable[str]) -> None:
    """Say on the terminal what a user should know; the run goes on."""
    for notice in notices:
        print(f"note: {notice}", file=sys.stderr)


AUTO = "auto"
UNITS = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6}


def rate_of(text: str | None) -> float:
    """A learning rate as it was given.

    Raises:
        ConfigError: It is no number above zero.
    """
    try:
        rate = float(text or "")
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise ConfigError(f"--learning-rate {text}: must be a number above zero, or 'auto' to find one.")
    return rate


def command_line() -> str:
    """The command as it was given, for the provenance; without passwords and keys."""
    return scrubbed("letheia " + " ".join(sys.argv[1:]))


def with_engine(
    study: "Study", url: str | None, adapters: Sequence[Path], served: Sequence[str], *, yes: bool
) -> "Study":
    """The study, with a server answering where one is named; what is sent to somebody else's is said first.

    Raises:
        ConfigError: It is no address, the user declines, or --served is given without one.
        LetheiaError: The server is not there, lacks a model, or would not put an adapter in.
    """
    if url is None:
        if served:
            raise ConfigError("--served: names a model of a server. Name the server with --engine.")
        return study
    endpoint = Endpoint(model=study.config.model, base_url=url)
    endpoint.check()
    if endpoint.third_party:
        _agreed(f"people's pictures and questions about them go to {endpoint.shown}", yes=yes)
    from letheia.presets.served import by_server

    study, notices = by_server(study, url, adapters, served)
    tell(notices)
    return study


def consent(endpoint: Endpoint | None, calls: "Sequence[Call]", *, yes: bool) -> None:
    """Say what is about to be sent to whom, and get a word on it. A server on this machine is nobody else.

    Args:
        endpoint: The judge or expert; none for a judge that is built in.
        calls: The questions.
        yes: Whether the user has said so already.

    Raises:
        ConfigError: The user declines, or there is no terminal to ask at.
    """
    from letheia.clients.chat import cost_estimate

    if not calls or endpoint is None or not endpoint.third_party:
        return
    photographs = " and photographs" if any(c.picture for c in calls) else ""
    cost = cost_estimate(calls, endpoint)
    _agreed(f"people's names, texts{photographs} go to {endpoint.model} at {endpoint.shown}: {cost}", yes=yes)


def _agreed(what: str, *, yes: bool) -> None:
    if yes:
        print(what, file=sys.stderr)
    elif not sys.stdin.isatty():
        raise ConfigError(f"{what}. Repeat the command with --yes if they may.")
    elif not typer.confirm(f"{what}. Send them?", err=True):
        raise ConfigError("nothing has been sent. Name a server on this machine (MODEL@http://127.0.0.1:…) or --yes.")


def tell_tracker(kind: str, study: "Study") -> None:
    """Tell a tracker of a finished run."""
    from letheia.report.model_card import settings_of
    from letheia.report.tracking import track

    track(kind, study.folder, {name: settings_of(study, name) for name in study.config.methods})
    print(f"Tracked: {kind}", file=sys.stderr)


def show_forecast(study: "Study", split: "Split", *, times: int | None = None, memory: int | None = None) -> None:
    """Print what a study with a planned model would do."""
    from letheia.study.forecast import forecast

    for line in forecast(study, split, times=times, memory=memory):
        print(line)


def bytes_of(text: str | None) -> int | None:
    """An amount of memory as it was given, in bytes.

    Raises:
        ConfigError: It is no amount of memory.

    >>> bytes_of("1.5 GiB"), bytes_of("24GB")
    (1610612736, 24000000000)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(GiB|GB|MiB|MB)", text.strip())
    if not found or not float(found[1]):
        raise ConfigError(f"--device-memory {text}: must be a size above zero, such as 24GiB.")
    return int(float(found[1]) * UNITS[found[2]])


def show_outcome(outcome: "Outcome", config: "StudyConfig") -> None:
    """Print a study's tables, what else there is to say, an example, and the verdicts by the settings' thresholds."""
    from rich.console import Console

    from letheia.audit.of_study import of_study
    from letheia.report.tables import run_tables
    from letheia.report.terminal import print_examples, print_table

    console = Console()
    for table in run_tables(outcome.rows):
        print_table(table, console, asked_by=outcome.split.asked_by)
    for line in (*outcome.verdicts, *outcome.notes):
        print(line)
    if outcome.split.forget:
        first = outcome.split.forget[0].name
        print_examples(outcome.answers, first, console, asked_by=outcome.split.asked_by)
    print()
    for found in outcome.verdicts:
        print(of_study(found, outcome.rows, config.verdict, config.scope))
    if outcome.verdicts:
        print("Only this question was tried; 'letheia audit' asks in other ways, and tampers with the weights.")


def show_pages(folder: Path) -> None:
    """Print where a run's pages and results lie."""
    from letheia.report.page import OPERATOR, SHARED

    print(f"To hand on: {folder / SHARED}   Operator's page: {folder / OPERATOR}")
    print(f"Results: {folder / 'results.json'}")
