"""Commands on whole studies: run a grid, print its tables."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli import world
from letheia.cli.audit import Audited, GoldFolder, Quick, check_flags, chosen_checks, show_audit, show_plan
from letheia.cli.options import (
    Address,
    Anyway,
    DeviceMemory,
    DryRun,
    ExecutorName,
    Gpus,
    Jobs,
    Metrics,
    Yes,
    bytes_of,
    command_line,
    consent,
    machines,
    show_forecast,
    show_outcome,
    show_pages,
    take_metrics,
)
from letheia.cli.settings import LOAD, SCORE, TRAIN, Given, configured
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError, pick, unknown
from letheia.grid.grid import check_grid
from letheia.methods.table import method_named

Sources = Annotated[
    list[Path], typer.Argument(help="Folder or study.json of a study; several if they are about the same people.")
]


@configured("seen", *TRAIN, "max_new_tokens", *SCORE, *LOAD, check=check_grid)
def run(
    given: Given,
    preset: Annotated[str, typer.Argument(help="world/study, paper/llava-1.6-mistral or paper/llava-1.6-vicuna.")],
    output: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/study"),
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Base model; repeat for several. The preset's if left out.")
    ] = None,
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="Method, or FILE.py:NAME; repeat for several.")
    ] = None,
    counts: Annotated[
        list[int] | None, typer.Option("--n", help="How many people to forget; repeat for several.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Draws of people; if left out, 5 on the world and else the paper's 1.")
    ] = None,
    jobs: Jobs = 1,
    executor: ExecutorName = "local",
    address: Address = None,
    gpus: Gpus = None,
    people: Annotated[Path | None, typer.Option(help="People folder, for the paper's presets.")] = None,
    anyway: Anyway = False,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and stop.")] = False,
    device_memory: DeviceMemory = None,
    metrics: Metrics = None,
) -> None:
    """Run a ready-made study; a stopped run goes on where it was."""
    take_metrics(metrics)
    from letheia.presets.base import RunOptions
    from letheia.presets.table import PRESETS, run_preset

    chosen = pick("preset", preset, PRESETS)
    named = [method_named(text).name for text in methods or ()]
    spans = {"models": models, "methods": named, "counts": counts, "seeds": seeds}
    wanted = {**given.values, **{name: value for name, value in spans.items() if value}}
    options = RunOptions(
        output=output,
        people=people,
        judge=given.judge if "judge" in given.values else None,
        on=machines(executor, jobs=jobs, address=address, gpus=gpus),
        anyway=anyway,
        planned=dry_run,
        device_memory=bytes_of(device_memory),
    )
    cells = chosen.plan(wanted, options)
    if dry_run:
        for line in chosen.forecast(cells, options):
            print(line)
        return
    consent(*chosen.judge_calls(cells, options), yes=yes)
    file = run_preset(chosen, cells, options, command=command_line(), bars=TerminalBars(make_console()))
    report([output], output / "report.html")
    print(f"Study: {file}   Tables: letheia table 1 {output}")


def table(
    number: Annotated[
        str,
        typer.Argument(
            help="1 to 9, summary, bystanders, strangers, aftermaths-forget, -retain or -stranger; "
            "of an audit: audit, separation."
        ),
    ],
    sources: Sources,
    format: Annotated[str, typer.Option("--format", help="md, csv, latex or json.")] = "md",
    models: Annotated[list[str] | None, typer.Option("--model", help="Base model; all if left out.")] = None,
    n: Annotated[int | None, typer.Option(min=1, help="How many people are forgotten; the table's own count.")] = None,
    asked: Annotated[str, typer.Option(help="The way of asking; plain is the study's own question.")] = "plain",
    columns: Annotated[
        str | None, typer.Option(help="Only these, by comma: a metric, or pictures and metric (unseen.usr_strict).")
    ] = None,
    metrics: Metrics = None,
) -> None:
    """Print one of the paper's tables from a study, with intervals and the paper's numbers."""
    take_metrics(metrics)
    from letheia.grid.collected import read_collected, together
    from letheia.report.audit_tables import AUDIT_SHEETS, printed_audit, read_audits
    from letheia.report.formats import FORMATS
    from letheia.report.layouts import LAYOUTS
    from letheia.report.study_tables import SHEETS, study_table
    from letheia.report.tables import printed, with_columns

    known = sorted((*LAYOUTS, *SHEETS, *AUDIT_SHEETS))
    if number not in known:
        raise unknown("table", number, known)
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    if number not in LAYOUTS and (n or asked != "plain"):
        raise ConfigError(f"table {number}: shows the study's own question only. Leave --n and --asked out.")
    if number not in LAYOUTS and columns:
        raise ConfigError(f"table {number}: its columns are no metrics. Leave --columns out.")
    if number in AUDIT_SHEETS:
        audits = [a for a in map(read_audits, sources) if not models or a.base in models]
        print("\n\n".join(printed_audit(a, number, format) for a in audits))
        return
    study = together([read_collected(source) for source in sources])
    chosen = models or study.models
    if number in SHEETS:
        print("\n\n".join(FORMATS[format](SHEETS[number](study, m)) for m in chosen))
    else:
        found = [study_table(study, number, m, n=n, asked=asked) for m in chosen]
        if columns:
            found = [with_columns(t, [name.strip() for name in columns.split(",")]) for t in found]
        print("\n\n".join(printed(t, format) for t in found))


def report(
    sources: Sources,
    output: Annotated[Path, typer.Argument(help="The HTML file.")],
    people: Annotated[
        Path | None, typer.Option(help="The study's people folder; names and pictures are then shown.")
    ] = None,
    metrics: Metrics = None,
) -> None:
    """Write a study as one HTML page: tables with intervals, plots and answers."""
    take_metrics(metrics)
    from letheia.presets.pages import write_page

    shown = write_page(sources, output, people)
    print(f"Report: {output}")
    if not shown:
        print("names, pictures and answers are left out, since people may not be fictional; --people shows them")


@configured("model", "methods", "n", "seed", *TRAIN, "prompts")
def demo(
    given: Given,
    output: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/demo"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --output; an error if there is none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json instead of tables.")] = False,
    audit: Audited = False,
    quick: Quick = False,
    gold: GoldFolder = None,
    dry_run: DryRun = False,
    metrics: Metrics = None,
) -> None:
    """Let the built-in model forget people by each of the paper's methods, and report what it says instead."""
    check_flags(audit=audit, quick=quick, gold=gold, as_json=as_json)
    take_metrics(metrics)
    world.check_model(given.config.model)
    if resume and not (output / "run.json").exists():
        raise ConfigError(f"{output}: no run to resume there. Leave --resume out to start one.")
    from letheia.metrics.results import as_values
    from letheia.presets.plans import demo_config

    bars = TerminalBars(make_console())
    config = demo_config(given.values)
    from letheia.presets.world import run_demo, world_study
    from letheia.study.forecast import any_split

    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            study = world_study(config, Path(folder), bars, planned=True)
            show_forecast(study, any_split(study))
            if audit:
                show_plan(study, any_split(study), quick=quick, small=True, models=1 + len(config.methods))
        return
    outcome = run_demo(given.values, output, bars=bars, command=command_line())
    if as_json:
        print(json.dumps(as_values(outcome.rows), indent=1))
        return
    show_outcome(outcome, config)
    if audit:
        from letheia.presets.audit import audit_demo

        checks = chosen_checks(quick=quick)
        found = audit_demo(given.values, outcome, output, checks, gold=gold, bars=bars)
        show_audit(found, output / "audit")
    show_pages(output)
