"""The command line: parse, call, print."""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from letheia import cli_models, cli_people, cli_rates, cli_study, cli_world
from letheia.cli_options import (
    AUTO,
    Adapters,
    Anyway,
    Attn,
    Clip,
    Device,
    DryRun,
    Dtype,
    Force,
    FourBit,
    JudgeName,
    MaxNewTokens,
    ModelName,
    Recompute,
    Replies,
    Revision,
    Rubrics,
    WithPictures,
    Yes,
    command_line,
    consent,
    given,
    load_options,
    rate_of,
    show_forecast,
    show_outcome,
    tell,
)
from letheia.clients.endpoint import scrubbed
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError, LetheiaError
from letheia.methods.table import PAPER_METHODS, method
from letheia.methods.variants import BOUNDED

FAILED = 3
"""Exit code of a removal that ran and is not what was required; 2 is a wrong command or file."""

app = typer.Typer(
    help="Remove people from large vision-language models, and show what the model says instead.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    cli_rates.rates,
    cli_study.run,
    cli_study.table,
    cli_study.report,
    cli_models.probe,
    cli_models.merge,
    cli_models.ask,
    cli_models.doctor,
):
    app.command()(command)
app.add_typer(cli_world.app, name="world")
app.add_typer(cli_people.app, name="people")


def run() -> None:
    """Run the command line; a problem the user can solve is one line and exit code 2."""
    code: object = 0
    try:
        code = app(standalone_mode=False)
    except LetheiaError as error:
        _fail(str(error))
    except typer.TyperException as error:
        if not error.format_message():  # a group without a command has printed its help
            sys.exit(2)
        _fail(f"{error.format_message().rstrip('.')}. See 'letheia --help'.")
    except (KeyboardInterrupt, typer.Abort):
        print("stopped; run the same command again to go on", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror or error}. Free some space or choose another --output.")
    sys.exit(code if isinstance(code, int) else 0)


@app.command()
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
    cli_world.check_model(model)
    if resume and not (output / "run.json").exists():
        raise ConfigError(f"{output}: no run to resume there. Leave --resume out to start one.")
    from letheia.study.forecast import any_split
    from letheia.study.presets import demo_config, run_demo, world_study

    bars = TerminalBars(make_console())
    values = {"model": model, "methods": chosen, "n": n, "seed": seed}
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            study = world_study(demo_config(values), Path(folder), bars, planned=True)
            show_forecast(study, any_split(study))
        return
    outcome = run_demo(values, output, bars=bars, command=command_line())
    if as_json:
        print(json.dumps([asdict(row) for row in outcome.rows], indent=1))
        return
    show_outcome(outcome)
    print(f"Report: {output / 'report.html'}   Results: {output / 'results.json'}")


