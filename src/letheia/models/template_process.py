"""Renders a chat template in a process of its own: a template is a program by a stranger, and may never end.

It is started by `templates.py`, knows jinja2 alone, and writes what each conversation became, or why it became nothing.
"""

import contextlib
import json
import sys
from datetime import datetime
from typing import Any, NoReturn

import jinja2.ext
import jinja2.nodes
from jinja2 import TemplateError
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 2  # of computing; a template takes some thousandths of one
MEMORY = 2**30
LONGEST = 100_000  # characters of a conversation; the longest templates write some thousands


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what the model said; it changes nothing."""

    tags = {"generation"}  # noqa: RUF012 (jinja2's own form)

    def parse(self, parser: Parser) -> list[jinja2.nodes.Node]:
        """The block's inside, as it is."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def main() -> None:
    """Read a template with conversations, write a list of texts and errors."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.load(sys.stdin)
    print(json.dumps([render(asked["template"], values) for values in asked["conversations"]]))


def render(template: str, values: dict[str, Any]) -> dict[str, str]:
    """One conversation, with what transformers gives to a template."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals |= {"raise_exception": _refuse, "strftime_now": lambda form: datetime.now().strftime(form)}
    try:
        text = environment.from_string(template).render(**values)
    except (Exception, RecursionError) as error:
        lines = str(error).strip().splitlines()
        return {"error": f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__}
    return {"text": text} if len(text) <= LONGEST else {"error": f"it writes {len(text):,} characters"}


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


if __name__ == "__main__":
    main()
