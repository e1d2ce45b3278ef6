"""Every judge, one row each: how it is opened, and who is asked. An LVLM's row is that of any name of an endpoint."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.clients.endpoint import Endpoint
from letheia.clients.judge import open_lvlm
from letheia.errors import ConfigError, check_slip, first_line
from letheia.extensions import IN_FILE, from_file, where
from letheia.metrics.judges import SCALE, VERDICTS, Verdict
from letheia.metrics.reading import Reading
from letheia.metrics.table import Judge, exact_judge, no_judge
from letheia.prompts.prompt_set import PromptSet


@dataclass(frozen=True, kw_only=True)
class JudgeRow:
    """A judge.

    Attributes:
        open: Opens it, by its name, the cache of replies, the file for its record, the prompts with its rubrics, and
            whether it is tried first.
        endpoint: Whom a name stands for; nobody where nothing leaves this process.
        code: Of a judge from outside, the fingerprint of its file.
    """

    open: Callable[[str, Path, Path, PromptSet | None, bool], AbstractContextManager[Judge]]
    endpoint: Callable[[str], Endpoint | None] = lambda _: None
    code: str = ""


def in_process(judge: Judge, *, code: str = "") -> JudgeRow:
    """The row of a function that judges."""
    return JudgeRow(open=lambda *_: nullcontext(judge), code=code)


LVLM = "MODEL[@URL]"
JUDGES: dict[str, JudgeRow] = {
    "exact": in_process(exact_judge),
    "none": in_process(no_judge),
    LVLM: JudgeRow(open=open_lvlm, endpoint=Endpoint.parse),
}


def judge_row(name: str) -> JudgeRow:
    """The row of a judge by its name; any other name is an endpoint's.

    Raises:
        ConfigError: It is nearly a judge's, or lies in a file that no command line has named.
    """
    if IN_FILE.fullmatch(name) and name not in JUDGES:
        raise ConfigError(f"{name}: files are executed only where the command line names them, as --judge {name}.")
    check_slip("judge", name, JUDGES)
    return JUDGES.get(name, JUDGES[LVLM])


def judge_named(text: str) -> str:
    """The name of the judge that a command line names; `FILE.py:NAME` executes the file, and becomes a row.

    Raises:
        ConfigError: There is none, or it is no function.
    """
    if IN_FILE.fullmatch(text) and text not in JUDGES:
        judge, origin = from_file(text, Callable, "judge", "a function that takes readings")  # pyright: ignore
        JUDGES[text] = in_process(_checked(text, judge), code=origin.code)
    return text


def _checked(text: str, judge: Judge) -> Judge:
    """A judge whose mistakes are told with their file and line."""

    def judged(readings: Sequence[Reading]) -> Sequence[Mapping[str, Verdict]]:
        try:
            verdicts = list(judge(readings))
        except Exception as error:
            raise ConfigError(f"{text}: {where(error)}: {type(error).__name__}: {first_line(error)}.") from error
        if len(verdicts) != len(readings):
            raise ConfigError(
                f"{text}: gave {len(verdicts)} verdicts on {len(readings)} answers; it must give one each."
            )
        for verdict in verdicts:
            for name in VERDICTS:
                found: Any = verdict.get(name) if isinstance(verdict, Mapping) else None
                if not isinstance(found, Verdict):
                    raise ConfigError(
                        f"{text}: gave no letheia.Verdict for '{name}'; None as its value leaves it unscored."
                    )
                low, high = SCALE
                if found.value is not None and not (
                    isinstance(found.value, int | float) and low <= found.value <= high
                ):
                    raise ConfigError(f"{text}: gave {found.value!r} for '{name}', which is no number from 1 to 5.")
        return verdicts

    return judged


def asked_of(name: str) -> Endpoint | None:
    """Whom a judge's name stands for; nobody for one that asks nobody.

    Raises:
        ConfigError: It is no judge's.
    """
    return judge_row(name).endpoint(name)


def is_elsewhere(name: str) -> bool:
    """Whether people's data go to somebody else with this judge.

    Raises:
        ConfigError: It is no judge's.
    """
    endpoint = asked_of(name)
    return endpoint is not None and endpoint.third_party


def open_judge(
    name: str, cache: Path, record: Path, *, prompts: PromptSet | None = None, trial: bool = True
) -> AbstractContextManager[Judge]:
    """The judge that a user chose.

    Args:
        name: `exact`, `none`, `MODEL` or `MODEL@URL`, or another row's.
        cache: Where replies are kept.
        record: File for what it was asked and cost.
        prompts: The study's, for their rubrics; Letheia's own if left out.
        trial: Whether one that has not judged here before is asked about nobody first.

    Raises:
        ConfigError: It is none of these; or, as all that follows when it is opened, OpenAI's key is not set.
        ClientError: The endpoint refuses or is not there; or, at the end, nothing that it said could be used.
    """
    return judge_row(name).open(name, cache, record, prompts, trial)
