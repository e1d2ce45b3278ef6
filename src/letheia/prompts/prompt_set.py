"""What a study says to a model and trains on in place of an answer: every text, and each may be a user's own."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from letheia.errors import DataError, unknown
from letheia.frozen import Frozen
from letheia.prompts import checked_form, read_prompt, shipped
from letheia.types import Portrait

RUBRICS = ("privacy", "inform", "hall")
FIELDS = {
    **{f"judge_{name}": (("name", "summary", "response", "fence"), "response") for name in RUBRICS},
    "expert": (("name", "summary", "question", "number", "count"), "name"),
    "wordings": (("name",), "name"),
    "train_claims": (("name",), "name"),
    "train_names": (("name",), "name"),
    "train_begun_names": (("name",), "name"),
}
"""Of prompts that have something to fill in: the fields that they may have, and the one that they must have."""
TRAINED = ("train_open", "train_specific", "train_claims", "train_names", "train_begun", "train_begun_names")
"""What only some methods train on, and so is in the key of no other's results."""
LISTS = ("wordings", "train_claims", "train_names", "train_begun_names")
"""Prompts of which each line has something to fill in."""


def _lines(value: object) -> object:
    """Lines of a text, or a list as it is."""
    return tuple(line for line in value.splitlines() if line.strip()) if isinstance(value, str) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]


