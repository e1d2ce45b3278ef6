"""Prompts and rubrics as text files, which a user may replace with files of their own."""

from importlib.resources import files
from pathlib import Path

from letheia.errors import DataError


def read_prompt(name: str, *, folder: Path | None = None) -> str:
    """The text of a prompt, from the user's folder if it has one of that name, else Letheia's own.

    Args:
        name: `question`, `guidance`, `refusals`, …
        folder: The user's folder of replacements.

    Raises:
        DataError: The replacement is empty or can't be read.
    """
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


def guided(question: str, *, words: bool = False, folder: Path | None = None) -> str:
    """The question followed by the in-context guidance prompt (paper, section 3.2).

    Args:
        question: What is asked.
        words: Whether the question itself says who is meant, without a picture; it has a guidance prompt of its own.
        folder: The user's folder of replacements.
    """
    return f"{question}\n{read_prompt('guidance_words' if words else 'guidance', folder=folder)}"
