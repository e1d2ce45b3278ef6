"""Commands that remove people, and that score what was made elsewhere."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import (
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
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError
from letheia.methods.table import method
from letheia.methods.variants import BOUNDED

FAILED = 3
"""Exit code of a removal that ran and is not what was required; 2 is a wrong command or file."""


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
    from letheia.clients.judges import asked_of, is_elsewhere, open_judge
    from letheia.data.wordings import people_for
    from letheia.study.request import request, told_before

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    keep = people_for(retain, model, load) if retain else None
    everybody, split = request(people_for(people, model, load), forget, keep=keep, no_retain=no_retain)
    tell(told_before(everybody, split, keep=keep))
    values = {"model": model, "load": load, "methods": chosen, "steps": steps, "seed": seed}
    values["recompute"] = recompute
    values |= {"rank": rank, "alpha": alpha, "max_new_tokens": max_new_tokens, "checked": checked}
    if learning_rate not in (None, AUTO):
        values["rates"] = dict.fromkeys(chosen, rate_of(learning_rate))
    from letheia.models.saving import push_adapter
    from letheia.presets.removal import run_removal
    from letheia.study.build import removal_study
    from letheia.study.forecast import judge_calls
    from letheia.study.told import notes

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
    from letheia.clients.judges import asked_of, is_elsewhere, open_judge
    from letheia.data.notices import before_asking
    from letheia.data.wordings import people_for

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    folder = people_for(people, model, load)
    tell(before_asking(folder))
    times = 1 + len(adapters or [])
    values = given(load=load, max_new_tokens=max_new_tokens)
    from letheia.presets.removal import run_evaluation
    from letheia.study.build import evaluation_split, plain_study
    from letheia.study.forecast import judge_calls

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
