"""Commands on whole studies: run a grid, print its tables."""

from pathlib import Path
from typing import Annotated

import typer

from letheia.console import TerminalBars, make_console


def run(
    preset: Annotated[str, typer.Argument(help="world/study.")],
    output: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/study"),
    models: Annotated[list[str] | None, typer.Option("--model", help="Base model; repeat for several.")] = None,
    methods: Annotated[list[str] | None, typer.Option("--method", help="Method; repeat for several.")] = None,
    counts: Annotated[
        list[int] | None, typer.Option("--n", help="How many people to forget; repeat for several.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many draws of people.")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what there is to do, and stop.")] = False,
) -> None:
    """Run a ready-made study; what is done is skipped, so that a stopped run goes on."""
    from letheia.study.presets import plan_world_grid, run_world_grid

    wanted = {"models": models, "methods": methods, "counts": counts, "seeds": seeds}
    cells = plan_world_grid({k: v for k, v in wanted.items() if v})
    if dry_run:
        for cell in cells:
            print(f"{'done' if cell.is_done(output) else 'to do':<6} {cell.name}: {', '.join(cell.config.methods)}")
        return
    run_world_grid(cells, output, jobs=jobs, bars=TerminalBars(make_console()))
