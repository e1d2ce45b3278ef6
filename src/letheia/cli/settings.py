"""Options that set a field of the configuration: declared once, and for every command that trains or asks.

Settings come from `--config FILE`, then from options of their own, then from `--set`; what comes later wins.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from letheia.clients.endpoint import HIDDEN, scrubbed
from letheia.config import StudyConfig, assigned, merged, read_yaml
from letheia.errors import ConfigError
from letheia.methods.table import method_named
from letheia.prompts.prompt_set import read_folder


@dataclass(frozen=True)
class Setting:
    """An option for a field of the configuration.

    Attributes:
        place: The field, such as `train.steps`.
        kind: The option's type with its help.
        read: From what was given to the field's value.
    """

    place: str
    kind: Any
    read: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True)
class Given:
    """What was given on the command line and in files.

    Attributes:
        values: Fields that were given, as `StudyConfig` takes them; a judge's address without its password.
        config: The same, with defaults where nothing was given.
        judge: The judge as it was given.
    """

    values: dict[str, Any]
    config: StudyConfig
    judge: str


def _option(kind: Any, text: str, *names: str, min: int | None = None) -> Any:
    return Annotated[kind | None, typer.Option(*names, help=text, min=min)]


def _methods(texts: list[str]) -> list[str]:
    return [method_named(text).name for text in texts]


def _judge(text: str) -> str:
    from letheia.clients.judges import judge_named

    return judge_named(text)


SETTINGS: Mapping[str, Setting] = {
    "model": Setting(
        "model", _option(str, "mistral, llama, or the folder or Hub id of a checkpoint; if left out, mistral.")
    ),
    "methods": Setting(
        "methods", _option(list[str], "Method, or FILE.py:NAME of your own; repeat for several.", "--method"), _methods
    ),
    "forget": Setting("forget", _option(list[str], "Name or id of a person to forget; repeat for several.")),
    "scope": Setting(
        "scope",
        _option(
            str,
            "What is to go: recognition (no link from face to person) or person (also facts behind the name); if left "
            "out, what the method trains on, and every check counts.",
        ),
    ),
    "n": Setting("n", _option(int, "How many people to forget; if left out, 10.", min=1)),
    "draw": Setting("people", _option(int, "How many recognised people to draw; if left out, 25.", min=2)),
    "seed": Setting("seed", _option(int, "Seed of the draws and of training; if left out, 0.", min=0)),
    "seen": Setting("seen", _option(int, "Pictures per person in training; if left out, 1.", min=1)),
    "steps": Setting("train.steps", _option(int, "Optimizer steps; if left out, 30.", min=1)),
    "batch": Setting(
        "train.batch",
        _option(int, "Pictures of people to forget in a step, and as many of retained people; if left out, 8.", min=1),
    ),
    "rank": Setting("train.rank", _option(int, "LoRA's r.", min=1)),
    "alpha": Setting("train.alpha", _option(int, "LoRA's alpha.", min=1)),
    "weight_decay": Setting("train.weight_decay", _option(float, "AdamW's weight decay; if left out, 0.", min=0)),
    "micro_batch": Setting(
        "train.micro_batch",
        _option(int, "Answers computed at once; if left out, as many tokens as suit the device.", min=1),
    ),
    "engine": Setting(
        "train.engine", _option(str, "If left out, shared: a picture is computed once for all answers on it; or plain.")
    ),
    "save_every": Setting("train.save_every", _option(int, "Steps between checkpoints; if left out, 10.", min=1)),
    "recompute": Setting(
        "train.recompute",
        _option(bool, "Compute layers twice: less memory, a third longer, the same adapter.", "--recompute"),
    ),
    "max_new_tokens": Setting(
        "max_new_tokens",
        _option(
            int, "Length limit of answers in tokens; if left out, the checkpoint's, or 96 for built-in models.", min=8
        ),
    ),
    "checked": Setting(
        "checked",
        _option(
            bool, "Check o* before training on them; the default for all but built-in models.", "--check/--no-check"
        ),
    ),
    "clip": Setting("clip", _option(str, "CLIP for CLIPScore: world, a folder or a Hub id.")),
    "judge": Setting(
        "judge",
        _option(str, "exact (counts labels; if left out), none, an LVLM: MODEL or MODEL@URL, or FILE.py:NAME."),
        _judge,
    ),
    "prompts": Setting("prompts", _option(Path, "Folder with your own prompts, such as guidance.txt."), read_folder),
    "revision": Setting("load.revision", _option(str, "Branch, tag or commit of a model on the Hub.")),
    "dtype": Setting(
        "load.dtype", _option(str, "float32, bfloat16 or float16; if left out, it depends on the device.")
    ),
    "device": Setting("load.device", _option(str, "cpu, cuda:0 and so on; if left out, a GPU if there is one.")),
    "attn": Setting("load.attn", _option(str, "Attention, by transformers' name; if left out, the fastest.")),
    "four_bit": Setting(
        "load.four_bit", _option(bool, "Weights in 4 bits, with bitsandbytes on a CUDA GPU.", "--load-in-4bit")
    ),
}
LOAD = ("revision", "dtype", "device", "attn", "four_bit")
TRAIN = ("steps", "batch", "rank", "alpha", "weight_decay", "micro_batch", "engine", "save_every", "recompute")
SCORE = ("clip", "judge", "prompts")
FILES = {
    "config": _option(Path, "YAML file with settings, such as the config.yaml of a run."),
    "assign": _option(list[str], "A setting, such as train.steps=60; repeat for several.", "--set"),
}


R = TypeVar("R")


def configured(
    *names: str, check: Callable[[Mapping[str, Any]], StudyConfig] = StudyConfig.check
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the options of these settings, `--config` and `--set`; it gets what was given as `given`.

    Args:
        names: Rows of `SETTINGS`.
        check: Makes the configuration of what was given.
    """
    kinds = {**{name: SETTINGS[name].kind for name in names}, **FILES}

    def add(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def run(**options: Any) -> R:
            file, assignments = options.pop("config"), options.pop("assign")
            chosen = {name: options.pop(name) for name in names}
            return command(given=_given(file, chosen, assignments or [], check), **options)

        signature = inspect.signature(command)
        own = [p for p in signature.parameters.values() if p.name != "given"]
        shared = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=k)
                  for n, k in kinds.items()]  # fmt: skip
        run.__signature__ = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in own] + shared)  # pyright: ignore
        run.__annotations__ = {**{p.name: p.annotation for p in own}, **kinds}
        return run

    return add


def _given(
    file: Path | None,
    chosen: Mapping[str, Any],
    assignments: list[str],
    check: Callable[[Mapping[str, Any]], StudyConfig],
) -> Given:
    """Everything together, checked; a mistake in the file is told with its name."""
    options = [
        _at(SETTINGS[name].place, SETTINGS[name].read(value)) for name, value in chosen.items() if value is not None
    ]
    written = read_yaml(file) if file else {}
    try:
        check(written)  # after the options, whose methods it may name
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
    values = merged(written, *options, *map(assigned, assignments))
    config = check(values)
    if "methods" in values and not values["methods"]:
        raise ConfigError("methods: is empty. Name one, or leave it out.")
    if HIDDEN in config.judge:
        raise ConfigError("judge: no file keeps its password. Give the whole address with --judge.")
    if "judge" in values:
        values["judge"] = scrubbed(config.judge)
    return Given(values, config, config.judge)


def _at(place: str, value: Any) -> dict[str, Any]:
    for name in reversed(place.split(".")):
        value = {name: value}
    return value
