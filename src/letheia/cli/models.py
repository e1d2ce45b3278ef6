"""Commands on a model as it is or with adapters: whom it knows, what it says, a plain checkpoint; and the doctor."""

from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import Adapters, DryRun, show_forecast, tell
from letheia.cli.settings import LOAD, Given, configured
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError


@configured("model", "draw", "n", "seed", "max_new_tokens", "prompts", *LOAD)
def probe(
    given: Given,
    people: Annotated[Path, typer.Option(help="The people folder.")],
    output: Annotated[Path, typer.Option(help="Folder for the answers and the draw.")],
    dry_run: DryRun = False,
) -> None:
    """Ask the model about everybody, list whom it recognises, and draw people to forget."""
    from letheia.data.notices import before_asking
    from letheia.data.wordings import people_for
    from letheia.study.plan import candidates
    from letheia.types import Split

    folder = people_for(people, given.config)
    tell(before_asking(folder))
    from letheia.presets.removal import drawn, recognised
    from letheia.study.build import plain_study
    from letheia.study.knowledge import alarms

    study = plain_study(given.values, folder, output, bars=TerminalBars(make_console()), planned=dry_run)
    if dry_run:
        show_forecast(study, Split(forget=(), retain=candidates(study.config, folder)))
        return
    found = recognised(study)
    print(f"recognised: {len(found.known)} of {len(candidates(study.config, folder))}")
    for entity in found.known:
        print(f"  {entity.name}")
    if found.unknown:
        print(f"not recognised: {len(found.unknown)}")
        for finding in found.unknown:
            print(f"  {finding.entity.name}: {finding.why}")
    print(alarms(found))
    print("to forget: " + ", ".join(e.name for e in drawn(study).forget))
    print(f"answers: {output / 'probe.jsonl'}   draw: {output / 'split.json'}")


@configured("model", "revision", "dtype", "device")
def merge(
    given: Given,
    adapter: Annotated[Path, typer.Option(help="Folder of an adapter.", exists=True, file_okay=False)],
    output: Annotated[Path, typer.Option(help="Folder for the merged checkpoint.")],
) -> None:
    """Write a plain checkpoint that has an adapter's changes in its weights, in the checkpoint's own type."""
    from letheia.models.loading import stored_dtype
    from letheia.models.saving import save_merged
    from letheia.models.shipped import resolve_model, source_of

    load, model = given.config.load, given.config.model
    if load.four_bit:
        raise ConfigError("load.four_bit: an adapter is merged into whole weights. Leave it out.")
    if load.dtype is None:
        load = load.model_copy(update={"dtype": stored_dtype(source_of(model), load)})
    save_merged(resolve_model(model, load), adapter, output)
    print(f"merged checkpoint: {output}")


@configured("model", "max_new_tokens", *LOAD)
def ask(
    given: Given,
    image: Annotated[Path, typer.Argument(help="A picture.")],
    question: Annotated[str, typer.Argument(help="What to ask about it.")],
    adapters: Adapters = None,
) -> None:
    """Ask the original and unlearned models about a picture, and print their answers side by side."""
    from letheia.pictures import read_image

    read_image(image)  # before a model is loaded
    from letheia.models.shipped import resolve_model
    from letheia.study.ask import ask_all

    loaded = resolve_model(given.config.model, given.config.load)
    limit = given.config.max_new_tokens if "max_new_tokens" in given.values else loaded.answer_limit
    for name, answer in ask_all(loaded, image, question, adapters or [], max_new_tokens=limit):
        print(f"{name}: {answer}")


def doctor() -> None:
    """Show what is installed, which device there is, which keys are set, and what is missing."""
    from letheia.cli.doctor import findings

    for name, found in findings():
        print(f"{name:<22}{found}", flush=True)
