"""The command that serves models on this machine: a playground in the browser, and OpenAI's chat protocol."""

import importlib.util
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from letheia.cli.options import Adapters
from letheia.cli.settings import LOAD, Given, configured
from letheia.console import TerminalBars, make_console
from letheia.errors import ConfigError

NEEDED = ("starlette", "uvicorn")


@configured("model", "prompts", *LOAD)
def serve(
    given: Given,
    adapters: Adapters = None,
    people: Annotated[
        Path | None, typer.Option(help="People folder to choose from; the built-in world's people if left out.")
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            help="Never taught the people to forget: a checkpoint, or what 'letheia gold' made.", file_okay=False
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Folder for questions that you add to your audit, and the world's pictures.")
    ] = Path("runs/serve"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 for any that is free.")] = 8765,
    browser: Annotated[bool, typer.Option("--open", help="Open the playground in the browser.")] = False,
) -> None:
    """Try a removal in the browser: original, gold and adapters side by side; and answer OpenAI's chat protocol."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(f"serve: {missing[0]} is not installed. Run 'pip install letheia[serve]'.")
    from letheia.serve.server import address, bound

    with bound(port) as at:  # before anything is loaded
        from letheia.presets.serve import open_playground
        from letheia.serve.app import application
        from letheia.serve.server import server

        bars = TerminalBars(make_console())
        with open_playground(
            given.config, output, people=people, adapters=adapters or [], gold=gold, bars=bars
        ) as playground:
            served = playground.served
            print(f"models: {', '.join(served.names)}")
            if not adapters:
                print(
                    "no adapter to compare with: 'letheia demo' makes one; give it as --adapter runs/demo/pubg/adapter"
                )
            print(f"playground: {address(at)}   protocol: {address(at)}/v1   stop with Ctrl-C", flush=True)
            if browser:
                webbrowser.open(address(at))
            server(application(served, playground.routes)).run(sockets=[at])
