"""`letheia rates`: a learning rate for each method, on the built-in world or on any model and people folder."""

from pathlib import Path
from typing import Annotated, Any

import typer

from letheia.cli.options import DryRun
from letheia.cli.settings import LOAD, TRAIN, Given, configured
from letheia.cli.world import check_model
from letheia.config import merged
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError
from letheia.methods.rates import FACTORS, GRID
from letheia.methods.table import SHOWN
from letheia.methods.variants import BOUNDED


@configured("model", "methods", *TRAIN, "max_new_tokens", "prompts", *LOAD)
def rates(
    given: Given,
    output: Annotated[Path, typer.Option(help="Folder for the search.")] = Path("runs/rates"),
    people: Annotated[
        Path | None, typer.Option(help="People folder to search on; the built-in world's people if left out.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Draws of people for each rate; if left out 3, with --people 1.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="With --people: how many people a draw forgets.")] = 2,
    least_kept: Annotated[
        float, typer.Option(min=0, max=1, help="With --people: share of the others who must be kept.")
    ] = 0.8,
    rate: Annotated[
        list[float] | None, typer.Option(help="Learning rate to try; repeat for several. If left out, a grid.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Try all rates, also those past the first that unlearns.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Find each method's learning rate: the smallest that unlearns, on people who are drawn and named."""
    for name in ("n", "seed", "forget", "candidates") if people else ("seed", "forget", "candidates"):
        if given.values.get(name):
            raise ConfigError(f"{name}: a search draws its people itself; --draws says how often.")
    if people is None:
        _on_the_world(given, output, draws or 3, rate or [], every=every, dry_run=dry_run)
        return
    if any(r <= 0 for r in rate or []):
        raise ConfigError("--rate: must be above zero.")
    _on_people(
        merged({"methods": (BOUNDED.name,)}, given.values),
        people,
        output,
        n=n,
        draws=draws or 1,
        rate=rate or [],
        least=least_kept,
        every=every,
        dry_run=dry_run,
    )


def _on_the_world(given: Given, output: Path, draws: int, rate: list[float], *, every: bool, dry_run: bool) -> None:
    check_model(given.config.model)
    values = merged({"methods": SHOWN}, given.values)
    rates = tuple(sorted(set(rate))) or GRID
    if dry_run:
        most = "" if every else "at most "
        trainings, steps = len(values["methods"]) * len(rates) * draws, given.config.train.steps
        print(
            f"{most}{trainings} trainings: {', '.join(values['methods'])}; rates {rates}; {draws} draws, {steps} steps"
        )
        return
    from letheia.presets.world import search_rates

    found = search_rates(values, output, draws=draws, rates=rates, every=every, bars=TerminalBars(make_console()))
    print(f"{'method':<18}{'rate':>8}{'USR':>6}{'strict':>8}{'attributes':>12}{'retained right':>16}  USR of each draw")
    for trial in found:
        each = " ".join(f"{usr:.1f}" for usr in trial.usr_each)
        print(
            f"{trial.method:<18}{trial.rate:>8g}{trial.usr:>6.2f}{trial.usr_strict:>8.2f}{trial.attributes:>12.2f}"
            f"{trial.retained_right:>16.2f}  {each}{'  <- chosen' if trial.chosen else ''}"
        )


def _on_people(
    values: dict[str, Any],
    people: Path,
    output: Path,
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