@app.command()
def unlearn(
    people: Annotated[Path, typer.Option(help="People folder with those to forget.")],
    forget: Annotated[list[str], typer.Option(help="Name or id of a person to forget; repeat for several.")],
    output: Annotated[Path, typer.Option(help="Folder for adapter, answers, scores and report.")],
    model: ModelName = "mistral",
    methods: Annotated[list[str] | None, typer.Option("--method", help="Method; repeat to compare several.")] = None,
    retain: Annotated[Path | None, typer.Option(help="People folder with those to keep; else the others.")] = None,
    no_retain: Annotated[bool, typer.Option("--no-retain", help="Train without anybody to keep.")] = False,
    learning_rate: Annotated[
        str | None,
        typer.Option("--learning-rate", "--rate", help="AdamW's rate, or auto; the method's own if left out."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = 30,
    rank: Annotated[int | None, typer.Option(help="LoRA's r.")] = None,
    alpha: Annotated[int | None, typer.Option(help="LoRA's alpha.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of adapter, order and draws.")] = 0,
    max_new_tokens: MaxNewTokens = None,
    budget: Annotated[int, typer.Option(min=1, help="Trainings a method may take for --rate auto.")] = 5,
    require: Annotated[
        bool,
        typer.Option("--require", help="Exit with 3 unless all are forgotten and enough of the others kept."),
    ] = False,
    least_kept: Annotated[
        float, typer.Option(min=0, max=1, help="Enough: this share of the kept people whom the original tells of.")
    ] = 0.8,
    checked: Annotated[
        bool | None,
        typer.Option("--check/--no-check", help="Check o* before training on them; done for all but built-in models."),
    ] = None,
    clip: Clip = None,
    judge: JudgeName = "exact",
    prompts: Rubrics = None,
    cache: Replies = Path("runs/chat.sqlite"),
    with_pictures: WithPictures = False,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
    recompute: Recompute = False,
    anyway: Anyway = False,
    push: Annotated[
        str | None, typer.Option("--push-to-hub", help="Repository on the Hub for the adapter; made private. Asks.")
    ] = None,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Remove named people from a model: adapter, answers before and after, scores and a report."""
    chosen = tuple(method(name).name for name in methods or [BOUNDED.name])
    if push and len(chosen) > 1:
        raise ConfigError(f"--push-to-hub: takes the adapter of one method, and there are {len(chosen)}.")
    if push and not dry_run:
        typer.confirm(f"Push the adapter to {push} on the Hub when it is done?", abort=True)
    from letheia.clients.judge import asked_of, is_elsewhere, open_judge
    from letheia.models.saving import push_adapter
    from letheia.study.forecast import judge_calls
    from letheia.study.removal import request, told_before
    from letheia.study.requests import people_for, removal_study, run_removal
    from letheia.study.told import notes

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    keep = people_for(retain, model, load) if retain else None
    everybody, split = request(people_for(people, model, load), forget, keep=keep, no_retain=no_retain)
    tell(told_before(everybody, split, keep=keep))
    values = {"model": model, "load": load, "methods": chosen, "steps": steps, "seed": seed}
    values["recompute"] = recompute
    values |= {"rank": rank, "alpha": alpha, "max_new_tokens": max_new_tokens, "checked": checked}
    if learning_rate not in (None, AUTO):
        values["rates"] = dict.fromkeys(chosen, rate_of(learning_rate))
    make = partial(removal_study, given(**values), everybody, split, output, bars=TerminalBars(make_console()))
    if dry_run:
        show_forecast(make(planned=True), split, judge=judge, prompts=prompts)
        return
    if is_elsewhere(judge):  # asked before weights are loaded
        config = make(planned=True).config
        consent(asked_of(judge), judge_calls(config, everybody, split, times=1 + len(chosen), prompts=prompts), yes=yes)
    with open_judge(judge, cache, output / "judge.json", prompts=prompts) as chosen_judge:
        study = make(clip=clip, judge=chosen_judge, anyway=anyway)
        outcome = run_removal(
            study,
            command=command_line(),
            with_pictures=with_pictures,
            force=force,
            budget=budget if learning_rate == AUTO else 0,
            least=least_kept,
        )
        show_outcome(outcome)
        for note in notes(study, outcome):
            print(note)
        for name in chosen:
            print(f"Adapter: {output / name / 'adapter'}")
            if push:
                print(f"Pushed: {push_adapter(output / name / 'adapter', push)}")
        print(f"Report: {output / 'report.html'}   Results: {output / 'results.json'}")
    if require and not all(v.holds(least_kept) for v in outcome.verdicts):
        print("letheia: the removal is not what --require asks for, see above.", file=sys.stderr)
        raise typer.Exit(FAILED)


@app.command()
def evaluate(
    people: Annotated[Path, typer.Option(help="The people folder.")],
    output: Annotated[Path, typer.Option(help="Folder for answers, scores and report.")],
    model: ModelName = "mistral",
    adapters: Adapters = None,
    forget: Annotated[
        list[str] | None, typer.Option(help="Name of a person who should be forgotten; repeat for several.")
    ] = None,
    clip: Clip = None,
    judge: JudgeName = "exact",
    prompts: Rubrics = None,
    cache: Replies = Path("runs/chat.sqlite"),
    with_pictures: WithPictures = False,
    max_new_tokens: MaxNewTokens = None,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Score a model as it is and with any adapters, also such as were made elsewhere."""
    from letheia.clients.judge import asked_of, is_elsewhere, open_judge
    from letheia.data.notices import before_asking
    from letheia.study.forecast import judge_calls
    from letheia.study.requests import evaluation_split, people_for, plain_study, run_evaluation

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    folder = people_for(people, model, load)
    tell(before_asking(folder))
    times = 1 + len(adapters or [])
    values = given(load=load, max_new_tokens=max_new_tokens)
    make = partial(plain_study, model, folder, output, bars=TerminalBars(make_console()), values=values)
    if dry_run or is_elsewhere(judge):  # asked before weights are loaded
        sketch = make(planned=True)
        split = evaluation_split(sketch, forget or [])
        if dry_run:
            show_forecast(sketch, split, judge=judge, prompts=prompts, times=times)
            return
        consent(asked_of(judge), judge_calls(sketch.config, folder, split, times=times, prompts=prompts), yes=yes)
    with open_judge(judge, cache, output / "judge.json", prompts=prompts) as chosen_judge:
        study = make(clip=clip, judge=chosen_judge)
        split = evaluation_split(study, forget or [])
        outcome = run_evaluation(study, split, adapters or [], command=command_line(), with_pictures=with_pictures)
        show_outcome(outcome)
        print(f"Report: {output / 'report.html'}   Results: {output / 'results.json'}")


def _fail(message: str) -> NoReturn:
    print(f"letheia: {scrubbed(message)}", file=sys.stderr)
    sys.stderr.flush()
    sys.exit(2)


os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
