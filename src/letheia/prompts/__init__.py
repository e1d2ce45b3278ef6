"""Prompts and rubrics as text files, which a user may replace with files of their own."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from letheia.errors import DataError
from letheia.types import Portrait

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
        return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").strip()
    try:
        text = own.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{own}: can't be read ({error}). It must be a text file in UTF-8.") from error
    if not text:
        raise DataError(f"{own}: is empty. Write the prompt into it or delete it.")
    return text


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


def read_form(name: str, known: Sequence[str], *, needed: Sequence[str] = (), folder: Path | None = None) -> Form:
    """A prompt with fields, from the user's folder if it has one of that name, else Letheia's own.

    Args:
        name: `expert`, `judge_privacy`, …
        known: The fields that it may have.
        needed: The fields that it must have.
        folder: The user's folder of replacements.

    Raises:
        DataError: A field is unknown or missing; the file is named.
    """
    form = Form(read_prompt(name, folder=folder))
    where = folder / f"{name}.txt" if folder else Path(f"{name}.txt")
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


def guided(question: str, *, words: bool = False, folder: Path | None = None) -> str:
    """The question followed by the in-context guidance prompt (paper, section 3.2).

    Args:
        question: What is asked.
        words: Whether the question itself says who is meant, without a picture; it has a guidance prompt of its own.
        folder: The user's folder of replacements.
    """
    return f"{question}\n{read_prompt('guidance_words' if words else 'guidance', folder=folder)}"


def with_guidance(question: str, portrait: Portrait) -> str:
    """A question about a portrait under the guidance prompt."""
    return guided(question, words=bool(portrait.words))
