"""Commands that remove people, and that score what was made elsewhere."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.audit import FAILED, Audited, GoldFolder, Quick, check_flags, chosen_checks, show_audit, show_plan
from letheia.cli.options import (
    AUTO,
    Adapters,
    Address,
    Anyway,
    DeviceMemory,
    DryRun,
    Engine,
    ExecutorName,
    Force,
    Gpus,
    Jobs,
    Metrics,
    Replies,
    Served,
    Track,
    WithPictures,
    Yes,
    bytes_of,
    command_line,
    consent,
    machines,
    rate_of,
    show_forecast,
    show_outcome,
    show_pages,
    take_metrics,
    tell,
    tell_tracker,
    with_engine,
)
from letheia.cli.settings import LOAD, SCORE, TRAIN, Given, configured
from letheia.config import merged
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError
from letheia.methods.variants import BOUNDED


@configured("model", "methods", "forget", "scope", *TRAIN, "seed", "max_new_tokens", "checked", *SCORE, *LOAD)
def unlearn(
    given: Given,
    people: Annotated[Path, typer.Option(help="People folder with the people to forget.")],
    output: Annotated[Path, typer.Option(help="Folder for adapter, answers, scores and report.")],
    retain: Annotated[
        Path | None, typer.Option(help="People folder with the people to keep; if left out, everybody else.")
    ] = None,
    no_retain: Annotated[bool, typer.Option("--no-retain", help="Train without people to keep.")] = False,
    learning_rate: Annotated[
        str | None,
        typer.Option(
            "--learning-rate", "--rate", help="AdamW's rate, or auto to search it; if left out, the method's."
        ),
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Trainings per method for --rate auto.")] = 5,
    require: Annotated[
        bool,
        typer.Option("--require", help="Exit with 3 unless everybody is forgotten and enough others are kept."),
    ] = False,
    least_kept: Annotated[
        float, typer.Option(min=0, max=1, help="For --require: share of the retained people who must still be known.")
    ] = 0.8,
    cache: Replies = Path("runs/chat.sqlite"),
    with_pictures: WithPictures = False,
    anyway: Anyway = False,
    push: Annotated[
        str | None,
        typer.Option("--push-to-hub", help="Upload the adapter to this private repository on the Hub, after asking."),
    ] = None,
    force: Force = False,
    audit: Audited = False,
    quick: Quick = False,
    gold: GoldFolder = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    device_memory: DeviceMemory = None,
    metrics: Metrics = None,
    track: Track = None,
) -> None:
    """Remove named people from a model; write an adapter, answers before and after, scores and a report."""
    check_flags(audit=audit, quick=quick, gold=gold)
    take_metrics(metrics)
    if track:
        from letheia.report.tracking import check_tracker

        check_tracker(track)
    memory = bytes_of(device_memory)
    if not given.config.forget:  # before a folder is read
        raise ConfigError("nobody to forget. Name people with --forget.")
    chosen = given.config.methods if "methods" in given.values else (BOUNDED.name,)
    if push and len(chosen) > 1:
        raise ConfigError(f"--push-to-hub: takes the adapter of one method, and there are {len(chosen)}.")
    if push and not dry_run:
        typer.confirm(f"Push the adapter to {push} on the Hub when it is done?", abort=True)
    from letheia.clients.judges import asked_of, is_elsewhere, open_judge
    from letheia.data.wordings import people_for
    from letheia.study.request import request, told_before

    keep = people_for(retain, given.config) if retain else None
    everybody = people_for(people, given.config)
    everybody, split = request(
        everybody, given.config.forget, keep=keep, no_retain=no_retain, candidates=given.config.candidates
    )
    tell(told_before(everybody, split, keep=keep, methods=chosen))
    values = merged(given.values, {"methods": chosen})
    if learning_rate not in (None, AUTO):
        values = merged(values, {"train": {"learning_rate": rate_of(learning_rate)}})
    from letheia.models.saving import push_adapter
    from letheia.presets.removal import run_removal
    from letheia.study.build import removal_study
    from letheia.study.forecast import judge_calls
    from letheia.study.notes import notes

    make = partial(removal_study, values, everybody, split, output, bars=TerminalBars(make_console()))
    if dry_run:
        sketch = make(planned=True)
        show_forecast(sketch, split, memory=memory)
        if audit:
            show_plan(sketch, split, quick=quick, small=quick, models=1 + len(chosen) + bool(gold))
        return
    from letheia.presets.audit import audit_removal, gold_at, sized

    beside = gold_at(gold, given.config.load, split)  # one that does not fit is told before anything is trained
    if is_elsewhere(given.judge):  # asked before weights are loaded
        config = make(planned=True).config
        consent(asked_of(given.judge), judge_calls(config, everybody, split, times=1 + len(chosen)), yes=yes)
    with open_judge(given.judge, cache, output / "judge.json", prompts=given.config.prompts) as judge:
        study = make(judge=judge, anyway=anyway)
        outcome = run_removal(
            study,
            command=command_line(),
            with_pictures=with_pictures,
            force=force,
            budget=budget if learning_rate == AUTO else 0,
            least=least_kept,
        )
        show_outcome(outcome, study.config)
        if track:
            tell_tracker(track, study)
        for note in notes(study, outcome):
            print(note)
        for name in chosen:
            print(f"Adapter: {output / name / 'adapter'}")
            if push:
                print(f"Pushed: {push_adapter(output / name / 'adapter', push)}")
        if audit:
            checks, size = chosen_checks(quick=quick), sized(quick)
            found = audit_removal(study, outcome, checks, gold=beside, size=size, with_pictures=with_pictures)
            show_audit(found, output / "audit")
        show_pages(output)
    if require and not all(v.holds(least_kept) for v in outcome.verdicts):
        print("letheia: the removal does not meet --require, see above.", file=sys.stderr)
        raise typer.Exit(FAILED)


@configured("model", "forget", "max_new_tokens", *SCORE, *LOAD)
def evaluate(
    given: Given,
    people: Annotated[Path, typer.Option(help="The people folder.")],
    output: Annotated[Path, typer.Option(help="Folder for answers, scores and report.")],
    adapters: Adapters = None,
    cache: Replies = Path("runs/chat.sqlite"),
    with_pictures: WithPictures = False,
    engine: Engine = None,
    served: Served = None,
    yes: Yes = False,
    jobs: Jobs = 1,
    executor: ExecutorName = "local",
    address: Address = None,
    gpus: Gpus = None,
    dry_run: DryRun = False,
    metrics: Metrics = None,
) -> None:
    """Score a model and any adapters for it, including adapters that were made elsewhere."""
    take_metrics(metrics)
    on = machines(executor, jobs=jobs, address=address, gpus=gpus)
    if jobs > 1 and executor == "local":
        raise ConfigError("--jobs: an evaluation on one machine is one process. Leave it out, or add --executor ray.")
    if engine and executor != "local":
        raise ConfigError("--engine: one server answers, so there is nothing to spread. Leave --executor out.")
    from letheia.clients.judges import asked_of, is_elsewhere, open_judge
    from letheia.data.notices import before_asking
    from letheia.data.wordings import people_for

    folder, forget = people_for(people, given.config), given.config.forget
    tell(before_asking(folder))
    times = 1 + len(adapters or []) + len(served or [])
    from letheia.presets.removal import run_evaluation
    from letheia.study.build import evaluation_split, plain_study
    from letheia.study.forecast import judge_calls

    make = partial(plain_study, given.values, folder, output, bars=TerminalBars(make_console()))
    if dry_run or is_elsewhere(given.judge):  # asked before weights are loaded
        sketch = make(planned=True)
        split = evaluation_split(sketch, forget)
        if dry_run:
            show_forecast(sketch, split, times=times)
            return
        consent(asked_of(given.judge), judge_calls(sketch.config, folder, split, times=times), yes=yes)
    if executor != "local":
        from letheia.presets.evaluation_parts import EvaluationRequest, compute_evaluation
        from letheia.study.evaluate import adapter_names

        request = EvaluationRequest(
            values=given.values, people=people, output=output, forget=forget, adapters=adapter_names(adapters or [])
        )
        compute_evaluation(request, on=on, bars=TerminalBars(make_console()))
    with open_judge(given.judge, cache, output / "judge.json", prompts=given.config.prompts) as judge:
        study = with_engine(make(judge=judge), engine, adapters or [], served or [], yes=yes)
        split = evaluation_split(study, forget)
        outcome = run_evaluation(
            study, split, adapters or [], command=command_line(), with_pictures=with_pictures, served=served or []
        )
        show_outcome(outcome, study.config)
        show_pages(output)
