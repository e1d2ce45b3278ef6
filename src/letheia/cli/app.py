"""The command line: parse, call, print."""

import importlib.metadata
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from letheia.cli import audit, gold, models, rates, removal, serve, sign, study, world
from letheia.cli import people as people_commands
from letheia.clients.endpoint import scrubbed
from letheia.errors import LetheiaError

ORDER = (
    *("demo", "people", "probe", "unlearn", "audit", "ask", "evaluate", "serve", "gold", "rates"),
    *("run", "table", "report", "merge", "sign", "verify", "doctor", "world"),
)
"""Commands as a request needs them, one after the other; then studies, and what is seldom wanted."""


class InOrder(TyperGroup):
    """Commands in the order of `ORDER`; what it does not list comes last."""

    def __init__(self, *, commands: Any = None, **settings: Any) -> None:
        """Sort the commands once."""
        places = {name: place for place, name in enumerate(ORDER)}
        names = sorted(commands or (), key=lambda name: places.get(name, len(places)))
        super().__init__(commands={name: commands[name] for name in names}, **settings)


app = typer.Typer(
    cls=InOrder,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    study.demo,
    removal.unlearn,
    removal.evaluate,
    audit.audit,
    gold.gold,
    rates.rates,
    study.run,
    study.table,
    study.report,
    models.probe,
    models.merge,
    models.ask,
    sign.sign,
    sign.verify,
    serve.serve,
    models.doctor,
):
    app.command()(command)


def show_version(wanted: bool) -> None:
    """Print the version and stop, if it is asked for."""
    if wanted:
        print(f"letheia {importlib.metadata.version('letheia')}")
        raise typer.Exit


@app.callback()
def letheia(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Remove people from large vision-language models, and show what the model says instead."""


app.add_typer(world.app, name="world")
app.add_typer(people_commands.app, name="people")


def run() -> None:
    """Run the command line; a problem the user can solve is one line and exit code 2."""
    code: object = 0
    try:
        code = app(prog_name="letheia", standalone_mode=False)
    except LetheiaError as error:
        _fail(str(error))
    except typer.TyperException as error:
        if not error.format_message():  # a group without a command has printed its help
            sys.exit(2)
        said = error.format_message().rstrip(".")
        _fail(f"{said}{'' if said.endswith('?') else '.'} See 'letheia --help'.")
    except (KeyboardInterrupt, typer.Abort):
        print("stopped; run the same command again to go on", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror or error}. Free some space or choose another --output.")
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> NoReturn:
    print(f"letheia: {scrubbed(message)}", file=sys.stderr)
    sys.stderr.flush()
    sys.exit(2)


os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