class PromptSet(Frozen):
    """The prompts of a study; what is left out is Letheia's own.

    Attributes:
        question: What is asked in training and evaluation.
        asked: Further questions of the evaluation, by the name of the way of asking.
        guidance: What the original is told in context, so that it behaves as the unlearned model should (paper 3.2).
        guidance_words: The same for a model without vision, which is asked about people by name.
        refusals: What REJECT trains on; one a line.
        wordings: Questions with `$name` for a model without vision; the first is trained on, the others are measured.
        unknown: What stands in for an o* that the original can't give.
        unknown_words: The same for a model without vision.
        rubrics: What an LVLM judge is asked, by judge.
        expert: What an expert LVLM is asked for responses.
        train_open: Further wordings of the question, for methods that train on them.
        train_specific: Questions about a picture that a word or two answer; the first asks for the name.
        train_claims: Questions with `$name` that yes or no answers.
        train_names: Questions with `$name` that are asked without a picture.
        train_begun: How answers about a picture are made to begin.
        train_begun_names: The same with `$name`, for answers to questions that are asked without a picture.
    """

    question: str = Field(default_factory=lambda: read_prompt("question"))
    asked: dict[str, str] = Field(default_factory=dict)
    guidance: str = Field(default_factory=lambda: read_prompt("guidance"))
    guidance_words: str = Field(default_factory=lambda: read_prompt("guidance_words"))
    refusals: Lines = Field(default_factory=lambda: tuple(read_prompt("refusals").splitlines()))
    wordings: Lines = Field(default_factory=lambda: tuple(read_prompt("wordings").splitlines()))
    unknown: Lines = Field(default_factory=lambda: tuple(read_prompt("unknown").splitlines()))
    unknown_words: Lines = Field(default_factory=lambda: tuple(read_prompt("unknown_words").splitlines()))
    rubrics: dict[str, str] = Field(default_factory=lambda: {n: read_prompt(f"judge_{n}") for n in RUBRICS})
    expert: str = Field(default_factory=lambda: read_prompt("expert"))
    train_open: Lines = Field(default_factory=lambda: tuple(read_prompt("train_open").splitlines()))
    train_specific: Lines = Field(default_factory=lambda: tuple(read_prompt("train_specific").splitlines()))
    train_claims: Lines = Field(default_factory=lambda: tuple(read_prompt("train_claims").splitlines()))
    train_names: Lines = Field(default_factory=lambda: tuple(read_prompt("train_names").splitlines()))
    train_begun: Lines = Field(default_factory=lambda: tuple(read_prompt("train_begun").splitlines()))
    train_begun_names: Lines = Field(default_factory=lambda: tuple(read_prompt("train_begun_names").splitlines()))

    @classmethod
    def read(cls, folder: Path | None) -> Self:
        """The prompts with a folder's replacements, each a text file by the name of the prompt.

        Raises:
            DataError: A file can't be read, is empty, begins with a byte order mark, or replaces nothing.
        """
        return cls.create(read_folder(folder)) if folder else cls()

    @field_validator("question", "guidance", "guidance_words")
    @classmethod
    def _written(cls, text: str) -> str:
        return _checked(text)

    @field_validator("refusals", "wordings", "unknown", "unknown_words", *TRAINED)
    @classmethod
    def _each_written(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        if not texts:
            raise ValueError("is empty; leave it out to have Letheia's own")
        return tuple(map(_checked, texts))

    @field_validator("asked")
    @classmethod
    def _named(cls, asked: dict[str, str]) -> dict[str, str]:
        if "plain" in asked:
            raise ValueError("'plain' is the study's own question; give another name")
        for name in asked:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
                raise ValueError(f"'{name}' is no name; use small letters, digits, - and _")
        return {name: _checked(text) for name, text in asked.items()}

    @field_validator(*LISTS)
    @classmethod
    def _with_name(cls, texts: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        name = str(info.field_name)
        return tuple(_filled(text, name, f"{name}: {text!r}") for text in texts)

    @field_validator("expert")
    @classmethod
    def _about_somebody(cls, text: str) -> str:
        return _filled(_checked(text), "expert", "expert")

    @field_validator("rubrics")
    @classmethod
    def _with_fields(cls, rubrics: dict[str, str]) -> dict[str, str]:
        for name, text in rubrics.items():
            if name not in RUBRICS:
                raise unknown("rubric", name, RUBRICS)
            _filled(_checked(text), f"judge_{name}", f"rubrics.{name}")
        return {name: rubrics.get(name) or read_prompt(f"judge_{name}") for name in RUBRICS}

    @property
    def changed(self) -> dict[str, Any]:
        """The texts that are not Letheia's own."""
        own = type(self)().model_dump()
        return {name: value for name, value in self.model_dump().items() if value != own[name]}

    def guided(self, question: str, *, words: bool = False) -> str:
        """The question followed by the in-context guidance prompt (paper, section 3.2).

        Args:
            question: What is asked.
            words: Whether the question itself says who is meant, without a picture.
        """
        return f"{question}\n{self.guidance_words if words else self.guidance}"

    def with_guidance(self, question: str, portrait: Portrait) -> str:
        """A question about a portrait under the guidance prompt."""
        return self.guided(question, words=bool(portrait.words))

    def stated(self, *, words: bool) -> Sequence[str]:
        """The texts that stand in for o*: of somebody whose picture is shown, or whose name is given."""
        return self.unknown_words if words else self.unknown


def read_folder(folder: Path) -> dict[str, object]:
    """The texts of a folder that replace a study's prompts.

    Raises:
        DataError: A file can't be read, or its name is no prompt's.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder. Put prompts of your own into it as text files, or leave it out.")
    known = shipped()
    values: dict[str, object] = {}
    rubrics: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")):
        name = file.stem
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}.txt? " if near else ""
            raise DataError(f"{file}: replaces no prompt; {hint}There are {', '.join(known)}.")
        text = read_prompt(name, folder=folder)
        for part in text.splitlines() if name in LISTS else [text]:
            _filled(part, name, str(file))
        if name.startswith("judge_"):
            rubrics[name.removeprefix("judge_")] = text
        elif name in PromptSet.model_fields:  # others are not a study's: those of 'letheia people'
            values[name] = text
    return {**values, **({"rubrics": rubrics} if rubrics else {})}


def _filled(text: str, name: str, where: str) -> str:
    """A text whose fields are those that it may and must have."""
    if name in FIELDS:
        known, needed = FIELDS[name]
        checked_form(text, where, known, needed=(needed,))
    return text


def _checked(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; leave it out to have Letheia's own")
    if "\ufeff" in text:
        raise ValueError("holds a byte order mark, which a model would read; save the file as UTF-8 without one")
    return text.strip()
