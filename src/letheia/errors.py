"""Problems that the user can solve: each error says what, where, and what to do next."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")


class LetheiaError(Exception):
    """A problem the user can solve; the CLI prints the message alone and exits with code 2."""


class ConfigError(LetheiaError):
    """An option or a field of a configuration has an impossible value."""


class DataError(LetheiaError):
    """A file of a people folder, or an image, can't be used."""


class CheckpointError(LetheiaError):
    """A model, an adapter or a training state is missing, damaged or of another run."""


class ClientError(LetheiaError):
    """A server can't be reached, or lacks what is asked for."""


class OutputError(LetheiaError):
    """A result can't be written."""


def first_line(error: BaseException) -> str:
    """A library's error message in one line; its type if there is no message.

    >>> first_line(ValueError("no such layer")), first_line(KeyError())
    ('no such layer', 'KeyError')
    """
    lines = [line.strip() for line in str(error).strip().splitlines()]
    if not lines:
        return type(error).__name__
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])[:300]


def unknown(kind: str, value: str, choices: Iterable[str], *, place: str = "") -> ConfigError:
    """The error for a value that is none of the choices, with the nearest one suggested, and where it stands.

    >>> str(unknown("method", "pubgg", ["ga", "pubg"]))
    "unknown method 'pubgg': did you mean 'pubg'? Choose from ga, pubg."
    """
    options = list(choices)
    near = difflib.get_close_matches(value, options, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    at = f"{place}: " if place else ""
    return ConfigError(f"{at}unknown {kind} '{value}': {hint}Choose from {', '.join(options)}.")


def pick(kind: str, name: str, table: Mapping[str, Row]) -> Row:
    """A table's row by its name.

    Raises:
        ConfigError: There is none; the nearest is suggested.

    >>> pick("method", "ga", {"ga": 1})
    1
    """
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def check_slip(kind: str, value: str, choices: Iterable[str]) -> None:
    """Make sure that a value which may be anything, such as a model's name, is no choice with a slip of the pen.

    Raises:
        ConfigError: It is nearly one of the choices, and none.

    >>> check_slip("judge", "gpt-4.1-mini", ["exact", "none"])
    """
    options = list(choices)
    if value not in options and difflib.get_close_matches(value, options, n=1, cutoff=0.75):
        raise unknown(kind, value, options)
