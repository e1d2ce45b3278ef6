"""Commands on whole studies: run a grid, print its tables."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from letheia.cli import world
from letheia.cli.options import (
    Anyway,
    Attn,
    Device,
    DryRun,
    Dtype,
    FourBit,
    MaxNewTokens,
    Recompute,
    Revision,
    Yes,
    command_line,
    consent,
    load_options,
    show_forecast,
    show_outcome,
)
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError, unknown
from letheia.methods.table import PAPER_METHODS, method

WORLD = "world/study"
Sources = Annotated[list[Path], typer.Argument(help="Folder or study.json of a study; several with the same people.")]


def run(
    preset: Annotated[str, typer.Argument(help="world/study, paper/llava-1.6-mistral or paper/llava-1.6-vicuna.")],
    output: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/study"),
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Base model; repeat for several. The preset's if left out.")
    ] = None,
    methods: Annotated[list[str] | None, typer.Option("--method", help="Method; repeat for several.")] = None,
    counts: Annotated[
        list[int] | None, typer.Option("--n", help="How many people to forget; repeat for several.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many draws of people: 5 on the world, else the paper's 1.")
    ] = None,
    seen: Annotated[int | None, typer.Option(min=1, help="Pictures a person that training uses: 1.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimizer steps: 30.")] = None,
    max_new_tokens: MaxNewTokens = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 1,
    people: Annotated[Path | None, typer.Option(help="People folder, for the paper's presets.")] = None,
    judge: Annotated[str | None, typer.Option(help="Judge, for the paper's presets: gpt-4.1-mini if left out.")] = None,
    clip: Annotated[str | None, typer.Option(help="CLIP, for the paper's presets; 'none' for no CLIPScore.")] = None,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
    recompute: Recompute = False,
    anyway: Anyway = False,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what there is to do, and stop.")] = False,
) -> None:
    """Run a ready-made study; what is done is skipped, so that a stopped run goes on."""
    from letheia.grid.collected import FICTIONAL, collect
    from letheia.methods.paper import PRESETS
    from letheia.models.shipped import weight_files
    from letheia.presets.world import observe_world, plan_world_grid, run_world_grid, world_weights

    known = (WORLD, *PRESETS)
    if preset not in known:
        raise unknown("preset", preset, known)
    wanted = {"models": models, "methods": methods, "counts": counts, "seeds": seeds, "seen": seen, "steps": steps}
    wanted = {k: v for k, v in {**wanted, "max_new_tokens": max_new_tokens, "recompute": recompute}.items() if v}
    bars = TerminalBars(make_console())
    if preset == WORLD:
        cells = plan_world_grid(wanted)
        if dry_run:
            for cell in cells:
                print(f"{'done' if cell.is_done(output) else 'to do':<6} {cell.name}: {', '.join(cell.config.methods)}")
            return
        run_world_grid(cells, output, jobs=jobs, bars=bars)
        used = list(dict.fromkeys(c.config.model for c in cells))
        observed = {name: observe_world(name, output) for name in used}
        found = collect(cells, output, command=command_line(), weights=world_weights(*used), people=FICTIONAL)
        _finish(output, found, observed)
        return
    from letheia.clients.judge import asked_of
    from letheia.data.folder import read_people
    from letheia.presets.paper import forecast_paper, observe_paper, paper_calls, plan_paper, run_paper

    folder = read_people(people) if people else None
    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    cells = plan_paper(preset, wanted, folder, load)
    judge = judge or PRESETS[preset].judge
    if dry_run:
        for lines in forecast_paper(preset, cells, folder, judge=judge):
            for line in lines:
                print(f"{line.about:<18}{line.what}".rstrip())
        return
    if people is None or folder is None:
        raise ConfigError(f"--people: is needed. 'letheia run {preset} --dry-run' shows how to make the folder.")
    clip = PRESETS[preset].clip if clip is None else None if clip == "none" else clip
    consent(asked_of(judge), paper_calls([c for c in cells if not c.is_done(output)], folder), yes=yes)
    run_paper(preset, cells, people, output, judge=judge, clip=clip, jobs=jobs, bars=bars, anyway=anyway)
    weights = weight_files(*dict.fromkeys(c.config.model for c in cells))
    found = collect(cells, output, command=command_line(), weights=weights)
    _finish(output, found, observe_paper(cells, people, output))


def _finish(output: Path, found: dict[str, Any], observed: dict[str, Any]) -> None:
    """Write the study and its page. What an earlier run of the folder came from, and observed of such people, stays."""
    from letheia.files import read_json
    from letheia.grid.collected import write_collected

    file = output / "study.json"
    before = read_json(file) if file.exists() else {}
    commands = dict.fromkeys([*before.get("command", "").split(" && "), found["command"]])
    found["command"] = " && ".join(filter(None, commands))
    found["weights"] = {**before.get("weights", {}), **found["weights"]}
    if before.get("people") == found["people"]:
        observed = {**before.get("observation", {}), **observed}
    write_collected(file, {**found, "observation": observed})
    report([output], output / "report.html")
    print(f"Study: {file}   Tables: letheia table 1 {output}")


def table(
    number: Annotated[str, typer.Argument(help="1 to 9, summary, strangers, aftermaths-forget, -retain or -stranger.")],
    sources: Sources,
    format: Annotated[str, typer.Option("--format", help="md, csv, latex or json.")] = "md",
    models: Annotated[list[str] | None, typer.Option("--model", help="Base model; all if left out.")] = None,
    n: Annotated[int | None, typer.Option(min=1, help="How many people are forgotten; the table's own count.")] = None,
    asked: Annotated[str, typer.Option(help="The way of asking; plain is the study's own question.")] = "plain",
) -> None:
    """Print one of the paper's tables from a study: mean, interval over people and seeds, and the paper's number."""
    from letheia.grid.collected import read_collected, together
    from letheia.report.formats import FORMATS
    from letheia.report.layouts import LAYOUTS
    from letheia.report.study_tables import SHEETS, study_table
    from letheia.report.tables import printed

    known = sorted((*LAYOUTS, *SHEETS))
    if number not in known:
        raise unknown("table", number, known)
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    if number in SHEETS and (n or asked != "plain"):
        raise ConfigError(f"table {number}: shows the study's own question only. Leave --n and --asked out.")
    study = together([read_collected(source) for source in sources])
    chosen = models or study.models
    if number in SHEETS:
        print("\n\n".join(FORMATS[format](SHEETS[number](study, m)) for m in chosen))
    else:
        print("\n\n".join(printed(study_table(study, number, m, n=n, asked=asked), format) for m in chosen))


def report(
    sources: Sources,
    output: Annotated[Path, typer.Argument(help="The HTML file.")],
    people: Annotated[
        Path | None, typer.Option(help="The study's people folder, whose names and pictures are to be shown.")
    ] = None,
) -> None:
    """Write a study's page: tables with intervals, plots, answers; self-contained."""
    from letheia.data.folder import read_people
    from letheia.grid.collected import read_collected, together
    from letheia.presets.world import world_people
    from letheia.report.study_page import write_study_report

    study = together([read_collected(source) for source in sources])
    with tempfile.TemporaryDirectory() as drawn:
        shown = read_people(people) if people else None
        if shown is None and study.of_world:  # nobody's secret, and drawn again in seconds
            shown = world_people(Path(drawn) / "people")
        write_study_report(output, study, shown)
    print(f"Report: {output}")
    if shown is None:
        print("names, pictures and answers are left out, as nothing says that anybody may see them: give --people")


