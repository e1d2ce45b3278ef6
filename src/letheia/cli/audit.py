"""The command that audits a removal, and what the commands that remove people need to audit theirs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from letheia.cli.options import (
    Adapters,
    Address,
    DryRun,
    Engine,
    ExecutorName,
    Gpus,
    Jobs,
    Served,
    Yes,
    machines,
    tell,
    with_engine,
)
from letheia.cli.settings import LOAD, Given, configured
from letheia.config import merged
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError, pick

if TYPE_CHECKING:
    from letheia.audit.base import Check
    from letheia.audit.results import Audit
    from letheia.study.study import Study
    from letheia.types import Split

Attacks = Annotated[
    list[str] | None, typer.Option("--attack", help="An attack of your own, as FILE.py:NAME; repeat for several.")
]
Quick = Annotated[bool, typer.Option("--quick", help="A dozen checks, fewer people.")]
Required = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        help="Exit with 3 unless every verdict is: removed, tried (removed for the questions "
        "tried), unharmed, useful; repeat for several.",
    ),
]
FAILED = 3
"""Exit code of a command that ran, and whose result is not what was required; 2 is a wrong command or file."""
Audited = Annotated[bool, typer.Option("--audit", help="Audit the result: other questions, and more.")]
GoldFolder = Annotated[
    Path | None,
    typer.Option(
        "--gold", help="Never taught the people to forget: a checkpoint, or what 'letheia gold' made.", file_okay=False
    ),
]


@configured("model", "forget", "scope", "seed", "max_new_tokens", "prompts", *LOAD)
def audit(
    given: Given,
    people: Annotated[Path, typer.Option(help="The people folder.")],
    output: Annotated[Path, typer.Option(help="Folder for findings and audit.json.")],
    adapters: Adapters = None,
    retain: Annotated[
        list[str] | None,
        typer.Option(help="Name or id of a person to keep; repeat for several; everybody else if left out."),
    ] = None,
    split: Annotated[
        Path | None, typer.Option(help="A run's split.json, in place of --forget and --retain.", dir_okay=False)
    ] = None,
    gold: GoldFolder = None,
    n_pictures: Annotated[int, typer.Option("--n-pictures", min=1, help="Pictures a person.")] = 2,
    n_others: Annotated[
        int, typer.Option("--n-others", min=1, help="Retained people, bystanders and strangers, at most of each.")
    ] = 20,
    only: Annotated[list[str] | None, typer.Option(help="Name of a check; repeat for several.")] = None,
    attacks: Attacks = None,
    access: Annotated[str, typer.Option(help="What an attacker has at most: black, grey or white.")] = "white",
    quick: Quick = False,
    required: Required = None,
    engine: Engine = None,
    served: Served = None,
    yes: Yes = False,
    jobs: Jobs = 1,
    executor: ExecutorName = "local",
    address: Address = None,
    gpus: Gpus = None,
    dry_run: DryRun = False,
) -> None:
    """Ask a model in many ways whether people are gone: what still leaks, and what others have lost."""
    on = machines(executor, jobs=jobs, address=address, gpus=gpus)
    if jobs > 1 and executor == "local":
        raise ConfigError("--jobs: an audit on one machine is one process. Leave it out, or add --executor ray.")
    if engine and executor != "local":
        raise ConfigError("--engine: one server answers, so there is nothing to spread. Leave --executor out.")
    if not given.config.forget and split is None:  # before a folder is read
        raise ConfigError("nobody to ask about. Name people with --forget, or give a run's split.json as --split.")
    if split and (given.config.forget or retain):
        raise ConfigError("--split: says who is forgotten and retained. Leave --forget and --retain out.")
    if not (adapters or served):
        raise ConfigError("no adapter to audit. Name its folder with --adapter.")
    own = own_attacks(attacks)
    from letheia.audit.verdict import REQUIRED
    from letheia.data.wordings import people_for
    from letheia.metrics.names import find

    folder = people_for(people, given.config)
    for name in (*given.config.forget, *(retain or ())):  # before weights are loaded
        find(folder, name)
    checks = chosen_checks(only, own, access=access, quick=quick)
    for word in required or ():
        pick("verdict to require", word, REQUIRED)
    from letheia.audit.forecast import forecast
    from letheia.audit.subjects import Size
    from letheia.presets.audit import SMALL, audit_adapters, audit_split
    from letheia.study.build import plain_study

    size = SMALL if quick else Size(n_pictures, n_others)
    if executor != "local" and not dry_run:
        from letheia.presets.audit_parts import AuditRequest, compute_audit
        from letheia.study.evaluate import adapter_names

        request = AuditRequest(
            values=given.values,
            people=people,
            output=output,
            forget=given.config.forget,
            retain=tuple(retain or ()),
            split=split,
            adapters=adapter_names(adapters or []),
            gold=gold,
            size=size,
        )
        compute_audit(request, checks, on=on, bars=TerminalBars(make_console()))
    values = merged(given.values, {"clip": None})
    study = plain_study(values, folder, output, bars=TerminalBars(make_console()), planned=dry_run)
    who = audit_split(study, given.config.forget, split, retain or [])
    if dry_run:
        models = 1 + len(adapters or []) + len(served or []) + bool(gold)
        for line in forecast(study, who, checks, models=models, size=size):
            print(line)
        return
    study = with_engine(study, engine, adapters or [], served or [], yes=yes)
    found = audit_adapters(study, who, adapters or [], checks, gold=gold, size=size, served=served or [])
    show_audit(found, output, required)


def check_flags(*, audit: bool, quick: bool, gold: Path | None = None, as_json: bool = False) -> None:
    """Whether a command that may audit can do what it is told.

    Raises:
        ConfigError: It can't.
    """
    if quick and not audit:
        raise ConfigError("--quick: makes an audit shorter, and there is none. Add --audit.")
    if gold and not audit:
        raise ConfigError("--gold: stands beside the result in an audit, and there is none. Add --audit.")
    if audit and as_json:
        raise ConfigError("--json: prints results.json alone. Leave it out to see the audit.")


def own_attacks(texts: list[str] | None) -> list[str]:
    """The names of the attacks that a command names, taken up into the table.

    Raises:
        ConfigError: There is no such attack, or it can't be used.
    """
    from letheia.attacks.table import attack_named

    return [attack_named(text).name for text in texts or ()]


def chosen_checks(
    only: list[str] | None = None, own: Sequence[str] = (), *, access: str = "white", quick: bool = False
) -> "list[Check]":
    """The checks that a command asks for.

    Args:
        only: Names of checks; all if left out, or a dozen for `quick`.
        own: Attacks of the user's own, which are always among them.
        access: What an attacker has at most.
        quick: Whether a dozen are enough.

    Raises:
        ConfigError: There is no such check or access.
    """
    from letheia.audit.table import QUICK, chosen

    names = [*(only or (QUICK if quick else ()))]
    return chosen(only=[*names, *own] if names else [], access=access)


def show_plan(study: "Study", split: "Split", *, quick: bool, small: bool, models: int) -> None:
    """Print what the audit of a removal would ask, after what the removal would do."""
    from letheia.audit.forecast import forecast
    from letheia.presets.audit import sized

    for line in forecast(study, split, chosen_checks(quick=quick), models=models, size=sized(small)):
        print(line)


def show_audit(found: "Audit", folder: Path, required: Sequence[str] | None = None) -> None:
    """Print an audit's table, which adapters could not be audited, and the verdicts.

    Args:
        found: The audit.
        folder: Its folder.
        required: What every verdict must say, by words of `REQUIRED`; else the command ends with an exit code of 3.
    """
    from letheia.audit.verdict import VERDICTS, lines, read_verdicts
    from letheia.report.audit_terminal import audit_lines
    from letheia.report.page import OPERATOR, SHARED

    verdicts = read_verdicts(folder / VERDICTS)
    for line in audit_lines(found):
        print(line)
    for name, reason in found.failed.items():
        print(f"letheia: {name}: not audited: {reason}", file=sys.stderr)
    if not found.gold:
        tell(["no gold model, so what stays unavoidably is not known."])
    for line in lines(verdicts):
        print(line)
    print(f"To hand on: {folder / SHARED}   Operator's page: {folder / OPERATOR}")
    print(f"Audit: {folder / 'audit.json'}   Verdict: {folder / VERDICTS}")
    if required and (found.failed or not all(v.holds(required) for v in verdicts)):
        print("letheia: the verdict is not what --require asks for, see above.", file=sys.stderr)
        raise typer.Exit(FAILED)
