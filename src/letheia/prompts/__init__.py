"""Prompts and rubrics as text files, which a user may replace with files of their own."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from letheia.errors import DataError

_FIELD = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")


def read_prompt(name: str, *, folder: Path | None = None) -> str:
    """The text of a prompt, from the user's folder if it has one of that name, else Letheia's own.

    Args:
        name: `question`, `guidance`, `refusals`, …
        folder: The user's folder of replacements.

    Raises:
        DataError: The replacement is empty or can't be read.
    """
    if folder and not folder.is_dir():
        raise DataError(f"{folder}: is no folder. Put prompts of your own into it as text files, or leave it out.")
    own = folder / f"{name}.txt" if folder else None
    if own is None or not own.exists():
        return _shipped(name)
    try:
        text = own.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{own}: can't be read ({error}). It must be a text file in UTF-8.") from error
    if text.startswith("\ufeff"):
        raise DataError(
            f"{own}: begins with a byte order mark, which a model would read. Save it as UTF-8 without one."
        )
    if not text:
        raise DataError(f"{own}: is empty. Write the prompt into it or delete it.")
    return text


@cache
def _shipped(name: str) -> str:
    return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").strip()


def shipped() -> list[str]:
    """The names of all prompts."""
    return sorted(file.name.removesuffix(".txt") for file in files(__name__).iterdir() if file.name.endswith(".txt"))


@dataclass(frozen=True)
class Form:
    """A prompt with fields such as `$name` to fill in.

    >>> Form("Does $name earn $5,000?").fill({"name": "Una $Varga"})
    'Does Una $Varga earn $5,000?'
    """

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in it."""
        found = (m["name"] or m["braced"] for m in _FIELD.finditer(self.text))
        return tuple(dict.fromkeys(name for name in found if name))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with each field's value; what values hold is text, and a dollar sign before anything else too."""
        return _FIELD.sub(lambda m: "$" if m["dollar"] else values[m["name"] or m["braced"]], self.text)


def checked_form(text: str, where: str, known: Sequence[str], *, needed: Sequence[str] = ()) -> Form:
    """A prompt whose fields are those that it may and must have.

    Args:
        text: The prompt.
        where: Where it stands, for an error.
        known: The fields that it may have.
        needed: The fields that it must have.

    Raises:
        DataError: A field is unknown or missing.
    """
    form = Form(text)
    for field in form.fields:
        if field not in known:
            near = difflib.get_close_matches(field, known, n=1)
            hint = f"did you mean ${near[0]}? " if near else ""
            listed = ", ".join(f"${k}" for k in known)
            raise DataError(f"{where}: ${field} is unknown; {hint}There are {listed}; a dollar sign is written $$.")
    for field in needed:
        if field not in form.fields:
            raise DataError(f"{where}: has no ${field}. Write ${field} where it belongs.")
    return form