def demo(
    output: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/demo"),
    model: Annotated[str, typer.Option(help="Base model: mistral or llama.")] = "mistral",
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="Method; repeat for several. All if left out.")
    ] = None,
    n: Annotated[int, typer.Option(help="How many people to forget.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the draw of people and of training.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Insist that there is a run in the folder to go on with.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json instead of tables.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Make the built-in model forget people by every method of the paper, and report what it says instead."""
    chosen = tuple(method(name).name for name in methods) if methods else PAPER_METHODS
    world.check_model(model)
    if resume and not (output / "run.json").exists():
        raise ConfigError(f"{output}: no run to resume there. Leave --resume out to start one.")
    from letheia.metrics.results import as_values
    from letheia.presets.world import demo_config, run_demo, world_study
    from letheia.study.forecast import any_split

    bars = TerminalBars(make_console())
    values = {"model": model, "methods": chosen, "n": n, "seed": seed}
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            study = world_study(demo_config(values), Path(folder), bars, planned=True)
            show_forecast(study, any_split(study))
        return
    outcome = run_demo(values, output, bars=bars, command=command_line())
    if as_json:
        print(json.dumps(as_values(outcome.rows), indent=1))
        return
    show_outcome(outcome)
    print(f"Report: {output / 'report.html'}   Results: {output / 'results.json'}")
