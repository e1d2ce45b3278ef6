"""The configuration of a run: typed, checked, in and out of YAML, with a fingerprint."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, cast

import yaml
from pydantic import BaseModel, Field, field_validator, model_validator

from letheia.errors import ConfigError, first_line
from letheia.files import fingerprint, write_text
from letheia.frozen import Frozen
from letheia.methods.table import PAPER_METHODS, in_order, method
from letheia.metrics.thresholds import Thresholds
from letheia.prompts.prompt_set import TRAINED, PromptSet
from letheia.types import Scope


class TrainConfig(Frozen):
    """How an adapter is trained.

    Attributes:
        learning_rate: AdamW's rate; in a study's settings the rate of all methods, each method's own if left out.
        steps: Optimizer steps; a method's recipe may multiply them.
        batch: Forget uses and, as many again, retain uses a step.
        rank: LoRA's r.
        alpha: LoRA's alpha.
        weight_decay: AdamW's weight decay.
        decay: Let the rate fall linearly to zero.
        micro_batch: Answers computed at once; as many tokens as suit the device if left out. Changes speed and memory
            alone.
        engine: `shared` computes a picture with its question once for all answers on it, `plain` once an answer;
            the result is the same.
        recompute: Whether layers are computed again for the gradient: less memory, a third more time, the same result.
        save_every: Steps between checkpoints.
    """

    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    steps: int = Field(default=30, ge=1)
    batch: int = Field(default=8, ge=1)
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    decay: bool = False
    micro_batch: int | None = Field(default=None, ge=1)
    engine: Literal["shared", "plain"] = "shared"
    recompute: bool = False
    save_every: int = Field(default=10, ge=1)

    @property
    def result(self) -> dict[str, Any]:
        """What the trained adapter depends on; the other fields change speed and memory alone."""
        return self.model_dump(mode="json", exclude=set(SPEED))


SPEED = ("micro_batch", "engine", "recompute", "save_every")


class LoadConfig(Frozen):
    """How a checkpoint is loaded.

    Attributes:
        revision: Branch, tag or commit on the Hub.
        dtype: Type of the weights; float32 on a CPU and bfloat16 on a GPU if left out.
        device: Where they go, such as `cpu` or `cuda:0`; a GPU if there is one.
        attn: Attention of the language model, by transformers' name; what is fastest if left out.
        four_bit: Weights in 4 bits, through bitsandbytes on a CUDA GPU.
    """

    revision: str | None = None
    dtype: Literal["float64", "float32", "bfloat16", "float16"] | None = None
    device: str | None = None
    attn: str | None = None
    four_bit: bool = False


class StudyConfig(Frozen):
    """A study: who forgets whom, with which methods, how they are trained, what is asked and how it is scored.

    Attributes:
        model: Name of the base model, a folder or a Hub id.
        load: How it is loaded.
        methods: Names of methods; the original is always measured.
        train: How adapters are trained.
        prompts: What is asked and trained on.
        n: People to forget.
        people: People drawn from the recognised ones; those not forgotten are retained.
        seed: Which people, which draws.
        seen: Pictures a person that training uses.
        unseen: Further pictures a person that are only measured.
        strangers: Strangers' pictures that are measured.
        bystanders: Unseen pictures that are measured of each further person whom the original knows, and who is neither
            forgotten nor retained; 0 to ask about none of them.
        max_new_tokens: Length limit of answers and o*.
        rates: Learning rate by method; the preset's where left out.
        verdict: From which numbers a person counts as removed, and others as unharmed.
        scope: What is to go; if left out, what each method trains on, and every check counts.
        checked: Whether o* are checked before any method trains on them: no name, no fact, language.
        judge: Who judges answers: `exact`, `none`, or an LVLM as MODEL or MODEL@URL.
        clip: The CLIP of CLIPScore: `world`, a folder or a Hub id; `none` to leave it out.
        forget: Ids of the people to forget; drawn where left out.
        candidates: Ids of the people to draw from; everybody with pictures where left out.
        data: Fingerprint of the people's texts and pictures, so that a run is not gone on with on other data.
        weights: Fingerprint of the model's files, so that a run is not gone on with on another model of the same name.
        clip_weights: The same of CLIP's, so that its scores are not taken up with another's.
    """

    model: str = "mistral"
    load: LoadConfig = LoadConfig()
    methods: tuple[str, ...] = PAPER_METHODS
    train: TrainConfig = TrainConfig()
    prompts: PromptSet = Field(default_factory=PromptSet)
    n: int = Field(default=10, ge=1)
    people: int = Field(default=25, ge=1)
    seed: int = Field(default=0, ge=0)
    seen: int = Field(default=1, ge=1)
    unseen: int = Field(default=3, ge=1)
    strangers: int = Field(default=30, ge=0)
    bystanders: int = Field(default=1, ge=0)
    max_new_tokens: int = Field(default=96, ge=8)
    rates: dict[str, float] = Field(default_factory=dict)
    verdict: Thresholds = Field(default_factory=Thresholds)
    scope: Scope | None = None
    checked: bool = False
    judge: str = "exact"
    clip: str | None = None
    forget: tuple[str, ...] = ()
    candidates: tuple[str, ...] | None = None
    data: str = ""
    weights: str = ""
    clip_weights: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_versions(cls, values: Any) -> Any:
        return nested(cast("dict[str, Any]", values)) if isinstance(values, dict) else values

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(in_order({method(name).name for name in methods}))

    @field_validator("clip")
    @classmethod
    def _or_none(cls, clip: str | None) -> str | None:
        return None if clip == "none" else clip

    @field_validator("rates")
    @classmethod
    def _positive_rates(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            method(name)
            if not 0 < rate < math.inf:
                raise ValueError(f"the rate of {name} must be a number above zero")
        return rates

    @property
    def key(self) -> str:
        """Fingerprint of everything that two methods of one run share; adding a method keeps it.

        How answers are scored is no part of it: scores are made anew whenever a study is concluded.
        """
        values = self.model_dump(mode="json", exclude={"methods", "rates", "train", "verdict", "scope", *SCORING})
        values["prompts"] = {k: v for k, v in values["prompts"].items() if k not in ("rubrics", "expert", *TRAINED)}
        if not self.bystanders:  # as runs from before there were any
            del values["bystanders"]
        return fingerprint([values, {k: v for k, v in self.train.result.items() if k != "learning_rate"}])

    @property
    def scoring(self) -> str:
        """Fingerprint of what scores depend on beside the answers."""
        return fingerprint([*(getattr(self, name) for name in SCORING), self.prompts.rubrics])

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """Check values by themselves: how many people there are may show later.

        Raises:
            ConfigError: A field is unknown or its value impossible; the message names it.
        """
        return super().create(values)

    @classmethod
    def create(cls, values: Mapping[str, Any]) -> Self:
        """Check the values of a study that is to be done.

        Raises:
            ConfigError: A field is unknown or its value impossible; the message names it.
        """
        config = cls.check(values)
        if not config.forget and config.n >= config.people:
            raise ConfigError(f"n: {config.n} of {config.people} people can't all be forgotten. Choose a smaller --n.")
        return config

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a YAML file.

        Raises:
            ConfigError: The file can't be read or a field is wrong.
        """
        try:
            return cls.create(read_yaml(path))
        except ConfigError as error:
            raise ConfigError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error

    def write(self, path: Path) -> None:
        """Write a YAML file."""
        text = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
        write_text(path, text)


