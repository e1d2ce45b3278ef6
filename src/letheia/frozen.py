"""The base of all configurations: typed, checked, never changed; what is wrong is told by its place and what it got."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from letheia.errors import ConfigError


class Frozen(BaseModel):
    """No unknown fields, no changes after checking."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    @classmethod
    def create(cls, values: Mapping[str, Any]) -> Self:
        """Check values from the command line or a file.

        Raises:
            ConfigError: A field is unknown or its value impossible; the message names it.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _plain(cls, error) from error


def _plain(checked: type[BaseModel], error: ValidationError) -> ConfigError:
    """The first mistake in one line; of an unknown field the nearest that there is."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "configuration"
    if first["type"] == "extra_forbidden":
        *parents, name = first["loc"]
        known = list(_within(checked, parents).model_fields)
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return ConfigError(f"{place}: is unknown; {hint}There are {', '.join(known)}.")
    message = re.sub(r"^Value error, ", "", first["msg"])
    return ConfigError(f"{place}: {message[0].lower() + message[1:]} (got {first.get('input')!r}).")


def _within(checked: type[BaseModel], path: list[int | str]) -> type[BaseModel]:
    """The configuration at a place within another."""
    for part in path:
        kind = checked.model_fields[str(part)].annotation if str(part) in checked.model_fields else None
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            checked = kind
    return checked
