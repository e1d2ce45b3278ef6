"""Commands on a model as it is or with adapters: whom it knows, what it says, a plain checkpoint; and the doctor."""

from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import (
    Adapters,
    Attn,
    Device,
    DryRun,
    Dtype,
    FourBit,
    MaxNewTokens,
    ModelName,
    Revision,
    given,
    load_options,
    show_forecast,
    tell,
)
from letheia.console import TerminalBars, make_console
from letheia.files import holding


def probe(
    people: Annotated[Path, typer.Option(help="The people folder.")],
    output: Annotated[Path, typer.Option(help="Folder for the answers and the draw.")],
    model: ModelName = "mistral",
    draw: Annotated[int, typer.Option(min=2, help="How many recognised people to draw.")] = 25,
    n: Annotated[int, typer.Option(min=1, help="How many of them to forget.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    max_new_tokens: MaxNewTokens = None,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
    dry_run: DryRun = False,
) -> None:
    """Ask the original about everybody, by picture or by name: whom does it recognise? Then draw whom to forget."""
    from letheia.data.notices import before_asking
    from letheia.data.wordings import people_for
    from letheia.study.plan import candidates
    from letheia.types import Split

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    folder = people_for(people, model, load)
    tell(before_asking(folder))
    from letheia.study.build import plain_study
    from letheia.study.knowledge import alarms
    from letheia.study.run import claim, draw_people
    from letheia.study.run import probe as ask_original

    values = given(load=load, people=draw, n=n, seed=seed, max_new_tokens=max_new_tokens)
    study = plain_study(model, folder, output, bars=TerminalBars(make_console()), values=values, planned=dry_run)
    if dry_run:
        show_forecast(study, Split(forget=(), retain=candidates(study.config, folder)))
        return
    with holding(output):
        claim(study, study.config.key)
        found = ask_original(study)
        print(f"recognised: {len(found.known)} of {len(candidates(study.config, folder))}")
        for entity in found.known:
            print(f"  {entity.name}")
        if found.unknown:
            print(f"not recognised: {len(found.unknown)}")
            for finding in found.unknown:
                print(f"  {finding.entity.name}: {finding.why}")
        print(alarms(found))
        split = draw_people(study)
    print("to forget: " + ", ".join(e.name for e in split.forget))
    print(f"answers: {output / 'probe.jsonl'}   draw: {output / 'split.json'}")


def merge(
    adapter: Annotated[Path, typer.Option(help="Folder of an adapter.", exists=True, file_okay=False)],
    output: Annotated[Path, typer.Option(help="Folder for the merged checkpoint.")],
    model: ModelName = "mistral",
    revision: Revision = None,
    dtype: Annotated[str | None, typer.Option(help="Type of the merged weights; the checkpoint's if left out.")] = None,
    device: Device = None,
) -> None:
    """Write a plain checkpoint that has an adapter's changes in its weights."""
    load = load_options(revision, dtype, device, None, four_bit=False)
    from letheia.models.loading import stored_dtype
    from letheia.models.saving import save_merged
    from letheia.models.shipped import resolve_model, source_of

    if load.dtype is None:
        load = load.model_copy(update={"dtype": stored_dtype(source_of(model), load)})
    save_merged(resolve_model(model, load), adapter, output)
    print(f"merged checkpoint: {output}")


def ask(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    question: Annotated[str, typer.Argument(help="What to ask about it.")],
    adapters: Adapters = None,
    model: ModelName = "mistral",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Length limit of an answer.")] = 128,
    revision: Revision = None,
    dtype: Dtype = None,
    device: Device = None,
    attn: Attn = None,
    four_bit: FourBit = False,
) -> None:
    """Ask the original and unlearned models about a picture, side by side."""
    from letheia.pictures import read_image

    load = load_options(revision, dtype, device, attn, four_bit=four_bit)
    read_image(image)  # before a model is loaded
    from letheia.models.shipped import resolve_model
    from letheia.study.ask import ask_all

    loaded = resolve_model(model, load)
    for name, answer in ask_all(loaded, image, question, adapters or [], max_new_tokens=max_new_tokens):
        print(f"{name}: {answer}")


def doctor() -> None:
    """What is installed, which device there is, which keys are set, and what is missing for what."""
    from letheia.cli.doctor import findings

    for name, found in findings():
        print(f"{name:<22}{found}", flush=True)