MADE_OF = {"data": "people's texts or pictures", "weights": "model files", "clip_weights": "files of CLIP"}
"""Fields that say what a run was made of."""
SCORING = ("judge", "clip", "clip_weights")
FLAT = ("steps", "rank", "alpha", "recompute")


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they are written now: earlier versions had the fields of training beside the others.

    >>> nested({"n": 5, "steps": 60})
    {'n': 5, 'train': {'steps': 60}}
    """
    values = {k: v.model_dump(exclude_unset=True) if isinstance(v, BaseModel) else v for k, v in values.items()}
    flat = {name: values[name] for name in FLAT if name in values}
    rest = {name: value for name, value in values.items() if name not in FLAT}
    return _over(rest, {"train": flat}, {"train": rest["train"]} if "train" in rest else {}) if flat else rest


def read_yaml(path: Path) -> dict[str, Any]:
    """The fields and values of a YAML file.

    Raises:
        ConfigError: The file can't be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: can't be read as YAML ({first_line(error)}).") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must have fields and values.")
    return cast("dict[str, Any]", values)


def merged(*settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings one upon the other, the last on top, each as it is written now; nested fields are merged one by one.

    >>> merged({"train": {"steps": 30, "rank": 16}}, {"train": {"steps": 60}})
    {'train': {'steps': 60, 'rank': 16}}
    """
    return _over(*map(nested, settings))


def _over(*settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for values in settings:
        for name, value in values.items():
            before = found.get(name)
            both = isinstance(value, Mapping) and isinstance(before, Mapping)
            found[name] = _over(cast("Any", before), cast("Any", value)) if both else value
    return found


def assigned(text: str) -> dict[str, Any]:
    """One setting as it is given on the command line.

    >>> assigned("train.steps=60")
    {'train': {'steps': 60}}

    Raises:
        ConfigError: It is no `field=value`.
    """
    place, sign, written = text.partition("=")
    names = place.strip().split(".")
    if not sign or not all(names):
        raise ConfigError(f"--set {text}: must be a field and a value, such as train.steps=60.")
    try:
        value: Any = yaml.safe_load(written)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none is a ValueError
        raise ConfigError(f"--set {text}: the value can't be read as YAML ({first_line(error)}).") from error
    for name in reversed(names):
        value = {name: value}
    return value


def agree(values: Mapping[str, Any], made_of: Mapping[str, str]) -> None:
    """Whether settings that were given are of a run on the same data and weights.

    Raises:
        ConfigError: They are not.
    """
    for name, what in MADE_OF.items():
        if values.get(name) and name in made_of and values[name] != made_of[name]:
            raise ConfigError(
                f"{name}: these settings are of a run on other {what}. Leave '{name}' out of them to run on what is "
                "there now."
            )
