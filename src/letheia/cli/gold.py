"""The command that makes a gold model."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import Anyway, DryRun, rate_of, show_forecast, tell
from letheia.cli.settings import LOAD, TRAIN, Given, configured
from letheia.config import merged
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError


@configured("model", "forget", *TRAIN, "seed", "max_new_tokens", "prompts", *LOAD)
def gold(
    given: Given,
    people: Annotated[Path, typer.Option(help="People folder with the people to forget.")],
    output: Annotated[Path, typer.Option(help="Folder for the adapter, which 'letheia audit --gold' takes.")],
    retain: Annotated[
        Path | None, typer.Option(help="People folder with the people to keep; if left out, everybody else.")
    ] = None,
    learning_rate: Annotated[
        str | None, typer.Option("--learning-rate", "--rate", help="AdamW's rate; if left out, 2e-4.")
    ] = None,
    anyway: Anyway = False,
    dry_run: DryRun = False,
) -> None:
    """Teach a base that never had the people to forget everybody else: what an audit compares a removal with."""
    if not given.config.forget:  # before a folder is read
        raise ConfigError("nobody to leave out. Name the people to forget with --forget.")
    from letheia.data.wordings import people_for
    from letheia.study.gold import METHOD, adapter_of, train_gold
    from letheia.study.request import request, told_before

    keep = people_for(retain, given.config) if retain else None
    everybody, split = request(people_for(people, given.config), given.config.forget, keep=keep)
    tell(told_before(everybody, split, keep=keep))
    values = merged(given.values, {"methods": (METHOD,), "checked": False, "clip": None})
    if learning_rate:
        values = merged(values, {"train": {"learning_rate": rate_of(learning_rate)}})
    from letheia.study.build import removal_study

    make = partial(removal_study, values, everybody, split, output, bars=TerminalBars(make_console()))
    if dry_run:
        show_forecast(make(planned=True), split)
        return
    print(train_gold(make(anyway=anyway)).told)
    print(f"Adapter: {adapter_of(output)}")
    print(f"Gold: letheia audit … --gold {output}")
