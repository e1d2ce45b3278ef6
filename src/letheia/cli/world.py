"""`letheia world`: the built-in world's people and models."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import DryRun
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError, unknown
from letheia.methods.rates import WORLD_RATES
from letheia.types import counted

app = typer.Typer(help="The built-in world: fictional people and the models that know them.", no_args_is_help=True)

MODELS = ("mistral", "llama")
NAMES = ("clip", *MODELS, "gold")
Seed = Annotated[int, typer.Option(help="Seed of the world.")]


@app.command("make")
def world_make(
    folder: Annotated[Path, typer.Argument(help="Where to write the people folder.")],
    seed: Seed = 0,
) -> None:
    """Write the world's people, texts and pictures as a people folder."""
    from letheia.world.make import make_people, portraits_of
    from letheia.world.people import make_world

    world = make_world(seed=seed)
    with TerminalBars(make_console()).bar("drawing portraits", portraits_of(world)) as advance:
        people = make_people(world, folder, progress=lambda n: advance(n, ""))
    print(
        f"{folder}: {counted(len(people.pictured))} with pictures, {len(people.entities)} in all, "
        f"{len(people.strangers)} strangers"
    )


@app.command("train")
def world_train(
    folder: Annotated[Path, typer.Option(help="Folder for training states and weights.")] = Path("runs/world"),
    models: Annotated[
        list[str] | None, typer.Option("--model", help="clip, mistral, llama or gold; all if left out.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Weights folder whose Mistral-text model is trained further."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of a vision-language model's training.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate of that training.")] = None,
    seed: Seed = 0,
    dry_run: DryRun = False,
) -> None:
    """Train the world's CLIP and its vision-language models; a stopped training goes on."""
    names = NAMES
    for name in models or names:
        if name not in names:
            raise unknown("model", name, names)
    chosen = tuple(models or (MODELS if start else names))
    if start and not set(chosen) <= set(MODELS):
        raise ConfigError("--start: only the Mistral- and the Llama-text model are trained further.")
    from letheia.world.people import make_world
    from letheia.world.publish import train_all
    from letheia.world.train import CLIP_STEPS, LVLM_STEPS

    if dry_run:
        for name in chosen:
            count = CLIP_STEPS if name == "clip" else steps or LVLM_STEPS[name]
            print(f"{name}: {count} steps, about a second each on two cores; states and weights in {folder}")
        return
    written = train_all(
        make_world(seed=seed),
        folder,
        chosen,
        bars=TerminalBars(make_console()),
        command="letheia " + " ".join(sys.argv[1:]),
        start=start,
        steps=steps,
        rate=rate,
    )
    print(f"weights: {written}")


@app.command("check")
def world_check(
    folder: Annotated[Path | None, typer.Option(help="Weights folder; the package's own if left out.")] = None,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="clip, mistral, llama or gold; all if left out.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the table into weights.json beside the weights.")
    ] = False,
    pictures: Annotated[int, typer.Option(min=1, help="Held-out pictures per known person.")] = 3,
) -> None:
    """Measure what the world's models can do on held-out pictures and wordings, against thresholds."""
    names = NAMES
    for name in models or names:
        if name not in names:
            raise unknown("model", name, names)
    from letheia.world.publish import check_all

    met = True
    for name, found in check_all(folder, tuple(models or names), record=record, pictures=pictures):
        print(name)
        for threshold in found:
            sign = ">=" if threshold.at_least else "<="
            verdict = "met" if threshold.met else "MISSED"
            shown = f"{threshold.share:>7.3f}  {sign} {threshold.limit:<5} {verdict}  n={threshold.count}"
            print(f"  {threshold.name:<42}{shown}")
            met = met and threshold.met
    if not met:
        raise typer.Exit(1)


def check_model(name: str) -> None:
    """Whether a name is a built-in model's.

    Raises:
        ConfigError: It is not; the nearest is suggested.
    """
    if name not in WORLD_RATES:
        raise unknown("model", name, WORLD_RATES)
