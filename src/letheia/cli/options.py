"""Options that several commands share, and what goes with them."""

import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from letheia.clients.endpoint import Endpoint, scrubbed
from letheia.errors import ConfigError

if TYPE_CHECKING:
    from letheia.clients.chat import Call
    from letheia.metrics.thresholds import Thresholds
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
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and what it takes, and stop.")]

Force = Annotated[bool, typer.Option("--force", help="Train even if the model knows none of the people to forget.")]


Metrics = Annotated[
    list[str] | None, typer.Option("--metric", help="A metric of your own, as FILE.py:NAME; repeat for several.")
]


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
    what = f"people's names, texts{photographs} go to {endpoint.model} at {endpoint.shown}: {cost}"
    if yes:
        print(what, file=sys.stderr)
    elif not sys.stdin.isatty():
        raise ConfigError(f"{what}. Repeat the command with --yes if they may.")
    elif not typer.confirm(f"{what}. Send them?", err=True):
        raise ConfigError("nothing has been sent. Name a server on this machine (MODEL@http://127.0.0.1:…) or --yes.")


def tell_tracker(kind: str, study: "Study") -> None:
    """Tell a tracker of a finished run."""
    from letheia.report.deliver import settings_of
    from letheia.report.tracking import track

    track(kind, study.folder, {name: settings_of(study, name) for name in study.config.methods})
    print(f"Tracked: {kind}", file=sys.stderr)


def show_forecast(study: "Study", split: "Split", *, times: int | None = None) -> None:
    """Print what a study with a planned model would do."""
    from letheia.study.forecast import forecast

    for line in forecast(study, split, times=times):
        print(line)


def show_outcome(outcome: "Outcome", by: "Thresholds") -> None:
    """Print a study's tables, what else there is to say, an example, and the verdicts by these thresholds."""
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
        print(of_study(found, outcome.rows, by))
    if outcome.verdicts:
        print("Only this question was tried; 'letheia audit' asks in other ways, and tampers with the weights.")
