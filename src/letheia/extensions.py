"""Rows from outside the package, from a file of the user's or an installed package: only what was named is executed.

A row in a file is named as `FILE.py:NAME`; one of a package by the name of its entry point, whose names are listed from
metadata, without loading anything.
"""

import difflib
import importlib.metadata
import inspect
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from letheia.errors import ConfigError, first_line
from letheia.files import fingerprint

R = TypeVar("R")
IN_FILE = re.compile(r"(?P<file>.+\.py)(:(?P<name>.*))?", re.DOTALL)
NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")
"""What a row of one's own may be called: its results lie in a folder of that name."""


@dataclass(frozen=True)
class Origin:
    """Where a row from outside is from.

    Attributes:
        text: As it was named; another process that is told it finds the same row. Empty for a row made in Python.
        code: Fingerprint of the text of its file; of a package its version too.
    """

    text: str
    code: str


@dataclass(frozen=True)
class Module:
    """A file that was executed, once a process."""

    content: ModuleType
    code: str

    def has_own(self, name: str, value: Any) -> bool:
        """Whether a name of it is for others to use: no private one, no function that it imports."""
        return not name.startswith("_") and (not callable(value) or value.__module__ == self.content.__name__)


_modules: dict[Path, Module] = {}


def from_file(text: str, kind: type[R], what: str, wanted: str) -> tuple[R, Origin]:
    """The row that `FILE.py:NAME` names; the file is executed.

    Args:
        text: As it was named.
        kind: What it must be.
        what: What it is called in messages, such as `method`.
        wanted: How one is written.

    Raises:
        ConfigError: There is no such file or row, the file has an error, or it is something else.
    """
    found = IN_FILE.fullmatch(text)
    assert found
    file, name = Path(found["file"]), found["name"]
    module = _module(file)
    rows = [n for n, value in vars(module.content).items() if isinstance(value, kind) and module.has_own(n, value)]
    if not name:
        raise ConfigError(f"{text}: name the {what} in it, as {file}:{rows[0] if rows else 'NAME'}.")
    if name not in vars(module.content):
        near = difflib.get_close_matches(name, rows, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        listed = f"Choose from {', '.join(rows)}." if rows else f"It has no {what}; one is written as {wanted}."
        raise ConfigError(f"{file}: has no '{name}': {hint}{listed}")
    value = getattr(module.content, name)
    if not isinstance(value, kind):
        raise ConfigError(f"{file}: '{name}' is of type {type(value).__name__}, no {what}; one is written as {wanted}.")
    return value, Origin(text, module.code)


def _module(file: Path) -> Module:
    """Execute a file, unless this process has. What is hashed is what is executed; nothing is written beside it."""
    place = file.resolve()
    if place in _modules:
        return _modules[place]
    try:
        source = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: can't be read ({error.strerror}). Give the file as FILE.py:NAME.") from error
    module = ModuleType(f"letheia_extension_{len(_modules)}_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # dataclasses and pickle look there
    try:
        exec(compile(source, str(file), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise ConfigError(f"{where(error, str(file))}: {type(error).__name__}: {first_line(error)}.") from error
    _modules[place] = Module(module, fingerprint(source.decode(errors="replace")))
    return _modules[place]


def where(error: BaseException, file: str = "") -> str:
    """The file and line in which an error arose: the innermost of that file, or of all files.

    >>> where(SyntaxError("bad", ("mine.py", 3, 1, "x")))
    'mine.py:3'
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == file] or list(frames)
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else file


def packaged(group: str) -> list[str]:
    """The names of rows that installed packages bring, from metadata alone."""
    return sorted({entry.name for entry in importlib.metadata.entry_points(group=group)})


def from_package(name: str, group: str, kind: type[R], what: str) -> tuple[R, Origin]:
    """The row that an installed package brings under a name, which must be in `packaged(group)`; it is imported.

    Raises:
        ConfigError: Two packages bring it, it can't be imported, or it is something else.
    """
    entries = list(importlib.metadata.entry_points(group=group, name=name))
    owners = ", ".join(sorted(f"{e.dist.name} {e.dist.version}" if e.dist else e.value for e in entries))
    if len(entries) != 1:
        raise ConfigError(f"{what} '{name}': comes from several packages: {owners}. Uninstall all but one.")
    try:
        value: Any = entries[0].load()
    except (Exception, SystemExit) as error:
        told = f"{where(error)}: {type(error).__name__}: {first_line(error)}"
        raise ConfigError(f"{what} '{name}' of {owners}: can't be imported ({told}).") from error
    if not isinstance(value, kind):
        raise ConfigError(f"{what} '{name}' of {owners}: {entries[0].value} is no {what}.")
    file = sys.modules[entries[0].module].__file__
    return value, Origin(name, fingerprint([owners, Path(file).read_bytes().hex() if file else ""]))


def code_of(function: Callable[..., Any]) -> str:
    """Fingerprint of the file that a function is written in; of what it does where there is none, as at a prompt."""
    try:
        return fingerprint(Path(inspect.getsourcefile(inspect.unwrap(function)) or "").read_text(encoding="utf-8"))
    except (TypeError, OSError, UnicodeDecodeError):
        code = getattr(function, "__code__", None)
        return fingerprint([code.co_code.hex(), repr(code.co_consts), code.co_names]) if code else repr(function)


def check_name(name: str, what: str, place: str) -> None:
    """Whether a row may be called so.

    Raises:
        ConfigError: It may not.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{place}: the {what}'s name {name!r} must have only lower-case letters, digits, - and _, and begin with a "
            "letter."
        )
