"""The configuration of a run: typed, checked, in and out of YAML, with a fingerprint."""

import re
from pathlib import Path
from typing import Any, Literal, Self, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from letheia.errors import ConfigError
from letheia.files import fingerprint, write_text
from letheia.methods.table import PAPER_METHODS, in_order, method


class Frozen(BaseModel):
    """Base of all configurations: no unknown fields, no changes after checking."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    @classmethod
    def create(cls, values: dict[str, Any]) -> Self:
        """Check values from the command line or a file.

        Raises:
            ConfigError: A field is unknown or its value impossible; the message names it.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _plain(error) from error


class TrainConfig(Frozen):
    """How an adapter is trained.

    Attributes:
        learning_rate: AdamW's rate.
        steps: Optimizer steps.
        batch: Forget uses and, as many again, retain uses a step.
        rank: LoRA's r.
        alpha: LoRA's alpha.
        weight_decay: AdamW's weight decay.
        decay: Let the rate fall linearly to zero.
        micro_batch: Answers computed at once; as many tokens as suit the device if left out. Changes speed and memory
            alone.
        engine: `shared` computes a picture with its question once for all answers on it, `plain` once an answer;
            the result is the same.
        recompute: Whether layers are computed again for the gradient from the start: less memory, a third more time.
        seed: Seed of adapter, order and draws.
        save_every: Steps between checkpoints.
    """

    learning_rate: float = Field(gt=0)
    steps: int = Field(default=30, ge=1)
    batch: int = Field(default=8, ge=1)
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    weight_decay: float = Field(default=0.0, ge=0)
    decay: bool = False
    micro_batch: int | None = Field(default=None, ge=1)
    engine: Literal["shared", "plain"] = "shared"
    recompute: bool = False
    seed: int = 0
    save_every: int = Field(default=10, ge=1)


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
    """The main experiment: who forgets whom, with which methods.

    Attributes:
        model: Name of the base model, a folder or a Hub id.
        load: How it is loaded.
        methods: Names of methods; the original is always measured.
        n: People to forget.
        people: People drawn from the recognised ones; those not forgotten are retained.
        seed: Which people, which draws.
        seen: Pictures a person that training uses.
        unseen: Further pictures a person that are only measured.
        strangers: Strangers' pictures that are measured.
        max_new_tokens: Length limit of answers and o*.
        rates: Learning rate by method; the preset's where left out.
        steps: Optimizer steps.
        rank: LoRA's r.
        alpha: LoRA's alpha.
        recompute: Whether layers are computed again for the gradient: less memory, a third more time, the same result.
        forget: Ids of the people to forget; drawn where left out.
        data: Fingerprint of the people's texts and pictures, so that a run is not gone on with on other data.
        weights: Fingerprint of the model's files, so that a run is not gone on with on another model of the same name.
        candidates: Ids of the people to draw from; everybody with pictures where left out.
        checked: Whether o* are checked before any method trains on them: no name, no fact, language.
    """

    model: str = "mistral"
    load: LoadConfig = LoadConfig()
    methods: tuple[str, ...] = PAPER_METHODS
    n: int = Field(default=10, ge=1)
    people: int = Field(default=25, ge=1)
    seed: int = Field(default=0, ge=0)
    seen: int = Field(default=1, ge=1)
    unseen: int = Field(default=3, ge=1)
    strangers: int = Field(default=30, ge=0)
    max_new_tokens: int = Field(default=96, ge=8)
    rates: dict[str, float] = Field(default_factory=dict)
    steps: int = Field(default=30, ge=1)
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    recompute: bool = False
    forget: tuple[str, ...] = ()
    data: str = ""
    weights: str = ""
    candidates: tuple[str, ...] | None = None
    checked: bool = False

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(in_order({method(name).name for name in methods}))

    @property
    def key(self) -> str:
        """Fingerprint of everything that two methods of one run share; adding a method keeps it."""
        values = self.model_dump(mode="json", exclude={"methods", "rates", "recompute"})
        if not self.checked:  # runs that began before there was this field can go on
            del values["checked"]
        return fingerprint(values)

    @classmethod
    def create(cls, values: dict[str, Any]) -> Self:
        """Check values from the command line or a file.

        Raises:
            ConfigError: A field is unknown or its value impossible; the message names it.
        """
        config = super().create(values)
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
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: can't be read as YAML ({error}).") from error
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: must have fields and values.")
        return cls.create(cast("dict[str, Any]", values))

    def write(self, path: Path) -> None:
        """Write a YAML file."""
        write_text(path, yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False))


def _plain(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "configuration"
    message = re.sub(r"^Value error, ", "", first["msg"])
    return ConfigError(f"{place}: {message[0].lower() + message[1:]} (got {first.get('input')!r}).")
