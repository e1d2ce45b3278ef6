"""`letheia rates`: a learning rate for each method, on the built-in world or on any model and people folder."""

from pathlib import Path
from typing import Annotated, Any

import typer

from letheia.cli.options import (
    Attn,
    Device,
    DryRun,
    Dtype,
    FourBit,
    MaxNewTokens,
    Revision,
    given,
    load_options,
)
from letheia.cli.world import check_model
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError
from letheia.methods.rates import FACTORS, GRID
from letheia.methods.table import SHOWN, method
from letheia.methods.variants import BOUNDED


def rates(
    output: Annotated[Path, typer.Option(help="Folder for the search.")] = Path("runs/rates"),
    model: Annotated[
        str, typer.Option(help="mistral or llama; with --people also the folder or Hub id of a checkpoint.")
    ] = "mistral",
    people: Annotated[
        Path | None, typer.Option(help="People folder to search on; the built-in world's people if left out.")
    ] = None,
    methods: Annotated[list[str] | None, typer.Option("--method", help="Method; repeat for several.")] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="How many draws of people a rate is tried on: 3, with --people 1.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="With --people: how many people a draw forgets.")] = 2,
    least_kept: Annotated[
        float, typer.Option(min=0, max=1, help="With --people: share of the others who must be kept.")
    ] = 0.8,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a removal.")] = 30,
    rate: Annotated[
        list[float] | None, typer.Option(help="A rate to try; repeat. A grid if left out: 1-2-5 on the world.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Try all rates, also those past the first that unlearns.")
    ] = False,
    max_new_tokens: MaxNewTokens = None,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
    dry_run: DryRun = False,
) -> None:
    """Search each method's learning rate: the smallest that unlearns, on people that are drawn and named."""
    if people is None:
        check_model(model)
        _on_the_world(output, model, methods, draws or 3, steps, rate, every=every, dry_run=dry_run)
        return
    chosen = tuple(method(name).name for name in methods or [BOUNDED.name])
    if any(r <= 0 for r in rate or []):
        raise ConfigError("--rate: must be above zero.")
    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    _on_people(
        people,
        output,
        given(model=model, load=load, methods=chosen, steps=steps, max_new_tokens=max_new_tokens),
        n=n,
        draws=draws or 1,
        rate=rate or [],
        least=least_kept,
        every=every,
        dry_run=dry_run,
    )


def _on_the_world(
    output: Path,
    model: str,
    methods: list[str] | None,
    draws: int,
    steps: int,
    rate: list[float] | None,
    *,
    every: bool,
    dry_run: bool,
) -> None:
    chosen = tuple(method(name).name for name in methods) if methods else SHOWN
    rates = tuple(sorted(set(rate))) if rate else GRID
    if dry_run:
        most = "" if every else "at most "
        trainings = len(chosen) * len(rates) * draws
        print(f"{most}{trainings} trainings: {', '.join(chosen)}; rates {rates}; {draws} draws, {steps} steps")
        return
    from letheia.presets.world import search_rates

    found = search_rates(
        model, chosen, output, seeds=draws, steps=steps, rates=rates, every=every, bars=TerminalBars(make_console())
    )
    print(f"{'method':<18}{'rate':>8}{'USR':>6}{'strict':>8}{'attributes':>12}{'retained right':>16}  USR of each draw")
    for trial in found:
        each = " ".join(f"{usr:.1f}" for usr in trial.usr_each)
        print(
            f"{trial.method:<18}{trial.rate:>8g}{trial.usr:>6.2f}{trial.usr_strict:>8.2f}{trial.attributes:>12.2f}"
            f"{trial.retained_right:>16.2f}  {each}{'  <- chosen' if trial.chosen else ''}"
        )


def _on_people(
    people: Path,
    output: Path,
    values: dict[str, Any],
    *,
    n: int,
    draws: int,
    rate: list[float],
    least: float,
    every: bool,
    dry_run: bool,
) -> None:
    if dry_run:
        trainings = len(values["methods"]) * (len(set(rate)) or len(FACTORS)) * draws
        tried = ", ".join(f"{r:g}" for r in sorted(set(rate))) or f"{FACTORS} times the one that removals start with"
        print(f"{'' if every else 'at most '}{trainings} trainings: {', '.join(values['methods'])}; rates {tried}")
        return
    from letheia.grid.people_rates import search_people

    bars = TerminalBars(make_console())
    splits, trials = search_people(
        values, people, output, n=n, draws=draws, rates=sorted(set(rate)), least=least, every=every, bars=bars
    )
    for i, split in enumerate(splits):
        print(f"draw {i} forgets {', '.join(e.name for e in split.forget)}; {len(split.retain)} others are kept")
    print(f"{'method':<18}{'rate':>8}{'forgotten':>11}{'kept':>6}")
    for trial in trials:
        mark = "" if not trial.chosen else "  <- chosen" if trial.holds(least) else "  <- best, but not enough"
        print(f"{trial.method:<18}{trial.rate:>8g}{trial.gone:>11.2f}{trial.still:>6.2f}{mark}")
        for verdict in trial.verdicts:
            print(f"    {verdict}")
    print(f"Trials: {output / 'rates.json'}")
